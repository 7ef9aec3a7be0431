"""Writes signed answers into LMDB: all of a batch or nothing, never from revoked back to good."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeVar

import lmdb

from ocsp.store.interface import Freshness, Published, StoreUnavailable
from ocsp.store.lmdb_map import LmdbMap
from ocsp.store.record import DamagedRecord, IssuerRecord, SignerRecord, StoredAnswer
from ocsp.store.registry import Registry
from ocsp.wire.response import CertStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

FIRST_MAP_SIZE: Final = 64 * 1024 * 1024
_Result = TypeVar("_Result")


class LmdbStore:
    """The publisher's store: one for a process, any number of threads; survives the writer's kill -9.

    LMDB writes copies of pages and then moves one pointer, so a writer that dies leaves the state of the
    last commit, and its lock goes to the next writer (a robust mutex). Every commit is synced to disk.
    It is opened at first use and again after a fork.
    """

    def __init__(self, path: Path, *, first_map_size: int = FIRST_MAP_SIZE) -> None:
        self._path = path
        self._first_map_size = first_map_size
        self._lock = threading.RLock()
        self._map: LmdbMap | None = None
        self._file = (0, 0)
        self._process = 0
        self._seen = -1
        self._registry = Registry(issuers=(), signers=())

    @property
    def registry(self) -> Registry:
        """The issuers and signers as of the last ``renew``; registering renews."""
        return self._registry

    def renew(self) -> bool:
        """Move to the newest state; tell whether anything changed. Raises ``StoreUnavailable``."""

        def look(opened: LmdbMap, transaction: lmdb.Transaction[bytes]) -> bool:
            number = transaction.id()
            if number == self._seen:
                return False
            self._registry = opened.registry(transaction)
            self._seen = number
            return True

        return self._read(look)

    def get(self, key: bytes) -> bytes | None:
        """Return the newest stored answer as bytes. Raises ``StoreUnavailable``."""
        return self._read(lambda opened, transaction: transaction.get(key, None, opened.answers))

    def freshness(self) -> Freshness:
        """Return how old the content is. Raises ``StoreUnavailable``."""
        return self._read(lambda opened, transaction: opened.freshness(transaction))

    def get_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """Return stored answers as bytes, in the order of their keys, from one moment."""
        return self._read(
            lambda opened, transaction: [transaction.get(key, None, opened.answers) for key in keys]
        )

    def oldest(
        self, *, before: int, limit: int, after: tuple[int, bytes] | None = None
    ) -> list[tuple[bytes, StoredAnswer]]:
        """Return the answers with the oldest thisUpdate below ``before``, oldest first."""
        start = b"" if after is None else _age_key(*after) + b"\x00"

        def walk(opened: LmdbMap, transaction: lmdb.Transaction[bytes]) -> list[tuple[bytes, StoredAnswer]]:
            found: list[tuple[bytes, StoredAnswer]] = []
            with transaction.cursor(opened.by_age) as cursor:
                is_there = cursor.set_range(start)
                while is_there and len(found) < limit:
                    index_key = cursor.key()
                    if int.from_bytes(index_key[:8], "big") >= before:
                        break
                    key = index_key[8:]
                    found.append((key, StoredAnswer.decode(transaction.get(key, b"", opened.answers))))
                    is_there = cursor.next()
            return found

        return self._read(walk)

    def put(self, answers: Sequence[tuple[bytes, StoredAnswer]]) -> Published:
        """Store answers; see ``StatusStore.put``. Raises ``StoreUnavailable``."""

        def write(opened: LmdbMap, transaction: lmdb.Transaction[bytes]) -> Published:
            refused = tuple(key for key, answer in answers if not _put(opened, transaction, key, answer))
            return Published(stored=len(answers) - len(refused), refused=refused)

        return self._write(write)

    def remove_expired(self, keys: Iterable[bytes], *, before: int) -> int:
        """Remove those answers whose certificates ended before ``before``; return how many."""
        wanted = tuple(keys)

        def write(opened: LmdbMap, transaction: lmdb.Transaction[bytes]) -> int:
            removed = 0
            for key in wanted:
                stored = transaction.get(key, None, opened.answers)
                if stored is not None and (answer := StoredAnswer.decode(stored)).not_after < before:
                    transaction.delete(_age_key(answer.this_update, key), db=opened.by_age)
                    transaction.delete(key, db=opened.answers)
                    removed += 1
            return removed

        return self._write(write)

    def register_issuer(self, *, name: str, name_der: bytes, key_bits: bytes) -> int:
        """Make an issuer ours and return its number; the same name and key give the same number."""

        def write(opened: LmdbMap, transaction: lmdb.Transaction[bytes]) -> int:
            issuers = opened.registry(transaction).issuers
            for known in issuers.values():
                if (known.name_der, known.key_bits) == (name_der, key_bits):
                    return known.issuer_id
            number = max(issuers, default=0) + 1
            record = IssuerRecord(
                issuer_id=number, name=name, name_der=name_der, key_bits=key_bits, signer_id=None
            )
            transaction.put(_number(number), record.encode(), db=opened.issuers)
            opened.raise_registry_version(transaction)
            return number

        return self._write(write)

    def register_signer(self, signer: SignerRecord) -> int:
        """Keep a signer, return its number, and let it sign its issuer's new answers."""

        def write(opened: LmdbMap, transaction: lmdb.Transaction[bytes]) -> int:
            registry = opened.registry(transaction)
            issuer, signers = registry.issuers[signer.issuer_id], registry.signers
            same = (key for key, known in signers.items() if known.certificate_der == signer.certificate_der)
            number = next(same, max(signers, default=0) + 1)
            if issuer.signer_id != number:
                record = replace(signer, signer_id=number)
                transaction.put(_number(number), record.encode(), db=opened.signers)
                moved = replace(issuer, signer_id=number)
                transaction.put(_number(issuer.issuer_id), moved.encode(), db=opened.issuers)
                opened.raise_registry_version(transaction)
            return number

        return self._write(write)

    def mark_reconciled(self, at: int) -> None:
        """Note that every certificate handed out before ``at`` is in the store."""
        self._write(lambda opened, transaction: opened.note_reconciled(transaction, at))

    def close(self) -> None:
        """Let go of the map."""
        with self._lock:
            if self._map is not None and self._process == os.getpid():
                self._map.close()
            self._map = None

    def _opened(self) -> LmdbMap:
        if self._map is None or self._process != os.getpid() or self._file != self._identity():
            self.close()  # after a fork the parent's map is left alone: LMDB may not be closed there
            self._map = LmdbMap.for_writing(self._path, map_size=self._first_map_size)
            self._process, self._file, self._seen = os.getpid(), self._identity(), -1
        return self._map

    def _identity(self) -> tuple[int, int]:
        data = self._path / "data.mdb"
        status = data.stat() if data.exists() else None
        return (status.st_dev, status.st_ino) if status else (0, 0)

    def _read(self, work: Callable[[LmdbMap, lmdb.Transaction[bytes]], _Result]) -> _Result:
        with self._lock:
            try:
                opened = self._opened()
                with opened.snapshot() as transaction:
                    return work(opened, transaction)
            except (lmdb.Error, DamagedRecord, OSError) as error:
                self.close()
                raise StoreUnavailable(str(error)) from error

    def _write(self, work: Callable[[LmdbMap, lmdb.Transaction[bytes]], _Result]) -> _Result:
        with self._lock:
            try:
                result = self._commit(self._opened(), work)
            except (lmdb.Error, DamagedRecord, OSError) as error:
                self.close()
                raise StoreUnavailable(str(error)) from error
            self.renew()
            return result

    def _commit(
        self, opened: LmdbMap, work: Callable[[LmdbMap, lmdb.Transaction[bytes]], _Result]
    ) -> _Result:
        while True:
            try:
                with opened.writing() as transaction:
                    result = work(opened, transaction)
            except lmdb.MapFullError:
                opened.grow()  # the transaction was undone as a whole; do it again
            else:
                return result


def _put(opened: LmdbMap, transaction: lmdb.Transaction[bytes], key: bytes, answer: StoredAnswer) -> bool:
    stored = transaction.get(key, None, opened.answers)
    if stored is not None:
        known = StoredAnswer.decode(stored)
        if not _may_replace(known, answer):
            return False
        transaction.delete(_age_key(known.this_update, key), db=opened.by_age)
    transaction.put(key, answer.encode(), db=opened.answers)
    transaction.put(_age_key(answer.this_update, key), b"", db=opened.by_age)
    return True


def _may_replace(known: StoredAnswer, answer: StoredAnswer) -> bool:
    was_revoked, is_revoked = known.status is CertStatus.REVOKED, answer.status is CertStatus.REVOKED
    if was_revoked != is_revoked:
        return is_revoked  # revoked wins whatever its time; nothing undoes it
    return answer.this_update >= known.this_update


def _number(number: int) -> bytes:
    return number.to_bytes(2, "big")


def _age_key(this_update: int, key: bytes) -> bytes:
    return this_update.to_bytes(8, "big") + key
