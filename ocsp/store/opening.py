"""Chooses the store that the publisher writes to: the machine's own LMDB, or Redis for several machines."""

from pathlib import Path

from ocsp.store.interface import StatusStore
from ocsp.store.lmdb_store import LmdbStore
from ocsp.store.redis_store import RedisStore


def open_store(url: str, folder: Path) -> StatusStore:
    """Return the store at an address (``redis://``, ``rediss://``, ``unix://``), else in the folder.

    Raises ``ValueError`` for an address of another kind.
    """
    return RedisStore(url) if url else LmdbStore(folder)
