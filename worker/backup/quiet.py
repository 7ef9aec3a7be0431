"""Finds out whether an installation is at rest: nothing may be restored under running processes."""

import os
from pathlib import Path


def running_processes(run: Path) -> list[str]:
    """Return the names of an installation's processes that live, by the pid files in its run folder."""
    return sorted(file.stem for file in run.glob("*.pid") if _lives(file))


def _lives(file: Path) -> bool:
    try:
        process = int(file.read_text())
        os.kill(process, 0)
        # A number is used again after a restart of the machine: ours are all Python.
        return b"python" in Path(f"/proc/{process}/cmdline").read_bytes()
    except (OSError, ValueError):
        return False
