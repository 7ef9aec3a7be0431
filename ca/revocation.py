"""Revokes certificates, for ever: no function here or elsewhere takes a revocation back or changes it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction

from ca.errors import ReasonRefused, RequestedBeforeCertificate, UnknownCertificate
from ca.events import CertificateRevoked, KeyBlocked
from ca.models import BlockedKey, Certificate
from ca.pki.crl_entries import RevokedEntry
from ca.pki.reasons import RevocationReason
from ca.withdrawal import withdraw_requests
from journal.actor import Actor
from journal.recording import record, record_all, rfc3339

RECORDED_REASONS: Final = frozenset(
    {
        RevocationReason.UNSPECIFIED,
        RevocationReason.KEY_COMPROMISE,
        RevocationReason.CA_COMPROMISE,
        RevocationReason.AFFILIATION_CHANGED,
        RevocationReason.SUPERSEDED,
        RevocationReason.CESSATION_OF_OPERATION,
        RevocationReason.PRIVILEGE_WITHDRAWN,
    }
)
"""No certificateHold: this CA does not suspend (domain.md 2.8)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoked:
    """The certificate was revoked by this call."""

    certificate_id: str
    revoked_at: datetime
    reason: RevocationReason


@dataclass(frozen=True, slots=True, kw_only=True)
class AlreadyRevoked:
    """The certificate was revoked before; this says when and why, and nothing was changed."""

    certificate_id: str
    revoked_at: datetime
    reason: RevocationReason


def revoke(
    *,
    certificate_id: UUID | str,
    reason: RevocationReason,
    requested_at: datetime,
    actor: Actor,
    at: datetime,
    invalidity_at: datetime | None = None,
) -> Revoked | AlreadyRevoked:
    """Revoke a certificate; works inside the caller's transaction.

    ``requested_at`` is when somebody asked for it, ``at`` when it is registered. Where the first is
    earlier, it becomes the invalidityDate of the CRL entry (RFC 5280 section 5.3.2) unless a date is given.
    keyCompromise blocks the key for good. Raises ``UnknownCertificate``, ``ReasonRefused`` (also for a
    request or an invalidity that lies ahead), and ``RequestedBeforeCertificate`` for one that lies before
    notBefore: nobody can have asked for it then, and such a time would stand signed in every CRL.
    """
    _check(reason, requested_at, invalidity_at, at)
    with transaction.atomic():
        certificate = _certificate(certificate_id)
        if min(requested_at, invalidity_at or requested_at) < certificate.not_before:
            raise RequestedBeforeCertificate(
                "asked for before the certificate began",
                facts={"begins_at": certificate.not_before.isoformat()},
            )
        invalid_from = invalidity_at or requested_at
        return _revoke(certificate, reason, requested_at, invalid_from, actor=actor, at=at)


def revoke_with_carrier(
    *,
    certificate_id: UUID | str,
    reason: RevocationReason,
    requested_at: datetime,
    actor: Actor,
    at: datetime,
    invalidity_at: datetime | None = None,
) -> Revoked | AlreadyRevoked:
    """Revoke a certificate because what it belongs to (card, function, key) was to end.

    That may have been asked for before this certificate was made: the time of the request is kept as the
    fact it is, and the certificate is invalid from its own first second (invalidityDate = notBefore).
    Otherwise as ``revoke``.
    """
    _check(reason, requested_at, invalidity_at, at)
    with transaction.atomic():
        certificate = _certificate(certificate_id)
        invalid_from = max(invalidity_at or requested_at, certificate.not_before)
        return _revoke(certificate, reason, requested_at, invalid_from, actor=actor, at=at)


def _certificate(certificate_id: UUID | str) -> Certificate:
    certificate = Certificate.objects.filter(pk=certificate_id).first()
    if certificate is None:
        raise UnknownCertificate("there is no such certificate")
    return certificate


def _revoke(
    certificate: Certificate,
    reason: RevocationReason,
    requested_at: datetime,
    invalid_from: datetime,
    *,
    actor: Actor,
    at: datetime,
) -> Revoked | AlreadyRevoked:
    with transaction.atomic():
        if not _mark(certificate, reason, requested_at, invalid_from, at=at):
            certificate.refresh_from_db()
            return _already(certificate)
        if reason is RevocationReason.KEY_COMPROMISE:
            block_key(
                public_key_sha256=certificate.public_key_sha256,
                certificate_id=str(certificate.pk),
                reason=reason.rfc_name,
                actor=actor,
                at=at,
            )
        record(_revoked(certificate, reason), actor=actor, at=at)
    return Revoked(certificate_id=str(certificate.pk), revoked_at=at, reason=reason)


