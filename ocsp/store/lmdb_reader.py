"""Reads signed answers out of LMDB: a memory map, no server, no lock that a killed writer could hold."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

import lmdb

from ocsp.store.interface import Freshness, StoreUnavailable
from ocsp.store.lmdb_map import LmdbMap
from ocsp.store.record import DamagedRecord
from ocsp.store.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class LmdbReader:
    """A read-only view for one thread of one process; it never blocks a writer nor is blocked by one.

    ``renew`` also follows the store when its folder was replaced (a restore) or its map has grown.
    """

    def __init__(self, path: Path) -> None:
        self._data_file = path / "data.mdb"
        self._path = path
        self._map: LmdbMap | None = None
        self._snapshot: lmdb.Transaction[bytes] | None = None
        self._file = (0, 0)
        self._seen = -1
        self._registry_version = -1
        self._registry = Registry(issuers=(), signers=())
        self.look_up: Callable[[bytes], bytes | None] = self.get

    @property
    def registry(self) -> Registry:
        """The issuers and signers as of the last ``renew``."""
        return self._registry

    def renew(self) -> bool:
        """Move to the newest state; tell whether anything changed. Raises ``StoreUnavailable``."""
        try:
            file = self._identity()
            if self._map is None or self._file != file:
                self.close()
                self._map, self._file = LmdbMap.for_reading(self._path), file
                self._seen = self._registry_version = -1
            if self._snapshot is not None:
                self._snapshot.abort()
            self._snapshot = self._map.snapshot()
            self.look_up = self._snapshot.get
            return self._look(self._map, self._snapshot)
        except (lmdb.Error, OSError, DamagedRecord) as error:
            self.close()
            # The message is logged, and a log under $SIGILL_HOME holds no absolute path.
            raise StoreUnavailable(str(error).replace(str(self._path), self._path.name)) from error

    def get(self, key: bytes) -> bytes | None:
        """Return a stored answer as bytes. Raises ``StoreUnavailable``."""
        if self._map is None or self._snapshot is None:
            raise StoreUnavailable("the store is not open")
        try:
            return self._snapshot.get(key, None, self._map.answers)
        except lmdb.Error as error:
            self.close()
            raise StoreUnavailable(str(error)) from error

    def freshness(self) -> Freshness:
        """Return how old the content is. Raises ``StoreUnavailable``."""
        if self._map is None or self._snapshot is None:
            raise StoreUnavailable("the store is not open")
        try:
            return self._map.freshness(self._snapshot)
        except (lmdb.Error, DamagedRecord) as error:
            raise StoreUnavailable(str(error)) from error

    def close(self) -> None:
        """Let go of the map."""
        with suppress(lmdb.Error):
            if self._snapshot is not None:
                self._snapshot.abort()
            if self._map is not None:
                self._map.close()
        self._snapshot = self._map = None
        self.look_up = self.get

    def _identity(self) -> tuple[int, int]:
        status = os.stat(self._data_file)  # noqa: PTH116 - fifty times a second
        return status.st_dev, status.st_ino

    def _look(self, opened: LmdbMap, snapshot: lmdb.Transaction[bytes]) -> bool:
        number = snapshot.id()
        if number == self._seen:
            return False
        version = opened.registry_version(snapshot)
        if version != self._registry_version:
            self._registry = opened.registry(snapshot)
            self._registry_version = version
        self._seen = number
        return True
