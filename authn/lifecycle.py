"""The only writer of orders: one verb per action, each one compare-and-swap with its journal event."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import F

from authn.encoding import content_digest
from authn.errors import CheckFailed, OrderMoved
from authn.events import (
    EvidenceStored,
    OrderAnswered,
    OrderClaimed,
    OrderCollected,
    OrderCompleted,
    OrderFailed,
    OrderStarted,
)
from authn.evidence import ClientKey, b64, sha256
from authn.hints import FailureHint
from authn.models import AuthnOrder, Evidence, UsedNonce
from authn.states import LATE, LIMITS, MOST_RETURN_CODE_TRIES, OrderAction, OrderState, next_state
from journal.actor import Actor
from journal.events import Event
from journal.recording import record


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Who claims: the client's ephemeral key, its name and version, and its address."""

    client_key: ClientKey
    app: str
    address: str


def start(order: AuthnOrder, *, actor: Actor, at: datetime) -> AuthnOrder:
    """Insert a new order."""
    with transaction.atomic():
        order.save(force_insert=True)
        event = OrderStarted(
            authn_order_id=str(order.pk),
            rp_id=order.relying_party.rp_id,
            purpose=order.purpose,
            flow=order.flow,
        )
        record(event, actor=actor, at=at)
    return order


def claim(order: AuthnOrder, given: Claim, *, actor: Actor, at: datetime) -> AuthnOrder:
    """Let the first client have the order; raises OrderMoved for every other."""
    columns = {
        "claimed_at": at,
        "client_key_x": given.client_key.x,
        "client_key_y": given.client_key.y,
        "client_app": given.app,
        "client_address": given.address,
    }
    event = OrderClaimed(
        authn_order_id=str(order.pk),
        client_key=given.client_key.thumbprint,
        app=given.app,
        same_address=given.address == order.end_user_address,
    )
    with transaction.atomic():
        _move(order, OrderAction.CLAIM, event=event, columns=columns, actor=actor, at=at)
    order.refresh_from_db()
    return order


def answer(order: AuthnOrder, *, actor: Actor, at: datetime) -> None:
    """Take the one answer; raises OrderMoved when another answer or an abort was first."""
    event = OrderAnswered(authn_order_id=str(order.pk))
    with transaction.atomic():
        _move(order, OrderAction.RESPOND, event=event, columns={}, actor=actor, at=at)


def complete(order: AuthnOrder, evidence: Evidence, *, actor: Actor, at: datetime) -> Evidence:
    """Store the evidence and spend the nonces, then complete the order, all in one transaction.

    Raises CheckFailed signatureInvalid when the nonces were used before, OrderMoved when the order is late.
    """
    stored = EvidenceStored(
        authn_order_id=str(order.pk),
        evidence_id=str(evidence.pk),
        evidence_sha256=evidence_digest(evidence),
        certificate_sha256=evidence.certificate_sha256,
    )
    completed = OrderCompleted(
        authn_order_id=str(order.pk),
        evidence_id=str(evidence.pk),
        loa=evidence.loa,
        carrier=evidence.carrier,
    )
    nonces = sha256(bytes(order.server_random) + bytes(order.rp_challenge)).hex()
    try:
        with transaction.atomic():
            UsedNonce.objects.create(digest=nonces, order=order, used_at=at)
            evidence.save(force_insert=True)
            record(stored, actor=actor, at=at)
            _move(order, OrderAction.COMPLETE, event=completed, columns={}, actor=actor, at=at)
    except IntegrityError as error:
        raise CheckFailed(FailureHint.SIGNATURE_INVALID, "these nonces were used before") from error
    return evidence


def collect(order: AuthnOrder, *, actor: Actor, at: datetime) -> None:
    """Give the answer away; raises OrderMoved for all but the first who asks."""
    event = OrderCollected(authn_order_id=str(order.pk))
    with transaction.atomic():
        _move(order, OrderAction.COLLECT, event=event, columns={}, actor=actor, at=at)


def count_return_code(order: AuthnOrder) -> int:
    """Take one of the tries to type a return code; return how many are left, -1 when there was none.

    Counted by the database, so that codes tried at the same time are counted one by one. A count is no act:
    the relying party tells the journal what came of it.
    """
    row = AuthnOrder.objects.filter(pk=order.pk)
    tried = row.filter(return_code_tries__lt=MOST_RETURN_CODE_TRIES)
    if tried.update(return_code_tries=F("return_code_tries") + 1) != 1:
        return -1
    return MOST_RETURN_CODE_TRIES - row.values_list("return_code_tries", flat=True).get()


def fail(
    order: AuthnOrder, hint: FailureHint, *, actor: Actor, at: datetime, certificate_sha256: str = ""
) -> None:
    """End the order in failure from any state before complete; raises OrderMoved from every other."""
    event = OrderFailed(authn_order_id=str(order.pk), hint=hint.value, certificate_sha256=certificate_sha256)
    with transaction.atomic():
        _move(order, OrderAction.FAIL, event=event, columns={"failure": hint.value}, actor=actor, at=at)


def fail_late_orders(*, actor: Actor, at: datetime) -> int:
    """Write down what time has decided about orders nobody finished; return how many. For a periodic job."""
    late = [
        (order, hint)
        for state, hint in LATE.items()
        for order in AuthnOrder.objects.filter(state=state.value, state_since__lt=at - LIMITS[state])
    ]
    failed = 0
    for order, hint in late:
        with suppress(OrderMoved):  # somebody was faster than time
            fail(order, hint, actor=actor, at=at)
            failed += 1
    return failed


def reduce_finished_orders(*, at: datetime) -> int:
    """Strip finished orders of addresses and return addresses once nobody may collect; return how many."""
    oldest = at - LIMITS[OrderState.FAILED]
    finished = AuthnOrder.objects.filter(
        state__in=[OrderState.FAILED.value, OrderState.CONSUMED.value, OrderState.COMPLETE.value],
        state_since__lt=oldest,
    )
    return finished.exclude(return_url="").update(
        end_user_address="", client_address="", return_url="", non_visible=b""
    )


def evidence_digest(evidence: Evidence) -> str:
    """Return SHA-256 (hex) over everything an evidence row says, in a canonical form."""
    content = {
        "id": str(evidence.pk),
        "order": str(evidence.order_id),
        "question": evidence.question,
        "tbs": b64(bytes(evidence.tbs)),
        "algorithm": evidence.algorithm,
        "signature": b64(bytes(evidence.signature)),
        "user_challenge": evidence.user_challenge,
        "server_spki": evidence.server_spki,
        "certificate": b64(bytes(evidence.certificate_der)),
        "chain": evidence.chain_der,
        "ocsp": b64(bytes(evidence.ocsp_der)),
        "crls": evidence.crls_der,
        "policy_oids": evidence.policy_oids,
        "loa": evidence.loa,
        "carrier": evidence.carrier,
        "card_number": evidence.card_number,
        "checked_at": evidence.checked_at.isoformat(),
    }
    return content_digest(content)


def _move(
    order: AuthnOrder,
    action: OrderAction,
    *,
    event: Event,
    columns: dict[str, object],
    actor: Actor,
    at: datetime,
) -> None:
    old = OrderState(order.state)
    new = next_state(old, action)
    moved = AuthnOrder.objects.filter(pk=order.pk, state=old.value).update(
        state=new.value, state_since=at, **columns
    )
    if moved != 1:
        raise OrderMoved("the order has moved on")
    record(event, actor=actor, at=at)
    order.state, order.state_since = new.value, at
