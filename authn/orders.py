"""The relying party's interface: start an order, ask how it goes, collect its answer once, cancel it.

The portal calls it in process; the relying-party API will offer the same functions over HTTP. No other
module of authn is meant for relying parties.
"""

import hashlib
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from authn import configuration, lifecycle, rate_limits
from authn.certificate import read_certificate
from authn.checks import Requirement
from authn.demands import canonical_requirement, registered_origin
from authn.errors import (
    AlreadyInProgress,
    InvalidParameters,
    OrderMoved,
    OrderNotFound,
    ReturnCodeWrong,
)
from authn.evidence import (
    MAX_NON_VISIBLE_OCTETS,
    RP_CHALLENGE_OCTETS,
    SERVER_RANDOM_OCTETS,
    EvidenceInvalid,
    Flow,
    Purpose,
    b64url,
    check_visible_text,
    return_code,
    return_proof,
    unb64,
    verification_code,
)
from authn.hints import FailureHint, PendingHint
from authn.models import AuthnOrder, Evidence, RelyingParty
from authn.selectors import expires_at, orders_in_progress
from authn.states import LATE, LIMITS, PENDING, IllegalTransition, OrderState, is_gone, is_late
from authn.trust import Carrier
from journal.actor import Actor

POLL_INTERVAL = 2  # seconds
_TOKEN_OCTETS = 24
_SECRET_OCTETS = 32
_QR_TOKEN_OCTETS = 16
_NO_DEMANDS = Requirement()


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRequest:
    """What a relying party asks for; `language` chooses its registered name, sv or en."""

    rp_challenge: bytes
    return_url: str
    visible_text: str
    purpose: Purpose = Purpose.AUTH
    flow: Flow = Flow.SAME_DEVICE
    language: str = "sv"
    non_visible: bytes = b""
    requirement: Requirement = _NO_DEMANDS
    end_user_address: str = ""
    is_alone: bool = False
    """Refused where another order of the relying party for the same one person is open; that one ends too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """What the relying party keeps on its server side; only the token and the code reach the browser."""

    order_ref: str
    autostart_token: str
    qr_start_token: str
    qr_start_secret: bytes
    session_secret: bytes
    verification_code: str
    rp_name: str
    claim_before: datetime
    poll_interval: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """No answer yet."""

    hint: PendingHint


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """There will be no answer."""

    hint: FailureHint


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """The answer can be collected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Complete:
    """Who signed, and the evidence; given once."""

    given_name: str
    surname: str
    personal_identity_number: str
    hsa_id: str
    loa: str
    policy_oids: tuple[str, ...]
    carrier: Carrier
    card_number: str
    certificate_der: bytes
    certificate_sha256: str
    chain_der: tuple[bytes, ...]
    serial_number: int
    issuer_name: str
    tbs: bytes
    server_random: bytes
    expires_at: int
    algorithm: str
    signature: bytes
    user_challenge: str
    server_spki: str
    ocsp_der: bytes
    crls_der: tuple[bytes, ...]
    checked_at: datetime
    evidence_id: str
    client_app: str
    client_address: str
    same_address: bool


def start(rp_id: str, request: StartRequest, *, actor: Actor, at: datetime) -> Started:
    """Start an order for a registered relying party.

    Raises InvalidParameters, ReturnUrlNotRegistered, AlreadyInProgress (which ends the orders that were in
    the way, as BankID does) or TooManyRequests (per relying party and per address of the end user).
    """
    relying_party = RelyingParty.objects.filter(rp_id=rp_id, closed_at__isnull=True).first()
    if relying_party is None:
        raise InvalidParameters("not a registered relying party")
    if request.end_user_address:  # first: what one address is refused must not use up what all share
        limit = configuration.client_rules().starts_per_minute
        # A count of its own for each service: its word on addresses takes no login from another.
        source = f"start:{rp_id}:{request.end_user_address}"
        rate_limits.count_request(source, limit=limit, at=at)
    rate_limits.count_request(f"start:{rp_id}", limit=relying_party.orders_per_minute, at=at)
    token, session_secret = b64url(secrets.token_bytes(_TOKEN_OCTETS)), secrets.token_bytes(_SECRET_OCTETS)
    order = _new_order(relying_party, request, at=at)
    order.autostart_token_sha256 = token_digest(token)
    qr_token, qr_secret = b64url(secrets.token_bytes(_QR_TOKEN_OCTETS)), secrets.token_bytes(_SECRET_OCTETS)
    if request.flow is Flow.OTHER_DEVICE:
        order.qr_token_sha256, order.qr_secret = token_digest(qr_token), qr_secret
    order.return_proof = return_proof(session_secret)
    if request.is_alone:
        _start_alone(order, actor=actor, at=at)
    else:
        lifecycle.start(order, actor=actor, at=at)
    return Started(
        order_ref=str(order.pk),
        autostart_token=token,
        qr_start_token=qr_token,
        qr_start_secret=qr_secret,
        session_secret=session_secret,
        verification_code=verification_code(request.rp_challenge),
        rp_name=order.rp_name,
        claim_before=at + LIMITS[OrderState.CREATED],
        poll_interval=POLL_INTERVAL,
    )


