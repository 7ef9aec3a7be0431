"""The token's PINs: made once, kept in files that only their owner may read."""

import os
import secrets
import stat
from pathlib import Path
from typing import Final

from ca.ceremony.errors import CeremonyStopped

_DIGITS: Final = 12


def make_pin(file: Path) -> str:
    """Return the PIN in a file, making one of twelve digits (40 bits) when there is none.

    Raises ``CeremonyStopped`` when others may read the file.
    """
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not file.exists():
        draft = file.with_name(f".{file.name}.draft")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
            handle.write("".join(secrets.choice("0123456789") for _ in range(_DIGITS)))
            handle.flush()
            os.fsync(handle.fileno())
        draft.rename(file)
    if file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise CeremonyStopped(f"secrets/{file.name} may be read by others: chmod 600 it and run again")
    return file.read_text().strip()