def revoke_carrier(
    *,
    carrier_kind: str,
    carrier_id: str,
    reason: RevocationReason,
    requested_at: datetime,
    actor: Actor,
    at: datetime,
) -> list[Revoked | AlreadyRevoked]:
    """Revoke everything on a card or function, and withdraw what is still being made for it.

    A request that waits fails with ``withdrawn``; one that is being signed gets a certificate that is
    revoked in the transaction that records it. Works inside the caller's transaction. ``requested_at`` may
    lie before some of the certificates (see ``revoke_with_carrier``); whether it may lie before the carrier
    itself is for the caller to refuse, who knows the carrier.
    """
    _check(reason, requested_at, None, at)
    with transaction.atomic():
        withdraw_requests(
            carrier_kind, carrier_id, reason=reason, requested_at=requested_at, actor=actor, at=at
        )
        certificates = Certificate.objects.filter(carrier_kind=carrier_kind, carrier_id=carrier_id)
        return [
            revoke_with_carrier(
                certificate_id=pk, reason=reason, requested_at=requested_at, actor=actor, at=at
            )
            for pk in certificates.order_by("issued_at", "pk").values_list("pk", flat=True)
        ]


def revoke_many(
    certificate_ids: Sequence[UUID],
    *,
    reason: RevocationReason,
    requested_at: datetime,
    actor: Actor,
    at: datetime,
) -> set[UUID]:
    """Revoke certificates in one transaction, as ``revoke_with_carrier`` does each; return the newly revoked.

    Each is a compare-and-swap of its own: what was revoked before keeps its moment and its reason.
    """
    _check(reason, requested_at, None, at)
    revoked: list[Certificate] = []
    with transaction.atomic():
        found = Certificate.objects.filter(pk__in=certificate_ids, revoked_at__isnull=True)
        for certificate in found.defer("certificate_der").order_by("pk"):
            invalid_from = max(requested_at, certificate.not_before)
            if _mark(certificate, reason, requested_at, invalid_from, at=at):
                revoked.append(certificate)
        if reason is RevocationReason.KEY_COMPROMISE:
            for certificate in revoked:
                block_key(
                    public_key_sha256=certificate.public_key_sha256,
                    certificate_id=str(certificate.pk),
                    reason=reason.rfc_name,
                    actor=actor,
                    at=at,
                )
        record_all([_revoked(one, reason) for one in revoked], actor=actor, at=at)
    return {one.pk for one in revoked}


def _mark(
    certificate: Certificate,
    reason: RevocationReason,
    requested_at: datetime,
    invalid_from: datetime,
    *,
    at: datetime,
) -> bool:
    """Compare and swap: of two administrators one revokes. The row in hand is brought up to date."""
    invalidity_at = invalid_from if invalid_from < at else None
    entry = RevokedEntry(
        serial_number=int(certificate.serial_hex, 16),
        revoked_at=at,
        reason=reason,
        invalidity_at=invalidity_at,
    )
    changed = Certificate.objects.filter(pk=certificate.pk, revoked_at__isnull=True).update(
        revoked_at=at,
        revocation_reason=reason.value,
        revocation_requested_at=requested_at,
        invalidity_at=invalidity_at,
        crl_entry_der=entry.encode(),
    )
    if changed:
        certificate.revoked_at, certificate.revocation_reason = at, reason.value
        certificate.revocation_requested_at, certificate.invalidity_at = requested_at, invalidity_at
    return bool(changed)


def block_key(
    *, public_key_sha256: str, certificate_id: str, reason: str, actor: Actor, at: datetime
) -> bool:
    """Block a public key for good, by the SHA-256 of its SubjectPublicKeyInfo; return whether it was new.

    Call it within a transaction.
    """
    _, is_new = BlockedKey.objects.get_or_create(
        public_key_sha256=public_key_sha256, defaults={"reason": reason, "blocked_at": at}
    )
    if is_new:
        event = KeyBlocked(public_key_sha256=public_key_sha256, certificate_id=certificate_id, reason=reason)
        record(event, actor=actor, at=at)
    return is_new


def _check(
    reason: RevocationReason, requested_at: datetime, invalidity_at: datetime | None, at: datetime
) -> None:
    if reason not in RECORDED_REASONS:
        name = RevocationReason(reason).rfc_name
        raise ReasonRefused(f"{name} is not a reason that this CA records", facts={"reason": name})
    if requested_at > at or (invalidity_at is not None and invalidity_at > at):
        raise ReasonRefused("a revocation cannot be asked for in the future", facts={"reason": "ahead"})


def _already(certificate: Certificate) -> AlreadyRevoked:
    if certificate.revoked_at is None or certificate.revocation_reason is None:
        raise UnknownCertificate("the certificate is neither revoked nor not")
    return AlreadyRevoked(
        certificate_id=str(certificate.pk),
        revoked_at=certificate.revoked_at,
        reason=RevocationReason(certificate.revocation_reason),
    )


def _revoked(certificate: Certificate, reason: RevocationReason) -> CertificateRevoked:
    def moment(value: datetime | None) -> str:
        return "" if value is None else rfc3339(value)

    return CertificateRevoked(
        certificate_id=str(certificate.pk),
        issuer_id=certificate.issuer_id,
        serial=certificate.serial_hex,
        reason=reason.rfc_name,
        requested_at=moment(certificate.revocation_requested_at),
        revoked_at=moment(certificate.revoked_at),
        invalidity_at=moment(certificate.invalidity_at),
        not_after=moment(certificate.not_after),
        person_id=certificate.person_id,
        organization_id=certificate.organization_id,
        carrier_kind=certificate.carrier_kind,
        carrier_id=certificate.carrier_id,
    )
