"""One owner: whoever holds the lock on ``hsm/token.lock`` may open the token, nobody else."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ca.hsm.faults import Remedy, TokenBusy


@contextmanager
def own_token(lock_file: Path, *, patience: float) -> Iterator[None]:
    """Hold the token's lock. The kernel lets go of it when the process ends, however it ends.

    ``patience`` is how many seconds to wait for another owner to finish.
    Raises ``TokenBusy`` when it does not.
    """
    lock_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _lock(handle, lock_file, patience)
        yield
    finally:
        os.close(handle)


def is_owned(lock_file: Path) -> bool:
    """Tell whether some process owns the token now."""
    try:
        with own_token(lock_file, patience=0):
            return False
    except TokenBusy:
        return True


def _lock(handle: int, lock_file: Path, patience: float) -> None:
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                msg = f"another process owns the token ({lock_file.name} is locked): stop the signer first"
                raise TokenBusy(msg, remedy_for=Remedy.NONE) from None
            time.sleep(0.05)
        else:
            return
