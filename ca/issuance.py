"""Issues certificates, worker only: reserve, prepare and lint, record the intent, sign, compare, record.

The arrows of the cycle, each a committed row before the next begins; no transaction is open while the
signer works:

1. *reserve*: a serial number that no other certificate of the issuer has, ever had or will have
2. *prepare and lint* the bytes to be signed; a broken rule ends the request here
3. *intend*: the bytes, their digest and who signs them, in the database and the journal
4. *sign* exactly those bytes, once; verify the own signature, compare
5. *record* the certificate and its event; from now on its status is published

A crash between any two burns the serial number: the next try takes a fresh one. A request leads to one
certificate or none, because only the holder of its current serial number can complete it.
"""

import hashlib
import logging
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from cryptography import x509
from django.db import transaction

from ca import serial_numbers
from ca.blocklist import BlockedKeys
from ca.errors import (
    CaError,
    ProfileRefused,
    SigningRefused,
    SigningUnavailable,
    UnknownCertificate,
    UnknownRequest,
)
from ca.events import CertificatePublished, IssuanceIntended
from ca.hsm.proxy import SignerSource
from ca.issuance_steps import (
    certificate_row,
    certify_issuer,
    demand_open,
    issued_event,
    postpone,
    prepare_request,
    refuse,
    revoke_if_withdrawn,
    shard_of,
)
from ca.models import Certificate, CertificateRequest, SerialReservation
from ca.own_keys import is_key_of_its_kind
from ca.pki.errors import PkiError, SignatureInvalid, SignerMismatch
from ca.pki.issuance import Prepared, issue
from ca.pki.profile import Profile
from ca.policy_files import files_of
from ca.states import (
    RequestAction,
    RequestState,
    SerialAction,
    SerialState,
    next_request_state,
    next_serial_state,
)
from journal.actor import Actor
from journal.recording import record

_log: Final = logging.getLogger(__name__)

LEASE: Final = timedelta(seconds=30)
"""How long an intent holds a request: three times as long as anyone waits for a signature."""


class RequestUnderWay(CaError):
    """Another worker holds the request; it will be done, or taken over when its lease ends."""

    code = "request_under_way"


def issue_request(
    request_id: UUID | str, *, signers: SignerSource, actor: Actor, at: datetime, is_only_worker: bool = False
) -> Certificate | None:
    """Issue one request and return its certificate, the same one however often it is asked.

    ``None`` when the request breaks a rule and has failed. ``is_only_worker`` says that nobody else can
    be signing (the ceremony holds the token), so a lease left by a crash need not be waited for.
    Raises ``RequestUnderWay``; ``SigningUnavailable`` with the request back in ``requested`` for another
    try; ``SigningRefused``, ``SignerMismatch`` or ``SignatureInvalid`` likewise, for a person to look at.
    """
    request = _open_request(request_id, at=at, is_only_worker=is_only_worker)
    if request.state == RequestState.FAILED.value:
        return None
    if request.certificate is not None:
        return request.certificate
    is_key_fit = is_key_of_its_kind(request, signers=signers)
    reservation = serial_numbers.reserve(request, at=at)
    try:
        demand_open(request)
        if not is_key_fit:
            raise ProfileRefused(
                f"{request.profile} is for a key on our token alone",
                facts={"profile": request.profile, "rule": "own_key"},
            )
        files = files_of(request.issuer)
        profile = files.profile(request.profile)
        prepared, not_after = prepare_request(
            files,
            profile,
            request,
            int(reservation.serial_hex, 16),
            at=at,
            blocklist=BlockedKeys(
                person_id=request.person_id, carrier_kind=request.carrier_kind, carrier_id=request.carrier_id
            ),
        )
    except (PkiError, CaError) as error:
        refuse(request, reservation, failure=error.code, actor=actor, at=at)
        _log.warning("request %s fails: %s", request.pk, error)
        return None
    _intend(request, reservation, prepared, profile, not_after=not_after, actor=actor, at=at)
    try:
        certificate_der = issue(prepared, signers.signer_for(request.issuer_id))
    except (SigningUnavailable, SigningRefused, SignerMismatch, SignatureInvalid) as error:
        postpone(request, reservation, failure=error.code, actor=actor, at=at)
        raise
    return _complete(request, reservation, certificate_der, profile, actor=actor, at=at)


