"""Outdated orders (POR-13): never made although long ordered; removed by a job, within a cap."""

from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction

from cards import policies
from cards.errors import IllegalTransition, Refused
from cards.events import CardOrderLapsed
from cards.models import Card, CardOrder
from cards.ordering import discard_card
from cards.outdated_selectors import REASON, UNMADE_STATES, is_outdated
from cards.refill_ends import end_unfetched_refills
from cards.states import CardOrderAction, CardOrderState
from cards.transitions import demand_moved, order_after
from directory.basis_decisions import Result
from directory.basis_models import BasisMember, BasisOutcome
from journal.actor import Actor
from journal.recording import record

_SENT: Final = CardOrderState.SHIPPED.value
_LEAST_CAP: Final = 20
_CAP_PER_MILLE: Final = 5


def remove_outdated_orders(*, actor: Actor, at: datetime) -> str:
    """Remove the orders that are outdated, unless they are more than the cap; return what was done in words.

    A clock that jumped, or a factory that was away for long, must not end everybody's orders: more than 20
    orders, or 5 per mille of those under way, wait for people (``remove_outdated_order``). A re-fill of a
    reserve card is ended with them; of those the job takes no more than that at once.
    """
    running = CardOrder.objects.filter(state__in=UNMADE_STATES).count()
    due = list(CardOrder.objects.filter(is_outdated(at)).order_by("pk").values_list("pk", flat=True)[:1000])
    cap = max(_LEAST_CAP, running * _CAP_PER_MILLE // 1000)
    refills = end_unfetched_refills(actor=actor, at=at, most=cap)
    if len(due) > cap:
        return f"{len(due)} outdated orders wait for a decision: more than {cap} at once"
    return f"{refills + sum(_remove(pk, actor=actor, at=at) for pk in due)} outdated orders removed"


def remove_outdated_order(member: BasisMember, reason: str, actor: Actor, at: datetime) -> Result:  # noqa: ARG001 - the journal holds the decision's reason
    """Remove the order of a row if it still is outdated: what a decision does with each."""
    order = CardOrder.objects.select_related("person").filter(pk=member.subject_id).first()
    waits = order is not None and (
        order.state in UNMADE_STATES or (order.from_stock and order.state == _SENT)
    )
    if order is None or not waits:
        return Result(outcome=BasisOutcome.ALREADY_DONE)
    refusal = policies.may_remove_outdated(order, actor=actor)
    if refusal is not None:
        raise Refused(refusal)
    if not CardOrder.objects.filter(is_outdated(at), pk=order.pk).exists():
        return Result(outcome=BasisOutcome.NO_LONGER_SO)
    return Result(
        outcome=BasisOutcome.DONE if _remove(order.pk, actor=actor, at=at) else BasisOutcome.ALREADY_DONE
    )


def _remove(pk: UUID, *, actor: Actor, at: datetime) -> bool:
    """End one order and its card, unless something happened to it meanwhile."""
    try:
        with transaction.atomic():
            card = Card.objects.select_for_update().get(order_id=pk)
            order = CardOrder.objects.filter(is_outdated(at), pk=pk).first()
            if order is None:
                return False
            moved = CardOrder.objects.filter(pk=pk, state=order.state).update(
                state=order_after(order.state, CardOrderAction.LAPSE),
                lapsed_at=at,
                lapse_reason=REASON,
                next_attempt_at=None,
            )
            demand_moved(moved, thing="card_order", state=order.state, action=CardOrderAction.LAPSE)
            event = CardOrderLapsed(
                card_order_id=str(pk),
                card_id=str(card.pk),
                person_id=str(order.person_id),
                organization_id=str(order.organization_id),
                reason=REASON,
            )
            record(event, actor=actor, at=at)
            discard_card(card, reason=REASON, actor=actor, at=at)
    except IllegalTransition:
        return False
    return True
