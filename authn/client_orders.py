"""The client's side of an order: claim it, answer it, give it up."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import QuerySet

from authn import configuration, lifecycle, platforms, rate_limits
from authn.certificate import HolderCertificate
from authn.checks import Checked, Requirement, check_answer
from authn.errors import AlreadyClaimed, CheckFailed, ClientTooOld, OrderMoved, OrderNotFound, Unauthorized
from authn.evidence import Answer, ClientKey, Flow, RequestSignatureInvalid, b64, verify_request
from authn.hints import AbortReason, FailureHint
from authn.lifecycle import Claim
from authn.models import AuthnOrder, Evidence
from authn.orders import token_digest
from authn.qr import is_genuine, read_frame
from authn.selectors import question_of
from authn.states import IllegalTransition, OrderState, is_late
from authn.trust import load_trust
from journal.actor import Actor, ActorKind

_LONGEST_APP: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedCall:
    """A request of the client as it came in: what its detached JWS must be over."""

    method: str
    path: str
    body: bytes
    signature: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """What lets the client send the browser back: `d`, to be joined with its own `u`."""

    d: str
    return_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientApp:
    """What a client says of itself: name, version, and the system it runs on, if it tells."""

    name: str
    version: tuple[int, ...]
    system: str = ""
    system_version: tuple[int, ...] = ()

    @property
    def said(self) -> str:
        """Return it in one line, as the relying party is told."""
        version = ".".join(str(part) for part in self.version)
        return f"{self.name}/{version} {self.system}".strip()[:_LONGEST_APP]

    def is_too_old(self) -> bool:
        """Say whether the client, or the system below it, is older than it may be (APP-1 to APP-6)."""
        least = platforms.parse_version(configuration.client_rules().least_version)
        return self.version < least or platforms.is_too_old(self.system, self.system_version)


def claim(token: str, client_key: ClientKey, *, app: ClientApp, address: str, at: datetime) -> AuthnOrder:
    """Give the order behind an autostart token to the first client that asks.

    Raises TooManyRequests, OrderNotFound (unknown or too late), AlreadyClaimed, ClientTooOld (the order is
    then failed, so that the waiting page can say so).
    """
    _count(address, at=at)
    order = _orders().filter(autostart_token_sha256=token_digest(token), flow=Flow.SAME_DEVICE).first()
    if order is None:
        raise OrderNotFound("no such order")
    return _claimed(order, client_key, app=app, address=address, at=at)


def claim_by_qr(
    text: str, client_key: ClientKey, *, app: ClientApp, address: str, at: datetime
) -> AuthnOrder:
    """Give the order behind a scanned frame to the first client that asks while the frame is fresh.

    Raises what `claim` raises; a frame that is forged, of another order, older than five seconds or of the
    future is OrderNotFound, like one that never was.
    """
    _count(address, at=at)
    frame = read_frame(text)
    order = _orders().filter(qr_token_sha256=token_digest(frame.token)).first() if frame else None
    if frame is None or order is None:
        raise OrderNotFound("no such order")
    elapsed = (at - order.created_at).total_seconds()
    if not is_genuine(frame, secret=bytes(order.qr_secret), elapsed=elapsed):
        raise OrderNotFound("no such order")
    return _claimed(order, client_key, app=app, address=address, at=at)


def _count(address: str, *, at: datetime) -> None:
    limit = configuration.client_rules().claims_per_minute
    rate_limits.count_request(f"claim:{address}", limit=limit, at=at)


def _orders() -> QuerySet[AuthnOrder]:
    return AuthnOrder.objects.select_related("relying_party")


def _claimed(
    order: AuthnOrder,
    client_key: ClientKey,
    *,
    app: ClientApp,
    address: str,
    at: datetime,
) -> AuthnOrder:
    if order.state != OrderState.CREATED:
        raise AlreadyClaimed("another client was first")
    if is_late(OrderState.CREATED, since=order.state_since, at=at):
        raise OrderNotFound("no such order")
    actor = _client(address)
    try:
        if app.is_too_old():
            lifecycle.fail(order, FailureHint.CLIENT_TOO_OLD, actor=actor, at=at)
            raise ClientTooOld("the client is too old")
        given = Claim(client_key=client_key, app=app.said, address=address)
        return lifecycle.claim(order, given, actor=actor, at=at)
    except OrderMoved as error:
        raise AlreadyClaimed("another client was first") from error


def respond(
    order_id: str, answer: Answer, certificate: HolderCertificate, *, call: SignedCall, at: datetime
) -> Accepted:
    """Check the answer and complete the order, or fail it.

    Raises OrderNotFound, Unauthorized, OrderMoved (answered before), or CheckFailed after the order was
    failed with the same hint.
    """
    order = claimed_order(order_id, call=call, at=at)  # check 1
    actor = _client(call.address)
    try:
        lifecycle.answer(order, actor=actor, at=at)
    except IllegalTransition as error:
        raise OrderMoved("the order was answered before") from error
    try:
        checked = check_answer(
            answer,
            certificate,
            question=question_of(order),
            requirement=_requirement(order),
            trust=load_trust(),
            at=at,
        )
        evidence = _evidence(order, answer, certificate, checked, at=at)
        lifecycle.complete(order, evidence, actor=actor, at=at)  # checks 14 and 16
    except CheckFailed as failure:
        digest = certificate.sha256_hex
        lifecycle.fail(order, failure.hint, actor=actor, at=at, certificate_sha256=digest)
        raise
    return Accepted(d=order.return_proof, return_url=order.return_url)


def abort(order_id: str, reason: AbortReason, *, call: SignedCall, at: datetime) -> None:
    """End the order because the client or the person gave up; raises as `claimed_order` does."""
    order = claimed_order(order_id, call=call, at=at)
    try:
        lifecycle.fail(order, FailureHint(reason.value), actor=_client(call.address), at=at)
    except IllegalTransition as error:
        raise OrderMoved("the order has ended") from error


def claimed_order(order_id: str, *, call: SignedCall, at: datetime) -> AuthnOrder:
    """Return the order if the call is signed by the client that claimed it, and it is still time.

    Raises OrderNotFound for orders that are unknown, unclaimed or too late; Unauthorized. That it was not
    answered before is seen by whoever moves it on.
    """
    order = AuthnOrder.objects.select_related("relying_party").filter(pk=order_id).first()
    if order is None or order.claimed_at is None:
        raise OrderNotFound("no such order")
    key = ClientKey(x=order.client_key_x, y=order.client_key_y)
    try:
        verify_request(key, call.signature, method=call.method, path=call.path, body=call.body)
    except RequestSignatureInvalid as error:
        raise Unauthorized("not signed by the client that claimed the order") from error
    if is_late(OrderState.CLAIMED, since=order.state_since, at=at):
        raise OrderNotFound("no such order")
    return order


def _requirement(order: AuthnOrder) -> Requirement:
    return Requirement(
        loas=tuple(order.wanted_loa),
        carriers=tuple(order.wanted_carriers),
        issuers=tuple(order.wanted_issuers),
        subject_hashes=tuple(order.wanted_subject_hashes),
    )


def _evidence(
    order: AuthnOrder, answer: Answer, certificate: HolderCertificate, checked: Checked, *, at: datetime
) -> Evidence:
    return Evidence(
        order=order,
        question=question_of(order).as_json(),
        tbs=checked.tbs,
        algorithm=answer.algorithm,
        signature=answer.signature,
        user_challenge=answer.user_challenge,
        server_spki=answer.server_spki,
        certificate_der=certificate.der,
        certificate_sha256=certificate.sha256_hex,
        chain_der=[b64(der) for der in checked.proof.path],
        ocsp_der=checked.proof.ocsp_der,
        crls_der=[b64(der) for der in checked.proof.crls_der],
        policy_oids=list(certificate.policy_oids),
        loa=checked.meaning.loa,
        carrier=checked.meaning.carrier.value,
        card_number=certificate.card_number,
        checked_at=at,
    )


def _client(address: str) -> Actor:
    return Actor(kind=ActorKind.SERVICE, identifier="authn-client", client_address=address)
