"""Takes requests for certificates: checks at once what can be checked, and leaves the rest to the worker."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from ca.blocklist import BlockedKeys, known_keys
from ca.environments import Environment
from ca.errors import IdempotencyConflict, UnknownIssuer, UnknownRequest
from ca.events import CertificateRequested
from ca.models import CertificateRequest, Issuer
from ca.pki.subject import SubjectFacts
from ca.policy_files import policy_files
from ca.request_checks import OCSP_SIGNER, check_key, check_profile, chosen_issuer
from ca.request_draft import CarrierKind, RequestDraft, RequestState
from ca.states import RequestState as StoredState
from journal.actor import Actor
from journal.recording import record_all

__all__ = [
    "OCSP_SIGNER",
    "CarrierKind",
    "RequestDraft",
    "RequestState",
    "request_certificate",
    "request_certificates",
    "request_state",
]


def request_certificate(
    *,
    profile: str,
    subject: SubjectFacts,
    public_key: bytes,
    person_id: str,
    organization_id: str,
    carrier_kind: str,
    carrier_id: str,
    name: str,
    idempotency_key: str,
    actor: Actor,
    at: datetime,
    not_after: datetime | None = None,
    issuer: str = "",
    environment: Environment = Environment.PROD,
) -> CertificateRequest:
    """Register a request and return its row; the same idempotency key gives the same row.

    ``public_key`` is a SubjectPublicKeyInfo in DER whose possession was proved. ``not_after`` bounds the
    validity from above, as a card's own expiry does. ``issuer`` names the issuer where profile and policy
    leave a choice that only our own jobs make: whose OCSP signer it is. ``environment`` is that of the
    card or the function object: only its issuers can come of it. Works inside the caller's transaction.
    Raises ``KeyRefused`` (weak, blocked, of a revoked certificate or not of the profile's kind),
    ``ProfileRefused``, ``UnknownIssuer`` before the ceremony, and ``IdempotencyConflict`` when
    the key was used for another request.
    """
    draft = RequestDraft(
        profile=profile,
        subject=subject,
        public_key=public_key,
        person_id=person_id,
        organization_id=organization_id,
        carrier_kind=CarrierKind(carrier_kind),
        carrier_id=carrier_id,
        name=name,
        idempotency_key=idempotency_key,
        not_after=not_after,
        issuer=issuer,
        environment=environment,
    )
    (request,) = request_certificates([draft], actor=actor, at=at)
    return request


def request_certificates(
    drafts: Sequence[RequestDraft], *, actor: Actor, at: datetime
) -> list[CertificateRequest]:
    """Register several requests as ``request_certificate`` does each, all or none; their rows in order.

    A thousand cost the database little more than one. Raises what ``request_certificate`` raises.
    """
    found = _earlier(drafts)
    fresh = list({one.idempotency_key: one for one in drafts if one.idempotency_key not in found}.values())
    if not fresh:
        return [found[one.idempotency_key] for one in drafts]
    known = known_keys([one.public_key_sha256 for one in fresh])
    issuers = list(Issuer.objects.defer("certificate_der", "public_key"))
    rows = [_checked(one, known=known, issuers=issuers, actor=actor, at=at) for one in fresh]
    try:
        with transaction.atomic():
            CertificateRequest.objects.bulk_create(rows)
            record_all([_requested(row) for row in rows], actor=actor, at=at)
    except IntegrityError:
        # Somebody else used an idempotency key since we looked.
        if not _earlier(fresh):
            raise
        return [request_certificates([one], actor=actor, at=at)[0] for one in drafts]
    found.update((row.idempotency_key, row) for row in rows)
    return [found[one.idempotency_key] for one in drafts]


def _checked(
    draft: RequestDraft, *, known: frozenset[str], issuers: list[Issuer], actor: Actor, at: datetime
) -> CertificateRequest:
    """Return the row of a request that may be made, not stored; raises as ``request_certificate`` does."""
    files = policy_files(draft.environment)
    wanted = files.profile(draft.profile)
    check_profile(files, wanted, draft.subject, draft.carrier_kind, actor)
    blocked = BlockedKeys(
        person_id=draft.person_id, carrier_kind=draft.carrier_kind.value, carrier_id=draft.carrier_id
    )
    check_key(files, wanted, draft.public_key, blocked, is_known=draft.public_key_sha256 in known)
    issuer_key = chosen_issuer(files, wanted, draft, actor, issuers)
    if all(one.key != issuer_key for one in issuers):
        raise UnknownIssuer("the key ceremony has not been held", facts={"issuer": issuer_key})
    return CertificateRequest(
        issuer_id=issuer_key,
        environment=draft.environment.value,
        profile=draft.profile,
        subject=draft.subject.to_json(),
        public_key=draft.public_key,
        not_after=draft.not_after,
        person_id=draft.person_id,
        organization_id=draft.organization_id,
        carrier_kind=draft.carrier_kind.value,
        carrier_id=draft.carrier_id,
        name=draft.name,
        idempotency_key=draft.idempotency_key,
        fingerprint=draft.fingerprint,
        requested_at=at,
    )


def request_state(request_id: UUID | str) -> RequestState:
    """Return how far a request has come. Raises ``UnknownRequest``."""
    found = (
        CertificateRequest.objects.filter(pk=request_id)
        .values("state", "certificate_id", "failure", "certificate__published_at")
        .first()
    )
    if found is None:
        raise UnknownRequest("there is no such certificate request")
    is_published = found["certificate__published_at"] is not None
    certificate_id = found["certificate_id"]
    return RequestState(
        state="published" if is_published else StoredState(found["state"]).value,
        certificate_id=None if certificate_id is None else str(certificate_id),
        failure=found["failure"],
    )


def _earlier(drafts: Sequence[RequestDraft]) -> dict[str, CertificateRequest]:
    keys = [one.idempotency_key for one in drafts]
    found = {row.idempotency_key: row for row in CertificateRequest.objects.filter(idempotency_key__in=keys)}
    used = {key: row.fingerprint for key, row in found.items()}
    for one in drafts:
        if used.setdefault(one.idempotency_key, one.fingerprint) != one.fingerprint:
            raise IdempotencyConflict("the idempotency key was used for another request")
    return found


def _requested(request: CertificateRequest) -> CertificateRequested:
    return CertificateRequested(
        certificate_request_id=str(request.pk),
        issuer_id=request.issuer_id,
        profile=request.profile,
        person_id=request.person_id,
        organization_id=request.organization_id,
        carrier_kind=request.carrier_kind,
        carrier_id=request.carrier_id,
        name=request.name,
    )
