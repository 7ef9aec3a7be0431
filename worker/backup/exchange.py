"""Puts a finished folder in the place of another in one step: at no moment is there half of either."""

import ctypes
import os
import shutil
from pathlib import Path
from typing import Final

from worker.backup.archive import sync_folder
from worker.backup.errors import BackupRefused

MARK: Final = ".being-restored"
"""Lies in the new folder from its beginning until all is done: it says which of two folders is which."""

_KEPT: Final = ("backups", "logs")
_AT_WORKING_FOLDER: Final = -100  # AT_FDCWD
_EXCHANGE: Final = 2  # RENAME_EXCHANGE, renameat2(2)


def draft_of(home: Path) -> Path:
    """Return where a new folder is made: beside the old one, on the same file system."""
    return home.with_name(f"{home.name}.restoring")


def begin(home: Path) -> Path:
    """Make the new folder, for its owner only, and return it.

    Raises ``BackupRefused`` where a folder could never be exchanged: it is a mount point, or its file
    system does not know how.
    """
    if home.is_mount():
        raise BackupRefused(
            f"{home} is a mount point and cannot be exchanged in one step: "
            "let SIGILL_HOME be a folder below it (--into FOLDER)"
        )
    draft = draft_of(home)
    draft.mkdir(mode=0o700)
    (draft / MARK).touch()
    trial = (draft / "trial-1", draft / "trial-2")
    for folder in trial:
        folder.mkdir()
    try:
        _exchange(*trial)  # not every file system can; that must not be found out at the end
    except BackupRefused:
        shutil.rmtree(draft)
        raise
    for folder in trial:
        folder.rmdir()
    sync_folder(draft)
    return draft


def is_exchanged(home: Path) -> bool:
    """Tell whether the new folder is in its place and only the rest remains to be done."""
    return (home / MARK).exists()


def put_in_place(home: Path) -> None:
    """Exchange the old folder and the new one: one step of the file system, on disk when this returns."""
    os.sync()
    _exchange(draft_of(home), home)
    sync_folder(home.parent)


def settle(home: Path, *, stamp: str) -> Path | None:
    """Do the rest: keep the old folder under a name of its own, and take its backups and logs over.

    Returns the old folder, or None when it was empty. Safe to repeat after a crash.
    """
    draft = draft_of(home)
    aside = home.with_name(f"{home.name}.before-{stamp}")
    if draft.exists():
        for name in _KEPT:
            if (draft / name).exists() and not (home / name).exists():
                (draft / name).rename(home / name)
        draft.rename(aside)
    if aside.exists() and is_empty(aside):
        shutil.rmtree(aside)
    (home / MARK).unlink(missing_ok=True)
    sync_folder(home)
    sync_folder(home.parent)
    return aside if aside.exists() else None


def is_empty(home: Path) -> bool:
    """Tell whether a folder holds no installation; settings and locks make files of their own."""
    return not any(
        (home / name).exists()
        for name in ("db.sqlite3", "ceremony", "ledger", "journal", "hsm/tokens", "public")
    )


def _exchange(one: Path, other: Path) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    names = (os.fsencode(one), os.fsencode(other))
    if libc.renameat2(_AT_WORKING_FOLDER, names[0], _AT_WORKING_FOLDER, names[1], _EXCHANGE):
        raise BackupRefused(f"{other} cannot be exchanged with another: {os.strerror(ctypes.get_errno())}")