def _start_alone(order: AuthnOrder, *, actor: Actor, at: datetime) -> None:
    """Insert an order unless the service has one open for the same person; else that one ends, and both do.

    Whoever starts a login for somebody else's number holds up one start: the next finds no order open. An
    answer that a card has given already is not thrown away by anybody's start.
    """
    with transaction.atomic():
        # One start of a service at a time, so that of two at the same instant the later sees the earlier.
        RelyingParty.objects.select_for_update(no_key=True).get(pk=order.relying_party_id)
        others = orders_in_progress(order.relying_party, order.wanted_subject_hashes, at=at)
        if not others:
            lifecycle.start(order, actor=actor, at=at)
            return
    for other in others:
        if other.state == OrderState.VERIFYING.value:
            continue  # signed, and checked within seconds
        with suppress(OrderMoved, IllegalTransition):  # it was answered or ended meanwhile
            lifecycle.fail(other, FailureHint.RP_CANCEL, actor=actor, at=at)
    raise AlreadyInProgress("another order for the same person was open; unless it is answered, it has ended")


def progress(rp_id: str, order_ref: str, *, at: datetime) -> Pending | Failed | Ready:
    """Say how an order goes without giving anything away; raises OrderNotFound."""
    order = _order_of(rp_id, order_ref, at=at)
    state = OrderState(order.state)
    if state is OrderState.FAILED:
        return Failed(hint=FailureHint(order.failure))
    if state is OrderState.COMPLETE:
        return Ready()
    if is_late(state, since=order.state_since, at=at):
        return Failed(hint=LATE[state])
    return Pending(hint=PENDING[state])


def collect(rp_id: str, order_ref: str, *, actor: Actor, at: datetime) -> Pending | Failed | Complete:
    """Return the answer, once; or how the order goes.

    Raises OrderNotFound for everything the relying party may not see: also for the second who collects.
    """
    seen = progress(rp_id, order_ref, at=at)
    if not isinstance(seen, Ready):
        return seen
    order = _order_of(rp_id, order_ref, at=at)
    try:
        lifecycle.collect(order, actor=actor, at=at)
    except (OrderMoved, IllegalTransition) as error:
        raise OrderNotFound("no such order") from error
    return _complete(order, Evidence.objects.get(order=order))


def collect_by_code(
    rp_id: str, order_ref: str, code: str, *, actor: Actor, at: datetime
) -> Pending | Failed | Complete:
    """Return the answer, once, to who types the digits that the client shows (same device, section 5).

    For a browser that the client cannot open. Three tries: the third wrong one throws the answer away. It can
    be told on, so what it opens is for the relying party to say. Raises OrderNotFound, ReturnCodeWrong.
    """
    seen = progress(rp_id, order_ref, at=at)
    if not isinstance(seen, Ready):
        return seen
    order = _order_of(rp_id, order_ref, at=at)
    tries_left = lifecycle.count_return_code(order)
    if order.flow != Flow.SAME_DEVICE or tries_left < 0:
        raise OrderNotFound("no such order")
    expected = return_code(Evidence.objects.get(order=order).user_challenge)
    typed = "".join(code.split())
    if secrets.compare_digest(expected.encode(), typed.encode("utf-8", "replace")):
        return collect(rp_id, order_ref, actor=actor, at=at)
    if tries_left == 0:
        with suppress(OrderMoved, IllegalTransition):  # the browser came back meanwhile
            lifecycle.collect(order, actor=actor, at=at)
    raise ReturnCodeWrong(tries_left=tries_left)


