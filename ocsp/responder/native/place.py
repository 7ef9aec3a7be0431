"""Where the compiled module lies."""

import hashlib
import sysconfig
from pathlib import Path
from typing import Final

SOURCE: Final = Path(__file__).with_name("quick.c")


def module_path() -> Path:
    """Return the path for this very version of Python; the name changes with the source."""
    digest = hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:16]
    return SOURCE.parent / "build" / f"quick-{digest}{sysconfig.get_config_var('EXT_SUFFIX')}"
