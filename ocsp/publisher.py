"""Publishes status, worker only: at once when it is new or changed, and again before it ages."""

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from typing import Final
from uuid import UUID

from django.conf import settings

from ca import selectors
from ca.errors import CaError, SigningUnavailable, UnknownCertificate
from ca.hsm.proxy import SignerSource
from ca.issuance import mark_published
from ca.ledger_replay import append_missing
from ca.models import Certificate
from ca.pki.errors import PkiError
from ca.pki.serial import serial_hex
from ocsp import reconciliation, signer_certificates, subjects
from ocsp.presigning import Subject, presign
from ocsp.signer_certificates import Keys
from ocsp.store.interface import StatusStore
from ocsp.store.record import StoredAnswer
from ocsp.store.registry import split_key
from ocsp.wire.response import CertStatus
from ocsp.wire.signatures import SignatureMismatch

_log: Final = logging.getLogger(__name__)

VALIDITY: Final = timedelta(hours=8)
"""From thisUpdate to nextUpdate (domain.md 3.4); BR 4.9.9 asks for 8 hours to 10 days."""
MAY_REFRESH_AFTER: Final = timedelta(hours=2)
MUST_REFRESH_AFTER: Final = timedelta(hours=3, minutes=30)
"""Before half of the validity (BR 4.9.9); between the two the work is spread evenly."""
RUN_INTERVAL: Final = timedelta(minutes=1)
_SPREAD: Final = (MUST_REFRESH_AFTER - MAY_REFRESH_AFTER) / RUN_INTERVAL
_LEAST_QUOTA: Final = 500
_BATCH: Final = 10_000
"""Answers in a batch of the refresh: in the store's order, so that one write touches few of its pages."""
_running: Final = threading.Lock()


@dataclass(slots=True, kw_only=True)
class Refreshed:
    """What a run did."""

    refreshed: int = 0
    published: int = 0
    removed: int = 0
    renewed_signers: int = 0
    orphans: int = 0
    """Answers of certificates that the database does not know: they are left to age, or stay revoked."""
    failures: list[str] = field(default_factory=list)
    """One line for each certificate or issuer that could not be served; the others were."""

    def __str__(self) -> str:
        told = (
            f"{self.refreshed} refreshed, {self.published} published, {self.removed} removed, "
            f"{self.renewed_signers} signers renewed, {self.orphans} orphans, {len(self.failures)} failures"
        )
        return "; ".join([told, *self.failures[:10]])


def publish(certificate_id: UUID | str, *, store: StatusStore, signers: SignerSource, at: datetime) -> None:
    """Publish a certificate's status as it is in the database now; from then on it may be handed out.

    Safe to repeat and to be overtaken: the store keeps what is newer, and revoked for ever. Raises
    ``UnknownCertificate``, ``NoOcspSigner``, ``SigningUnavailable`` and ``StoreUnavailable``; then
    nothing was published and the caller tries again.
    """
    publish_many([certificate_id], store=store, signers=signers, at=at)


def publish_many(
    certificate_ids: Sequence[UUID | str], *, store: StatusStore, signers: SignerSource, at: datetime
) -> None:
    """Publish the status of many with one batch of signatures for each issuer; otherwise as ``publish``.

    What was published of them when it raises is repeated by the next try.
    """
    if store.freshness().reconciled_at is None:
        # A new store: nothing may be called unknown before all that was issued is in it.
        reconcile(store=store, signers=signers, at=at, is_full=True)
    found = selectors.certificates_by_id([str(one) for one in certificate_ids])
    if missing := [one for one in certificate_ids if str(one) not in found]:
        raise UnknownCertificate(f"there is no certificate {missing[0]}")
    for issuer_key in sorted({one.issuer_id for one in found.values()}):
        theirs = [one for one in found.values() if one.issuer_id == issuer_key]
        known = [subjects.of_certificate(one) for one in theirs]
        _put(issuer_key, known, store=store, signers=signers, at=at)
        for certificate in theirs:
            if certificate.published_at is None:
                mark_published(certificate.pk, at=at)


def reconcile(*, store: StatusStore, signers: SignerSource, at: datetime, is_full: bool) -> Refreshed:
    """Publish whatever the database knows and the store does not, and vouch for the store if all went well.

    Not ``is_full``: only what is unpublished or was revoked lately is compared.
    """
    done = Refreshed()
    for issuer_key, missing in reconciliation.differences(
        store=store, at=at, kept_from=at - retention(), is_full=is_full
    ):
        # The ledger first, here too: what is revoked for everybody must outlive a restore of the database.
        append_missing(
            issuer_key,
            [serial_hex(one.serial_number) for one in missing if one.status is CertStatus.REVOKED],
        )
        done.published += _put_each(issuer_key, missing, store=store, signers=signers, at=at, done=done)
    for certificate in Certificate.objects.filter(published_at__isnull=True, not_after__gt=at)[:_BATCH]:
        if reconciliation.is_in_store(certificate, store=store):
            mark_published(certificate.pk, at=at)
    if not done.failures:
        store.mark_reconciled(int(at.timestamp()))
    return done