def cancel(rp_id: str, order_ref: str, *, actor: Actor, at: datetime) -> None:
    """End the order if it is still open; raises OrderNotFound only for orders never seen."""
    order = _order_of(rp_id, order_ref, at=at)
    try:
        lifecycle.fail(order, FailureHint.RP_CANCEL, actor=actor, at=at)
    except (OrderMoved, IllegalTransition):
        return  # already ended, one way or the other


def token_digest(token: str) -> str:
    """Return what is stored of an autostart token, so that the table alone claims nothing."""
    return hashlib.sha256(token.encode()).hexdigest()


def _order_of(rp_id: str, order_ref: str, *, at: datetime) -> AuthnOrder:
    orders = AuthnOrder.objects.select_related("relying_party").filter(relying_party__rp_id=rp_id)
    order = orders.filter(pk=order_ref).first()
    if order is None or is_gone(OrderState(order.state), since=order.state_since, at=at):
        raise OrderNotFound("no such order")
    return order


def _new_order(relying_party: RelyingParty, request: StartRequest, *, at: datetime) -> AuthnOrder:
    if request.flow not in relying_party.flows or request.purpose not in relying_party.purposes:
        raise InvalidParameters("the relying party may not ask for this flow or purpose")
    if len(request.rp_challenge) != RP_CHALLENGE_OCTETS or len(request.non_visible) > MAX_NON_VISIBLE_OCTETS:
        raise InvalidParameters("rpChallenge has 64 octets, nonVisible at most 32 kB")
    try:
        check_visible_text(request.visible_text)
    except EvidenceInvalid as error:
        raise InvalidParameters("the visible text cannot be shown as it is") from error
    requirement = canonical_requirement(relying_party, request.requirement)
    return AuthnOrder(
        relying_party=relying_party,
        state_since=at,
        created_at=at,
        purpose=request.purpose.value,
        flow=request.flow.value,
        rp_challenge=request.rp_challenge,
        server_random=secrets.token_bytes(SERVER_RANDOM_OCTETS),
        rp_name=relying_party.name_in(request.language),
        return_url=request.return_url,
        rp_origin=registered_origin(relying_party, request.return_url),
        visible_text=request.visible_text,
        visible_language=request.language[:8],
        non_visible=request.non_visible,
        wanted_loa=list(requirement.loas),
        wanted_carriers=list(requirement.carriers),
        wanted_issuers=list(requirement.issuers),
        wanted_subject_hashes=list(requirement.subject_hashes),
        end_user_address=request.end_user_address,
    )


def _complete(order: AuthnOrder, evidence: Evidence) -> Complete:
    certificate = read_certificate(bytes(evidence.certificate_der))
    return Complete(
        given_name=certificate.given_name,
        surname=certificate.surname,
        personal_identity_number=certificate.personal_identity_number,
        hsa_id=certificate.hsa_id,
        loa=evidence.loa,
        policy_oids=tuple(evidence.policy_oids),
        carrier=Carrier(evidence.carrier),
        card_number=evidence.card_number,
        certificate_der=certificate.der,
        certificate_sha256=evidence.certificate_sha256,
        chain_der=tuple(unb64(der) for der in evidence.chain_der),
        serial_number=certificate.serial_number,
        issuer_name=certificate.issuer_name,
        tbs=bytes(evidence.tbs),
        server_random=bytes(order.server_random),
        expires_at=expires_at(order),
        algorithm=evidence.algorithm,
        signature=bytes(evidence.signature),
        user_challenge=evidence.user_challenge,
        server_spki=evidence.server_spki,
        ocsp_der=bytes(evidence.ocsp_der),
        crls_der=tuple(unb64(crl) for crl in evidence.crls_der),
        checked_at=evidence.checked_at,
        evidence_id=str(evidence.pk),
        client_app=order.client_app,
        client_address=order.client_address,
        same_address=order.client_address == order.end_user_address,
    )
