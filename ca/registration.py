"""Takes requests for certificates: checks at once what can be checked, and leaves the rest to the worker."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q

from ca.environments import Environment
from ca.errors import IdempotencyConflict, KeyRefused, ProfileRefused, UnknownIssuer, UnknownRequest
from ca.events import CertificateRequested
from ca.models import BlockedKey, Certificate, CertificateRequest, Issuer
from ca.pki import weak_keys
from ca.pki.errors import ProfileViolation, WeakKey
from ca.pki.profile import Profile
from ca.pki.subject import SubjectFacts, check_subject
from ca.policy_files import PolicyFiles, policy_files
from ca.states import RequestState as StoredState
from journal.actor import Actor, ActorKind
from journal.recording import record

OCSP_SIGNER: Final = "ocsp_signer"
"""The one profile that an issuer goes on issuing after it was retired: its status must be told to the end."""


class CarrierKind(StrEnum):
    """What holds the private key."""

    CARD = "card"
    FUNCTION = "function"
    NONE = "none"
    """Our own key, in the HSM."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestState:
    """How far a request has come.

    ``state`` is ``requested``, ``signing``, ``issued``, ``published`` or ``failed``. A certificate may
    be handed out only when ``published``: before that its status cannot be asked for.
    """

    state: str
    certificate_id: str | None
    failure: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockedKeys:
    """The blocklist in the database, for one subject: reported, revoked, or somebody else's.

    A subject is a person; what has no person is known by its carrier: the function, or our own key.
    """

    person_id: str
    carrier_kind: str
    carrier_id: str

    def weakness(self, public_key: bytes) -> str:
        """Return why the SubjectPublicKeyInfo (DER) is not certified for this subject, or nothing."""
        digest = hashlib.sha256(public_key).hexdigest()
        if BlockedKey.objects.filter(public_key_sha256=digest).exists():
            return "compromised"
        if self.revoked_serial(public_key) is not None:
            return "revoked_certificate"
        own = (
            Q(person_id=self.person_id)
            if self.person_id
            else Q(person_id="", carrier_kind=self.carrier_kind, carrier_id=self.carrier_id)
        )
        is_foreign = Certificate.objects.filter(~own, public_key_sha256=digest).exists()
        return "another_subject" if is_foreign else ""

    def revoked_serial(self, public_key: bytes) -> str | None:
        """Return the serial number of a revoked certificate of the key, for whatever reason, or None."""
        digest = hashlib.sha256(public_key).hexdigest()
        revoked = Certificate.objects.filter(public_key_sha256=digest, revoked_at__isnull=False)
        return revoked.values_list("serial_hex", flat=True).first()


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
    files = policy_files(environment)
    kind = CarrierKind(carrier_kind)
    wanted = files.profile(profile)
    content = {
        "profile": profile,
        "subject": subject.to_json(),
        "public_key": hashlib.sha256(public_key).hexdigest(),
        "person": person_id,
        "organization": organization_id,
        "carrier": [kind.value, carrier_id, name],
    }
    if environment is not Environment.PROD:
        content["environment"] = environment.value
    fingerprint = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    earlier = _earlier(idempotency_key, fingerprint)
    if earlier is not None:
        return earlier
    _check_profile(files, wanted, subject, kind, actor)
    blocked = BlockedKeys(person_id=person_id, carrier_kind=kind.value, carrier_id=carrier_id)
    _check_key(files, wanted, public_key, blocked)
    issuer_key = _chosen_issuer(files, wanted, subject.policy, issuer, actor)
    if not Issuer.objects.filter(key=issuer_key).exists():
        raise UnknownIssuer("the key ceremony has not been held", facts={"issuer": issuer_key})
    request = CertificateRequest(
        issuer_id=issuer_key,
        environment=environment.value,
        profile=profile,
        subject=subject.to_json(),
        public_key=public_key,
        not_after=not_after,
        person_id=person_id,
        organization_id=organization_id,
        carrier_kind=kind.value,
        carrier_id=carrier_id,
        name=name,
        idempotency_key=idempotency_key,
        fingerprint=fingerprint,
        requested_at=at,
    )
    try:
        with transaction.atomic():
            request.save(force_insert=True)
            record(_requested(request), actor=actor, at=at)
    except IntegrityError:
        # Somebody else used the idempotency key since we looked.
        earlier = _earlier(idempotency_key, fingerprint)
        if earlier is None:
            raise
        return earlier
    return request


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


def _check_profile(
    files: PolicyFiles, profile: Profile, subject: SubjectFacts, kind: CarrierKind, actor: Actor
) -> None:
    is_ours = files.hierarchy.key_class(profile.key_class).signature_algorithm is not None
    if is_ours is not (kind is CarrierKind.NONE) or (is_ours and actor.kind is not ActorKind.SYSTEM):
        raise ProfileRefused(
            f"{profile.name} is not for a key on a {kind.value}",
            facts={"profile": profile.name, "rule": "carrier"},
        )
    try:
        check_subject(profile, subject)
    except ProfileViolation as violation:
        raise ProfileRefused(
            f"the subject does not fit {profile.name}: {violation}",
            facts={"profile": profile.name, **violation.facts},
        ) from violation


def _chosen_issuer(files: PolicyFiles, profile: Profile, policy: str, named: str, actor: Actor) -> str:
    closed = frozenset(
        Issuer.objects.filter(environment=files.environment.value)
        .filter(Q(retired_at__isnull=False) | Q(certified_at__isnull=True))
        .values_list("key", flat=True)
    )
    if not named:
        return files.issuer_of(profile, policy, closed=closed)
    _demand_open(named, profile)
    try:
        plan = files.hierarchy.issuer(named)
    except ProfileViolation as violation:
        raise ProfileRefused(
            f"{named} is no issuer of {files.environment.value}",
            facts={"profile": profile.name, "rule": "issuer"},
        ) from violation
    is_own = plan.is_root and plan.profile == profile.name
    if actor.kind is not ActorKind.SYSTEM or not (is_own or profile.name in plan.issues):
        raise ProfileRefused(
            f"{named} does not issue {profile.name}", facts={"profile": profile.name, "rule": "issuer"}
        )
    return plan.key


def _demand_open(named: str, profile: Profile) -> None:
    """Refuse what is asked of an issuer that was retired; its OCSP signers are renewed to the end."""
    if profile.name == OCSP_SIGNER:
        return
    if Issuer.objects.filter(key=named, retired_at__isnull=False).exists():
        raise ProfileRefused(
            f"{named} was retired and issues nothing new",
            facts={"profile": profile.name, "rule": "issuer_retired", "issuer": named},
        )


def _check_key(files: PolicyFiles, profile: Profile, public_key: bytes, blocked: BlockedKeys) -> None:
    try:
        weak_keys.check(public_key, blocklist=blocked)
        fits = files.hierarchy.key_class(profile.key_class).takes(public_key)
    except WeakKey as weak:
        facts = {"weakness": weak.weakness}
        if weak.weakness == "revoked_certificate":
            facts["serial"] = blocked.revoked_serial(public_key) or ""
        raise KeyRefused(f"the key may not be certified: {weak}", facts=facts) from weak
    if not fits:
        raise KeyRefused(
            f"{profile.name} does not take this kind of key",
            facts={"weakness": "kind", "profile": profile.name},
        )


def _earlier(idempotency_key: str, fingerprint: str) -> CertificateRequest | None:
    earlier = CertificateRequest.objects.filter(idempotency_key=idempotency_key).first()
    if earlier is not None and earlier.fingerprint != fingerprint:
        raise IdempotencyConflict("the idempotency key was used for another request")
    return earlier


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
