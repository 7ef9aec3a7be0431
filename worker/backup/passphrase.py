"""Reads the passphrase of a backup from a file, never from a command line that others can see."""

from pathlib import Path
from typing import Final

from worker.backup.errors import BackupRefused

LEAST_LENGTH: Final = 12


def read_passphrase(file: Path | None) -> str:
    """Return the first line of the file; empty without one.

    Raises ``BackupRefused`` when it cannot be read or is shorter than twelve characters.
    """
    if file is None:
        return ""
    try:
        passphrase = file.read_text().split("\n")[0].strip()
    except (OSError, ValueError) as error:
        raise BackupRefused(f"the passphrase cannot be read: {error}") from error
    if len(passphrase) < LEAST_LENGTH:
        raise BackupRefused(f"the passphrase is shorter than {LEAST_LENGTH} characters")
    return passphrase
