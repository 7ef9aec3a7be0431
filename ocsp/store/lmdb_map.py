"""One opened LMDB environment with its five databases; grows the map, follows its growth."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Self

import lmdb

from ocsp.store.interface import Freshness
from ocsp.store.record import IssuerRecord, SignerRecord, peek
from ocsp.store.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_DATABASES: Final = 8
_READERS: Final = 1024
_GROWTH: Final = 2
_RECONCILED_AT: Final = b"reconciled_at"
_REGISTRY_VERSION: Final = b"registry_version"


class LmdbMap:
    """An environment, opened; every method raises ``lmdb.Error`` as LMDB does."""

    def __init__(self, environment: lmdb.Environment, *, create: bool) -> None:
        self._environment = environment
        environment.reader_check()  # frees the slots of readers that were killed
        self.answers = environment.open_db(b"answers", create=create)
        self.by_age = environment.open_db(b"by_this_update", create=create)
        self.issuers = environment.open_db(b"issuers", create=create)
        self.signers = environment.open_db(b"signers", create=create)
        self.meta = environment.open_db(b"meta", create=create)

    @classmethod
    def for_reading(cls, path: Path) -> Self:
        """Open what a writer has made."""
        environment = lmdb.open(
            str(path), readonly=True, max_dbs=_DATABASES, max_readers=_READERS, create=False
        )
        return cls(environment, create=False)

    @classmethod
    def for_writing(cls, path: Path, *, map_size: int) -> Self:
        """Open, or make, a store in the folder ``path``."""
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        data = path / "data.mdb"
        size = max(map_size, data.stat().st_size if data.exists() else 0)
        environment = lmdb.open(
            str(path), map_size=size, max_dbs=_DATABASES, max_readers=_READERS, mode=0o600
        )
        return cls(environment, create=True)

    def snapshot(self) -> lmdb.Transaction[bytes]:
        """Begin to read, in a map that may have grown; the caller must have no other snapshot open.

        Where no database is named, it reads the answers.
        """
        try:
            return self._environment.begin(db=self.answers)
        except lmdb.MapResizedError:
            self._environment.set_mapsize(0)  # zero: take the size that the writer gave it
            return self._environment.begin(db=self.answers)

    @contextmanager
    def writing(self) -> Iterator[lmdb.Transaction[bytes]]:
        """Write all or nothing. Raises ``lmdb.MapFullError`` when ``grow`` must be called first."""
        try:
            transaction = self._environment.begin(write=True)
        except lmdb.MapResizedError:
            self._environment.set_mapsize(0)
            transaction = self._environment.begin(write=True)
        with transaction:
            yield transaction

    def grow(self) -> None:
        """Make the map larger; the file grows only as it is filled."""
        self._environment.set_mapsize(self._environment.info()["map_size"] * _GROWTH)

    def close(self) -> None:
        """Let go of the map; no snapshot may be open."""
        self._environment.close()

    def registry(self, transaction: lmdb.Transaction[bytes]) -> Registry:
        """Read issuers and signers. Raises ``DamagedRecord``."""
        with transaction.cursor(self.issuers) as cursor:
            issuers = [IssuerRecord.decode(int.from_bytes(key, "big"), value) for key, value in cursor]
        with transaction.cursor(self.signers) as cursor:
            signers = [SignerRecord.decode(int.from_bytes(key, "big"), value) for key, value in cursor]
        return Registry(issuers=issuers, signers=signers)

    def registry_version(self, transaction: lmdb.Transaction[bytes]) -> int:
        """Return a number that rises whenever issuers or signers change."""
        return int(transaction.get(_REGISTRY_VERSION, b"0", self.meta))

    def raise_registry_version(self, transaction: lmdb.Transaction[bytes]) -> None:
        """Tell readers to read issuers and signers anew."""
        version = self.registry_version(transaction) + 1
        transaction.put(_REGISTRY_VERSION, str(version).encode(), db=self.meta)

    def note_reconciled(self, transaction: lmdb.Transaction[bytes], at: int) -> None:
        """Keep the time at which the publisher vouched for the store's completeness."""
        transaction.put(_RECONCILED_AT, at.to_bytes(8, "big"), db=self.meta)

    def freshness(self, transaction: lmdb.Transaction[bytes]) -> Freshness:
        """Return how old the content is; one look-up, whatever the number of answers."""
        oldest_this_update = oldest_next_update = None
        with transaction.cursor(self.by_age) as cursor:
            if cursor.first():
                stored = transaction.get(cursor.key()[8:], b"", self.answers)
                _, oldest_this_update, oldest_next_update = peek(stored)
        reconciled_at = transaction.get(_RECONCILED_AT, None, self.meta)
        return Freshness(
            answers=transaction.stat(self.answers)["entries"],
            oldest_this_update=oldest_this_update,
            oldest_next_update=oldest_next_update,
            reconciled_at=None if reconciled_at is None else int.from_bytes(reconciled_at, "big"),
        )