def refresh_due(*, store: StatusStore, signers: Keys, at: datetime) -> Refreshed:
    """Renew signers, publish what was missed, sign ageing answers again, remove what has ended.

    To be called once a ``RUN_INTERVAL``. One certificate or issuer that fails is reported and stops
    nothing else. Raises ``SigningUnavailable`` when no signer answers, and ``StoreUnavailable``.
    """
    if not _running.acquire(blocking=False):
        return Refreshed(failures=["the run before this one is not over"])
    try:
        done = Refreshed()
        _renew_signers(signers, at=at, done=done)
        is_full = reconciliation.full_walk_is_due(store, at=at)
        found = reconcile(store=store, signers=signers, at=at, is_full=is_full)
        if is_full and not found.failures:
            reconciliation.full_walk_is_done(store, at=at)
        done.published, done.failures = found.published, [*done.failures, *found.failures]
        _refresh(store=store, signers=signers, at=at, done=done)
    finally:
        _running.release()
    if done.failures or done.orphans:
        _log.error("OCSP refresh: %s", done)
    return done


def _renew_signers(signers: Keys, *, at: datetime, done: Refreshed) -> None:
    for issuer in selectors.issuers():
        if selectors.is_finished(issuer, at=at):
            continue
        try:
            done.renewed_signers += signer_certificates.renew_due(issuer.key, signers=signers, at=at)
        except SigningUnavailable:
            raise
        except CaError as error:
            done.failures.append(f"{issuer.key}: {error}")


def retention() -> timedelta:
    """Return for how long status is kept beyond a certificate's end (RFC 6960 4.4.4); zero for not."""
    return timedelta(days=settings.SIGILL_OCSP_RETENTION_DAYS)


def _refresh(*, store: StatusStore, signers: SignerSource, at: datetime, done: Refreshed) -> None:
    now = int(at.timestamp())
    must_before = now - int(MUST_REFRESH_AFTER.total_seconds())
    quota = max(_LEAST_QUOTA, ceil(store.freshness().answers / _SPREAD))
    after: tuple[int, bytes] | None = None
    seen = 0
    while True:
        before = now - int(MAY_REFRESH_AFTER.total_seconds()) if seen < quota else must_before
        batch = store.oldest(before=before, limit=_BATCH, after=after)
        if not batch:
            return
        after = batch[-1][1].this_update, batch[-1][0]
        seen += len(batch)
        for issuer_id, serial_numbers in _by_issuer(batch).items():
            _refresh_some(issuer_id, serial_numbers, batch, store=store, signers=signers, at=at, done=done)


def _by_issuer(batch: list[tuple[bytes, StoredAnswer]]) -> dict[int, set[int]]:
    grouped: dict[int, set[int]] = {}
    for key, _ in batch:
        issuer_id, _, serial_number = split_key(key)
        grouped.setdefault(issuer_id, set()).add(serial_number)
    return grouped


def _refresh_some(
    issuer_id: int,
    serial_numbers: set[int],
    batch: list[tuple[bytes, StoredAnswer]],
    *,
    store: StatusStore,
    signers: SignerSource,
    at: datetime,
    done: Refreshed,
) -> None:
    now = int(at.timestamp())
    issuer_key = store.registry.issuers[issuer_id].name
    known = subjects.of_serials(issuer_key, serial_numbers)
    kept_from = now - int(retention().total_seconds())
    ended = [key for key, answer in batch if answer.not_after < kept_from and split_key(key)[0] == issuer_id]
    done.removed += store.remove_expired(ended, before=kept_from)
    wanted = [subject for subject in known.values() if subject.not_after >= kept_from]
    for key, answer in batch:
        number = split_key(key)[2]
        if split_key(key)[0] != issuer_id or number in known or answer.not_after < kept_from:
            continue
        done.orphans += 1
        if answer.status is CertStatus.REVOKED:  # a restored database must not undo it (reliability F14)
            wanted.append(_as_stored(number, answer))
            known[number] = wanted[-1]
    done.refreshed += _put_each(issuer_key, wanted, store=store, signers=signers, at=at, done=done)


def _as_stored(serial_number: int, answer: StoredAnswer) -> Subject:
    return Subject(
        serial_number=serial_number,
        not_after=answer.not_after,
        status=answer.status,
        revoked_at=answer.revoked_at,
        reason=answer.reason,
    )


def _put_each(
    issuer_key: str,
    wanted: list[Subject],
    *,
    store: StatusStore,
    signers: SignerSource,
    at: datetime,
    done: Refreshed,
) -> int:
    """Publish many; a batch that fails is halved until the bad one is alone and stops nothing else."""
    if not wanted:
        return 0
    try:
        return _put(issuer_key, wanted, store=store, signers=signers, at=at)
    except SigningUnavailable:
        raise
    except (CaError, PkiError, SignatureMismatch, ValueError, OverflowError) as error:
        if len(wanted) == 1:
            done.failures.append(f"{issuer_key} {wanted[0].serial_number:x}: {error}")
            return 0
    half = len(wanted) // 2
    return sum(
        _put_each(issuer_key, part, store=store, signers=signers, at=at, done=done)
        for part in (wanted[:half], wanted[half:])
    )


def _put(
    issuer_key: str, wanted: list[Subject], *, store: StatusStore, signers: SignerSource, at: datetime
) -> int:
    issuer, signer = signer_certificates.current(issuer_key, store=store, signers=signers, at=at)
    this_update, kept = int(at.timestamp()), int(retention().total_seconds())
    published = store.put(
        presign(
            wanted,
            issuer=issuer,
            signer=signer,
            sign_batch=signer_certificates.sign_batch(signers, signer.label),
            this_update=this_update,
            next_update=min(this_update + int(VALIDITY.total_seconds()), signer.not_after),
            archive_cutoff=this_update - kept if kept else None,
        )
    )
    for key in published.refused:
        _log.warning("%s %x: the store has a newer or a revoked answer", issuer_key, split_key(key)[2])
    return published.stored
