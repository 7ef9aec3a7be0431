"""Folders with short names (a Unix socket's path is limited), gone with the process that made them."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path


def short_folder(name: str) -> Path:
    """Return a new folder that is removed when this process ends, and not when one that it forked does."""
    folder = Path(tempfile.mkdtemp(prefix=f"sigill-{name}-"))
    atexit.register(_remove, folder, os.getpid())
    return folder


def _remove(folder: Path, maker: int) -> None:
    if os.getpid() == maker:
        shutil.rmtree(folder, ignore_errors=True)
