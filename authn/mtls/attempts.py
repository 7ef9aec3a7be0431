"""The relying party's interface to two-way TLS: start an attempt, ask how it goes, redeem its code once.

The browser goes to `Started.start_url`, shows its certificate there, and comes back to the return address
with a code. The code is worth something only together with `tx`, which the relying party keeps in the session
of that very browser: a link that is sent on, or a code that is planted, logs nobody in.
"""

import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from authn import configuration, rate_limits
from authn.certificate import read_certificate
from authn.checks import Requirement
from authn.demands import canonical_requirement, registered_origin
from authn.encoding import b64url, sha256, unb64
from authn.errors import AttemptMoved, InvalidParameters, MtlsNotOffered, OrderNotFound
from authn.hints import FailureHint, PendingHint
from authn.models import RelyingParty
from authn.mtls import lifecycle
from authn.mtls.models import MtlsAttempt, MtlsEvidence
from authn.mtls.names import names
from authn.mtls.states import LIMITS, AttemptState, is_gone, is_late
from authn.orders import Failed, Pending, Ready
from authn.states import IllegalTransition
from authn.trust import Carrier
from journal.actor import Actor

_SECRET_OCTETS = 32
_NO_DEMANDS = Requirement()


@dataclass(frozen=True, slots=True, kw_only=True)
class MtlsRequest:
    """What a relying party asks for; `language` is that of the pages the person may see, sv or en."""

    return_url: str
    language: str = "sv"
    requirement: Requirement = _NO_DEMANDS
    end_user_address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """What the relying party keeps: `tx` in the browser's session, which is sent on to `start_url`."""

    attempt_ref: str
    tx: str
    start_url: str
    use_before: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Redeemed:
    """Who showed which certificate, and what proves that it stood; given once."""

    given_name: str
    surname: str
    personal_identity_number: str
    hsa_id: str
    loa: str
    policy_oids: tuple[str, ...]
    carrier: Carrier
    card_number: str
    certificate_der: bytes
    chain_der: tuple[bytes, ...]
    ocsp_der: bytes
    crls_der: tuple[bytes, ...]
    checked_at: datetime
    evidence_id: str


def start(rp_id: str, request: MtlsRequest, *, actor: Actor, at: datetime) -> Started:
    """Start an attempt for a registered relying party that may.

    Raises MtlsNotOffered, InvalidParameters, ReturnUrlNotRegistered or TooManyRequests, as orders do.
    """
    here = names()
    relying_party = RelyingParty.objects.filter(rp_id=rp_id, closed_at__isnull=True).first()
    if relying_party is None:
        raise InvalidParameters("not a registered relying party")
    if not relying_party.allows_mtls:
        raise MtlsNotOffered("the relying party is not registered for two-way TLS")
    if request.end_user_address:  # first: what one address is refused must not use up what all share
        limit = configuration.client_rules().starts_per_minute
        rate_limits.count_request(f"start:{rp_id}:{request.end_user_address}", limit=limit, at=at)
    rate_limits.count_request(f"start:{rp_id}", limit=relying_party.orders_per_minute, at=at)
    registered_origin(relying_party, request.return_url)
    requirement = canonical_requirement(relying_party, request.requirement)
    tx = b64url(secrets.token_bytes(_SECRET_OCTETS))
    attempt = MtlsAttempt(
        relying_party=relying_party,
        state_since=at,
        tx_sha256=digest_of(tx),
        return_url=request.return_url,
        language="en" if request.language == "en" else "sv",
        wanted_loa=list(requirement.loas),
        wanted_carriers=list(requirement.carriers),
        wanted_issuers=list(requirement.issuers),
        wanted_subject_hashes=list(requirement.subject_hashes),
        end_user_address=request.end_user_address,
        created_at=at,
    )
    lifecycle.start(attempt, actor=actor, at=at)
    return Started(
        attempt_ref=str(attempt.pk),
        tx=tx,
        start_url=here.start_address(tx),
        use_before=at + LIMITS[AttemptState.OPEN],
    )


def progress(rp_id: str, tx: str, *, at: datetime) -> Pending | Failed | Ready:
    """Say how an attempt goes without giving anything away; raises OrderNotFound."""
    attempt = _attempt_of(rp_id, tx, at=at)
    state = AttemptState(attempt.state)
    if state is AttemptState.FAILED:
        return Failed(hint=FailureHint(attempt.failure))
    if is_late(state, since=attempt.state_since, at=at):
        return Failed(hint=FailureHint.EXPIRED)
    return Ready() if state is AttemptState.PROVED else Pending(hint=PendingHint.OUTSTANDING)


def redeem(rp_id: str, tx: str, code: str, *, actor: Actor, at: datetime) -> Redeemed:
    """Return the answer, once, to the relying party whose browser brought the code back.

    Raises OrderNotFound for everything else: another's attempt, a wrong or late code, the second who asks.
    """
    attempt = _attempt_of(rp_id, tx, at=at)
    state = AttemptState(attempt.state)
    is_its_code = secrets.compare_digest(attempt.code_sha256 or "", digest_of(code))
    if (
        state is not AttemptState.PROVED
        or not is_its_code
        or is_late(state, since=attempt.state_since, at=at)
    ):
        raise OrderNotFound("no such attempt")
    try:
        lifecycle.redeem(attempt, actor=actor, at=at)
    except (AttemptMoved, IllegalTransition) as error:
        raise OrderNotFound("no such attempt") from error
    return _redeemed(MtlsEvidence.objects.get(attempt=attempt))


def cancel(rp_id: str, tx: str, *, actor: Actor, at: datetime) -> None:
    """End the attempt if it is still open; raises OrderNotFound only for attempts never seen."""
    attempt = _attempt_of(rp_id, tx, at=at)
    with suppress(AttemptMoved, IllegalTransition):  # it has ended already, one way or the other
        lifecycle.fail(attempt, FailureHint.RP_CANCEL, actor=actor, at=at)


def digest_of(secret: str) -> str:
    """Return what is stored of a `tx` or code, so that the table alone opens nothing."""
    return sha256(secret.encode("utf-8", "replace")).hex()


def _attempt_of(rp_id: str, tx: str, *, at: datetime) -> MtlsAttempt:
    attempts = MtlsAttempt.objects.select_related("relying_party").filter(relying_party__rp_id=rp_id)
    attempt = attempts.filter(tx_sha256=digest_of(tx)).first()
    if attempt is None or is_gone(AttemptState(attempt.state), since=attempt.state_since, at=at):
        raise OrderNotFound("no such attempt")
    return attempt


def _redeemed(evidence: MtlsEvidence) -> Redeemed:
    certificate = read_certificate(bytes(evidence.certificate_der))
    return Redeemed(
        given_name=certificate.given_name,
        surname=certificate.surname,
        personal_identity_number=certificate.personal_identity_number,
        hsa_id=certificate.hsa_id,
        loa=evidence.loa,
        policy_oids=tuple(evidence.policy_oids),
        carrier=Carrier(evidence.carrier),
        card_number=evidence.card_number,
        certificate_der=certificate.der,
        chain_der=tuple(unb64(der) for der in evidence.chain_der),
        ocsp_der=bytes(evidence.ocsp_der),
        crls_der=tuple(unb64(crl) for crl in evidence.crls_der),
        checked_at=evidence.checked_at,
        evidence_id=str(evidence.pk),
    )
