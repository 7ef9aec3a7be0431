"""Brings the ledger and the database together: after a revocation, and after a restore of an old backup."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import IntegrityError, transaction

from ca.ledger import LedgerEntry, RevocationLedger, entry_of
from ca.models import Certificate, Issuer, SerialReservation
from ca.pki.crl_entries import RevokedEntry
from ca.policy_files import files_of
from ca.revocation import AlreadyRevoked, revoke_with_carrier
from ca.states import SerialState
from journal.actor import Actor

_CHUNK: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What a replay did: certificates revoked again, and serials that the database had never heard of."""

    revoked: int
    unknown: int
    known: int


def revocation_ledger() -> RevocationLedger:
    """Return the ledger of this installation."""
    return _ledger(settings.SIGILL_LEDGER)


@lru_cache(maxsize=4)
def _ledger(file: Path) -> RevocationLedger:
    return RevocationLedger(file)


def append_revocation(certificate_id: str, *, ledger: RevocationLedger | None = None) -> bool:
    """Put one into the ledger as ``append_revocations`` does; return whether it was new there."""
    return append_revocations([certificate_id], ledger=ledger) == 1


def append_revocations(certificate_ids: Sequence[str], *, ledger: RevocationLedger | None = None) -> int:
    """Put revoked certificates into the ledger, on disk, before anybody publishes that they are revoked.

    One write for all; returns how many were new there. Raises ``LedgerDamaged`` and
    ``Certificate.DoesNotExist``.
    """
    found = {
        str(one.pk): one
        for one in Certificate.objects.filter(pk__in=certificate_ids).defer("certificate_der")
    }
    if missing := [one for one in certificate_ids if str(one) not in found]:
        raise Certificate.DoesNotExist(f"there is no certificate {missing[0]}")
    return (ledger or revocation_ledger()).append(entry_of(found[str(one)]) for one in certificate_ids)


def append_missing(issuer_key: str, serials: Iterable[str], *, ledger: RevocationLedger | None = None) -> int:
    """Put those revoked certificates of an issuer into the ledger that it lacks; return how many."""
    chosen = ledger or revocation_ledger()
    missing = chosen.unknown(issuer_key, serials)
    count = 0
    for start in range(0, len(missing), _CHUNK):
        revoked = Certificate.objects.filter(
            issuer_id=issuer_key, revoked_at__isnull=False, serial_hex__in=missing[start : start + _CHUNK]
        )
        count += chosen.append(entry_of(one) for one in revoked.defer("certificate_der"))
    return count


def replay(*, actor: Actor, at: datetime, ledger: RevocationLedger | None = None) -> Replayed:
    """Revoke again whatever the ledger knows as revoked and the database does not.

    A serial number that the database has never heard of (issued after the backup was made) is burnt and
    listed, so that it stays on the CRL. Raises ``LedgerDamaged``.
    """
    revoked = unknown = known = 0
    for entry in (ledger or revocation_ledger()).entries():
        certificate = Certificate.objects.filter(issuer_id=entry.issuer, serial_hex=entry.serial).first()
        if certificate is not None:
            outcome = revoke_with_carrier(
                certificate_id=certificate.pk,
                reason=entry.revocation_reason,
                requested_at=min(datetime.fromisoformat(entry.requested_at), at),
                actor=actor,
                at=min(datetime.fromisoformat(entry.revoked_at), at),
                invalidity_at=datetime.fromisoformat(entry.invalidity_at) if entry.invalidity_at else None,
            )
            is_known = isinstance(outcome, AlreadyRevoked)
            known += is_known
            revoked += not is_known
            continue
        if _burn_unknown(entry):
            unknown += 1
        else:
            known += 1
    return Replayed(revoked=revoked, unknown=unknown, known=known)


def _shard_of(entry: LedgerEntry) -> int:
    issuer = Issuer.objects.get(pk=entry.issuer)
    shard = files_of(issuer).facts_of(issuer).shard_of(int(entry.serial, 16))
    return -1 if shard is None else shard


def _burn_unknown(entry: LedgerEntry) -> bool:
    revoked_at = datetime.fromisoformat(entry.revoked_at)
    line = RevokedEntry(
        serial_number=int(entry.serial, 16),
        revoked_at=revoked_at,
        reason=entry.revocation_reason,
        invalidity_at=datetime.fromisoformat(entry.invalidity_at) if entry.invalidity_at else None,
    )
    try:
        with transaction.atomic():
            SerialReservation.objects.create(
                issuer_id=entry.issuer,
                serial_hex=entry.serial,
                state=SerialState.BURNT.value,
                reserved_at=revoked_at,
                burnt_at=revoked_at,
                not_after=entry.expires_at,
                crl_entry_der=line.encode(),
                crl_shard=_shard_of(entry),
            )
    except IntegrityError:
        changed = SerialReservation.objects.filter(
            issuer_id=entry.issuer, serial_hex=entry.serial, crl_entry_der=b""
        ).exclude(state=SerialState.USED.value)
        return (
            changed.update(
                state=SerialState.BURNT.value,
                burnt_at=revoked_at,
                not_after=entry.expires_at,
                crl_entry_der=line.encode(),
                crl_shard=_shard_of(entry),
            )
            == 1
        )
    return True
