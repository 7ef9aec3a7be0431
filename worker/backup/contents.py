"""What of an installation's folder is worth a backup, and how each part is read while it is in use."""

import shutil
import sqlite3
from pathlib import Path
from typing import Final

from ca.hsm import token_copy
from ca.hsm.configuration import TokenConfiguration
from ca.hsm.token_keeper import TokenKeeper
from worker.backup.database_copy import copy_sqlite
from worker.backup.errors import BackupRefused

BEFORE_DATABASE: Final = ("journal/checkpoints",)
"""Every head outside has its row in a database that is copied later."""

AFTER_DATABASE: Final = (
    "ledger", "public", "ceremony", "secrets", "registers", "cards", "factory", "demo", "demo.json",
)  # fmt: skip
"""The ledger is copied later than the database: it may know more revocations, never fewer."""

_LEFT_OUT: Final = frozenset({".lock", ".draft", ".pending", ".newest"})
"""What holds for the installation that is running and says nothing about one that is restored."""
_BESIDE_SQLITE: Final = ("-wal", "-shm", "-journal")
_TRIES: Final = 5


def copy_parts(home: Path, target: Path, parts: tuple[str, ...]) -> None:
    """Copy those parts that there are; locks and drafts are left out, and links are not followed."""
    for part in parts:
        source = home / part
        paths = [source, *sorted(source.rglob("*"))] if source.is_dir() else [source]
        for path in paths:
            place = target / path.relative_to(home)
            if path.is_symlink() or path.suffix in _LEFT_OUT:
                continue
            if path.is_dir():
                place.mkdir(mode=0o700, parents=True, exist_ok=True)
            elif path.is_file():
                _copy_file(path, place)


def copy_token(configuration: TokenConfiguration, target: Path) -> str:
    """Copy the newest verified copy of the token, and what stands beside it; return the copy's name.

    Empty for a module whose keys are no files: its maker's own backup is the backup. The live folder is never
    read: a login may be rewriting it. Raises ``BackupRefused`` when no copy holds every certified key.
    """
    copy_parts(configuration.home, target, ("certificates", "counts"))
    if not configuration.is_file_token:
        return ""
    for _ in range(_TRIES):
        copy = token_copy.newest_copy(configuration)
        if copy is None:
            break
        place = target / "copies" / copy.name
        try:
            shutil.copytree(copy, place, ignore=shutil.ignore_patterns("*.lock"))
            copied = token_copy.copied_keys(place)
        except (OSError, shutil.Error):
            shutil.rmtree(place, ignore_errors=True)  # the signer made newer copies and removed this one
            continue
        lacking = [
            label
            for label, key in TokenKeeper(configuration).certified_keys().items()
            if copied.get(label) != key
        ]
        if lacking:
            raise BackupRefused(
                f"the newest verified copy of the token lacks {', '.join(lacking)}: "
                "start the signer, it makes a new one"
            )
        return copy.name
    raise BackupRefused("there is no verified copy of the token: start the signer, it makes one")


def _copy_file(path: Path, place: Path) -> None:
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.suffix == ".sqlite3":
        try:
            copy_sqlite(path, place)
        except sqlite3.Error as error:
            raise BackupRefused(f"{path.name} cannot be copied: {error}") from error
    elif not path.name.endswith(_BESIDE_SQLITE):
        try:
            shutil.copy2(path, place)
        except FileNotFoundError:
            return  # removed since it was listed: it is no part of the installation any more
