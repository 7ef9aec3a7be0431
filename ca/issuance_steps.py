"""What issuing one certificate and issuing many have in common: the bytes, the row, the ways out."""

import hashlib
from collections.abc import Iterator
from datetime import datetime

from cryptography import x509
from django.db import transaction

from ca import serial_numbers
from ca.errors import ProfileRefused
from ca.events import CertificateIssued, CertificateRequestFailed, IssuancePostponed, IssuerCertified
from ca.models import Certificate, CertificateRequest, Issuer, SerialReservation
from ca.pki import dates
from ca.pki.issuance import Prepared, prepare
from ca.pki.profile import Profile
from ca.pki.reasons import RevocationReason
from ca.pki.subject import SubjectFacts
from ca.pki.weak_keys import Blocklist
from ca.policy_files import PolicyFiles, files_of
from ca.registration import OCSP_SIGNER
from ca.revocation import revoke_with_carrier
from ca.states import RequestAction, RequestState, next_request_state
from journal.actor import Actor
from journal.recording import record, rfc3339


def demand_open(request: CertificateRequest) -> None:
    """Refuse what was asked of an issuer after it was retired, and everything of one that is revoked."""
    issuer = request.issuer
    if request.profile == OCSP_SIGNER or issuer.retired_at is None:
        return
    if issuer.revoked_at is not None or request.requested_at > issuer.retired_at:
        raise ProfileRefused(
            f"{issuer.key} issues nothing any more",
            facts={"profile": request.profile, "rule": "issuer_retired", "issuer": issuer.key},
        )


def prepare_request(
    files: PolicyFiles,
    profile: Profile,
    request: CertificateRequest,
    serial_number: int,
    *,
    at: datetime,
    blocklist: Blocklist,
) -> tuple[Prepared, datetime]:
    """Arrow 2: return the linted bytes and notAfter. Raises ``PkiError``, ``CaError`` for a broken rule."""
    issuer = files.facts_of(request.issuer)
    until = min((end for end in (request.not_after, issuer.not_after) if end is not None), default=None)
    subject = SubjectFacts.from_json(request.subject)
    not_before, not_after = dates.validity(at=at, lasting=profile.default_validity, until=until)
    prepared = prepare(
        profile=profile,
        subject=subject,
        public_key=bytes(request.public_key),
        issuer=issuer,
        serial_number=serial_number,
        not_before=not_before,
        not_after=not_after,
        at=at,
        blocklist=blocklist,
    )
    return prepared, not_after


def certificate_row(
    request: CertificateRequest,
    reservation: SerialReservation,
    parsed: x509.Certificate,
    profile: Profile,
    *,
    certificate_der: bytes,
    at: datetime,
) -> Certificate:
    """Return the row of a certificate that was signed, to be inserted."""
    return Certificate(
        issuer_id=request.issuer_id,
        environment=request.environment,
        request_id=request.pk,
        serial_hex=reservation.serial_hex,
        crl_shard=shard_of(request, reservation),
        certificate_der=certificate_der,
        sha256=hashlib.sha256(certificate_der).hexdigest(),
        public_key_sha256=hashlib.sha256(bytes(request.public_key)).hexdigest(),
        profile=profile.name,
        profile_sha256=profile.sha256,
        subject_text=parsed.subject.rfc4514_string()[:512],
        person_id=request.person_id,
        organization_id=request.organization_id,
        carrier_kind=request.carrier_kind,
        carrier_id=request.carrier_id,
        name=request.name,
        not_before=parsed.not_valid_before_utc,
        not_after=parsed.not_valid_after_utc,
        issued_at=at,
    )


def shard_of(request: CertificateRequest, reservation: SerialReservation) -> int:
    """Return the shard whose address stands in the certificate, -1 for the whole list."""
    shard = files_of(request.issuer).facts_of(request.issuer).shard_of(int(reservation.serial_hex, 16))
    return -1 if shard is None else shard