def mark_published(certificate_id: UUID | str, *, at: datetime, actor: Actor | None = None) -> bool:
    """Note that a certificate's status can be asked for; return whether this was the first time.

    Raises ``UnknownCertificate``.
    """
    with transaction.atomic():
        changed = Certificate.objects.filter(pk=certificate_id, published_at__isnull=True).update(
            published_at=at
        )
        if not changed:
            if not Certificate.objects.filter(pk=certificate_id).exists():
                raise UnknownCertificate("there is no such certificate")
            return False
        certificate = Certificate.objects.get(pk=certificate_id)
        record(
            CertificatePublished(
                certificate_id=str(certificate.pk),
                certificate_request_id=str(certificate.request_id),
                issuer_id=certificate.issuer_id,
                person_id=certificate.person_id,
                organization_id=certificate.organization_id,
                carrier_kind=certificate.carrier_kind,
                carrier_id=certificate.carrier_id,
            ),
            actor=actor or Actor.system("publisher"),
            at=at,
        )
    return True


def _open_request(request_id: UUID | str, *, at: datetime, is_only_worker: bool) -> CertificateRequest:
    request = (
        CertificateRequest.objects.select_related("issuer", "certificate", "serial")
        .filter(pk=request_id)
        .first()
    )
    if request is None:
        raise UnknownRequest("there is no such certificate request")
    is_leased = request.leased_until is not None and request.leased_until > at
    if is_leased and not is_only_worker:
        raise RequestUnderWay("another worker is signing this request")
    return request


def _intend(
    request: CertificateRequest,
    reservation: SerialReservation,
    prepared: Prepared,
    profile: Profile,
    *,
    not_after: datetime,
    actor: Actor,
    at: datetime,
) -> None:
    """Arrow 3. Whoever held the request before loses it, and its serial number is burnt."""
    tbs_sha256 = hashlib.sha256(prepared.tbs_der).hexdigest()
    before = RequestState(request.state)
    action = RequestAction.INTEND if before is RequestState.REQUESTED else RequestAction.TAKE_OVER
    with transaction.atomic(durable=True):
        moved = CertificateRequest.objects.filter(
            pk=request.pk, state=before.value, serial=request.serial, leased_until=request.leased_until
        ).update(
            state=next_request_state(before, action).value,
            serial=reservation,
            leased_until=at + LEASE,
            failure="",
        )
        if moved != 1:
            raise RequestUnderWay("another worker was faster")
        if request.serial is not None:
            serial_numbers.burn(request.serial, actor=actor, at=at)
        changed = SerialReservation.objects.filter(
            pk=reservation.pk, state=SerialState.RESERVED.value
        ).update(
            state=next_serial_state(SerialState.RESERVED, SerialAction.INTEND).value,
            intended_at=at,
            tbs_der=prepared.tbs_der,
            tbs_sha256=tbs_sha256,
            not_after=not_after,
            crl_shard=shard_of(request, reservation),
        )
        if changed != 1:
            raise RequestUnderWay("the serial number was taken away")
        record(
            IssuanceIntended(
                certificate_request_id=str(request.pk),
                issuer_id=request.issuer_id,
                serial=reservation.serial_hex,
                tbs_sha256=tbs_sha256,
                profile=profile.name,
                profile_sha256=profile.sha256,
                person_id=request.person_id,
                organization_id=request.organization_id,
            ),
            actor=actor,
            at=at,
        )


def _complete(
    request: CertificateRequest,
    reservation: SerialReservation,
    certificate_der: bytes,
    profile: Profile,
    *,
    actor: Actor,
    at: datetime,
) -> Certificate:
    """Arrow 5. The certificate, the end of the request and the event are one transaction."""
    parsed = x509.load_der_x509_certificate(certificate_der)
    certificate = certificate_row(
        request, reservation, parsed, profile, certificate_der=certificate_der, at=at
    )
    with transaction.atomic():
        used = SerialReservation.objects.filter(pk=reservation.pk, state=SerialState.INTENDED.value).update(
            state=next_serial_state(SerialState.INTENDED, SerialAction.USE).value
        )
        if used != 1:
            raise RequestUnderWay("the request was taken over; this certificate is thrown away")
        certificate.save(force_insert=True)
        moved = CertificateRequest.objects.filter(
            pk=request.pk, state=RequestState.SIGNING.value, serial=reservation
        ).update(
            state=next_request_state(RequestState.SIGNING, RequestAction.COMPLETE).value,
            certificate=certificate,
            leased_until=None,
        )
        if moved != 1:
            raise RequestUnderWay("the request was taken over; this certificate is thrown away")
        record(issued_event(request, certificate), actor=actor, at=at)
        if profile.is_authority:
            certify_issuer(certificate, actor=actor, at=at)
        revoke_if_withdrawn(CertificateRequest.objects.get(pk=request.pk), certificate, actor=actor, at=at)
    return certificate
