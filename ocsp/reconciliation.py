"""Compares the database with the store: what OCSP should say and does not, whatever went wrong before."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final
from weakref import WeakKeyDictionary

from ca.models import Certificate
from ocsp import subjects
from ocsp.presigning import Subject
from ocsp.store.interface import StatusStore
from ocsp.store.record import StoredAnswer
from ocsp.store.registry import answer_key
from ocsp.wire.cert_id import PRESIGNED
from ocsp.wire.response import CertStatus

LATELY: Final = timedelta(days=1)
FULL_WALK_INTERVAL: Final = timedelta(hours=1)
_CHUNK: Final = 500
_last_full_walk: Final[WeakKeyDictionary[StatusStore, datetime]] = WeakKeyDictionary()


def full_walk_is_due(store: StatusStore, *, at: datetime) -> bool:
    """Tell whether everything must be compared: a store that nobody vouched for, or an hour has passed."""
    last = _last_full_walk.get(store)
    return last is None or at - last >= FULL_WALK_INTERVAL or store.freshness().reconciled_at is None


def full_walk_is_done(store: StatusStore, *, at: datetime) -> None:
    """Note a comparison of everything; a new process makes one first."""
    _last_full_walk[store] = at


def differences(
    *, store: StatusStore, at: datetime, kept_from: datetime, is_full: bool
) -> Iterator[tuple[str, list[Subject]]]:
    """Yield, issuer by issuer and in chunks, what must be published of what ends after ``kept_from``.

    A certificate that is good in the database and revoked in the store is no difference: the store is right
    (reliability F14).
    """
    waiting: dict[str, list[Subject]] = {}
    for issuer_key, subject in subjects.unexpired(
        at=kept_from, changed_since=None if is_full else at - LATELY
    ):
        chunk = waiting.setdefault(issuer_key, [])
        chunk.append(subject)
        if len(chunk) == _CHUNK:
            yield from _missing(issuer_key, waiting.pop(issuer_key), store)
    for issuer_key, chunk in waiting.items():
        yield from _missing(issuer_key, chunk, store)


def is_in_store(certificate: Certificate, *, store: StatusStore) -> bool:
    """Tell whether a certificate's status is published as the database has it."""
    return not list(_missing(certificate.issuer_id, [subjects.of_certificate(certificate)], store))


def _missing(
    issuer_key: str, chunk: list[Subject], store: StatusStore
) -> Iterator[tuple[str, list[Subject]]]:
    store.renew()
    numbers = [issuer.issuer_id for issuer in store.registry.issuers.values() if issuer.name == issuer_key]
    if not numbers:
        yield issuer_key, chunk
        return
    found = [
        store.get_many([answer_key(max(numbers), algorithm, subject.serial_number) for subject in chunk])
        for algorithm in PRESIGNED
    ]
    missing = [
        subject
        for subject, *answers in zip(chunk, *found, strict=True)
        if not all(_agrees(subject, stored) for stored in answers)
    ]
    if missing:
        yield issuer_key, missing


def _agrees(subject: Subject, stored: bytes | None) -> bool:
    if stored is None:
        return False
    status = StoredAnswer.decode(stored).status
    return status is subject.status or status is CertStatus.REVOKED