def revoke_if_withdrawn(
    request: CertificateRequest, certificate: Certificate, *, actor: Actor, at: datetime
) -> None:
    """Revoke at once what a card got that was blocked while its certificate was being signed.

    ``request`` is its row as the recording transaction sees it.
    """
    if request.withdrawn_at is None or request.withdrawn_reason is None:
        return
    revoke_with_carrier(
        certificate_id=certificate.pk,
        reason=RevocationReason(request.withdrawn_reason),
        requested_at=min(request.withdrawn_at, at),
        actor=actor,
        at=at,
    )


def postpone(
    request: CertificateRequest, reservation: SerialReservation, *, failure: str, actor: Actor, at: datetime
) -> None:
    """Give a request back for another try, and burn the serial number that it was tried with."""
    with transaction.atomic():
        moved = CertificateRequest.objects.filter(
            pk=request.pk, state=RequestState.SIGNING.value, serial=reservation
        ).update(
            state=next_request_state(RequestState.SIGNING, RequestAction.POSTPONE).value,
            serial=None,
            leased_until=None,
            failure=failure,
        )
        serial_numbers.burn(reservation, actor=actor, at=at)
        if moved == 1:
            record(
                IssuancePostponed(
                    certificate_request_id=str(request.pk),
                    issuer_id=request.issuer_id,
                    failure=failure,
                    person_id=request.person_id,
                    organization_id=request.organization_id,
                ),
                actor=actor,
                at=at,
            )


def issued_event(request: CertificateRequest, certificate: Certificate) -> CertificateIssued:
    """Return the event of a certificate that is recorded."""
    return CertificateIssued(
        certificate_id=str(certificate.pk),
        certificate_request_id=str(request.pk),
        issuer_id=certificate.issuer_id,
        serial=certificate.serial_hex,
        sha256=certificate.sha256,
        profile=certificate.profile,
        profile_sha256=certificate.profile_sha256,
        not_before=rfc3339(certificate.not_before),
        not_after=rfc3339(certificate.not_after),
        person_id=certificate.person_id,
        organization_id=certificate.organization_id,
        carrier_kind=certificate.carrier_kind,
        carrier_id=certificate.carrier_id,
        name=certificate.name,
    )


def certify_issuer(certificate: Certificate, *, actor: Actor, at: datetime) -> None:
    """Give the issuer whose key the certificate holds its certificate; the first one stays."""
    changed = Issuer.objects.filter(key=certificate.carrier_id, certified_at__isnull=True).update(
        certificate_der=certificate.certificate_der, certified_at=at
    )
    if changed:
        record(
            IssuerCertified(
                issuer_id=certificate.carrier_id,
                certificate_id=str(certificate.pk),
                sha256=certificate.sha256,
            ),
            actor=actor,
            at=at,
        )


def refuse(
    request: CertificateRequest, reservation: SerialReservation, *, failure: str, actor: Actor, at: datetime
) -> None:
    """End a request that breaks a rule, and burn the serial numbers that it was tried with."""
    before = RequestState(request.state)
    with transaction.atomic():
        moved = CertificateRequest.objects.filter(
            pk=request.pk, state=before.value, serial=request.serial
        ).update(
            state=next_request_state(before, RequestAction.REFUSE).value, failure=failure, leased_until=None
        )
        for burnt in _both(reservation, request.serial):
            serial_numbers.burn(burnt, actor=actor, at=at)
        if moved == 1:
            record(
                CertificateRequestFailed(
                    certificate_request_id=str(request.pk),
                    issuer_id=request.issuer_id,
                    person_id=request.person_id,
                    organization_id=request.organization_id,
                    failure=failure,
                ),
                actor=actor,
                at=at,
            )


def _both(*reservations: SerialReservation | None) -> Iterator[SerialReservation]:
    return (reservation for reservation in reservations if reservation is not None)
