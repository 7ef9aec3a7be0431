"""Outdated orders (POR-13): never made although long ordered; removed by a job, within a cap."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from cards import policies
from cards.errors import IllegalTransition, Refused
from cards.events import CardOrderLapsed
from cards.models import Card, CardOrder
from cards.ordering import discard_card
from cards.states import CardOrderAction, CardOrderState
from cards.transitions import demand_moved, order_after
from directory.basis_decisions import Result
from directory.basis_models import BasisMember, BasisOutcome
from journal.actor import Actor, ActorKind
from journal.recording import record

REASON: Final = "outdated"
_STATES: Final = (
    CardOrderState.PLACED.value,
    CardOrderState.SENT.value,
    CardOrderState.IN_PRODUCTION.value,
)
_LEAST_CAP: Final = 20
_CAP_PER_MILLE: Final = 5
WARNED_BEFORE: Final = timedelta(days=7)


def outdated_after() -> timedelta:
    """Return how long an order may stay unmade (domain.md 2.4: 60 days)."""
    return timedelta(days=int(getattr(settings, "SIGILL_ORDER_OUTDATED_DAYS", 60)))


def outdated_orders(
    *,
    actor: Actor,
    at: datetime,
    chosen: Sequence[UUID] | None = None,
    after: str = "",
    limit: int = 50,
    ahead: timedelta = timedelta(0),
) -> list[CardOrder]:
    """Return orders in scope that are outdated, or will be within ``ahead``, in a steady order."""
    rows = _visible(actor).filter(_outdated(at + ahead))
    if chosen is not None:
        rows = rows.filter(pk__in=list(chosen))
    if after:
        rows = rows.filter(pk__gt=after)
    return list(
        rows.select_related("card", "person", "organization").order_by("pk")[: max(1, min(limit, 500))]
    )


def count_outdated_orders(*, actor: Actor, at: datetime) -> int:
    """Return how many orders in scope are outdated."""
    return _visible(actor).filter(_outdated(at)).count()


def lately_removed(*, actor: Actor, at: datetime, days: int = 30, limit: int = 50) -> list[CardOrder]:
    """Return the orders in scope that were removed as outdated in the last days, newest first."""
    rows = _seen(CardOrder.objects.all(), actor).filter(
        state=CardOrderState.LAPSED.value, lapse_reason=REASON, lapsed_at__gte=at - timedelta(days=days)
    )
    return list(rows.select_related("card", "person", "organization").order_by("-lapsed_at", "pk")[:limit])


def remove_outdated_orders(*, actor: Actor, at: datetime) -> str:
    """Remove the orders that are outdated, unless they are more than the cap; return what was done in words.

    A clock that jumped, or a factory that was away for long, must not end everybody's orders: more than 20
    orders, or 5 per mille of those under way, wait for people (``remove_outdated_order``).
    """
    running = CardOrder.objects.filter(state__in=_STATES).count()
    due = list(CardOrder.objects.filter(_outdated(at)).order_by("pk").values_list("pk", flat=True)[:1000])
    cap = max(_LEAST_CAP, running * _CAP_PER_MILLE // 1000)
    if len(due) > cap:
        return f"{len(due)} outdated orders wait for a decision: more than {cap} at once"
    return f"{sum(_remove(pk, actor=actor, at=at) for pk in due)} outdated orders removed"


def remove_outdated_order(member: BasisMember, reason: str, actor: Actor, at: datetime) -> Result:  # noqa: ARG001 - the journal holds the decision's reason
    """Remove the order of a row if it still is outdated: what a decision does with each."""
    order = CardOrder.objects.select_related("person").filter(pk=member.subject_id).first()
    if order is None or order.state not in _STATES:
        return Result(outcome=BasisOutcome.ALREADY_DONE)
    refusal = policies.may_remove_outdated(order, actor=actor)
    if refusal is not None:
        raise Refused(refusal)
    if not CardOrder.objects.filter(_outdated(at), pk=order.pk).exists():
        return Result(outcome=BasisOutcome.NO_LONGER_SO)
    return Result(
        outcome=BasisOutcome.DONE if _remove(order.pk, actor=actor, at=at) else BasisOutcome.ALREADY_DONE
    )


def _remove(pk: UUID, *, actor: Actor, at: datetime) -> bool:
    """End one order and its card, unless something happened to it meanwhile."""
    try:
        with transaction.atomic():
            card = Card.objects.select_for_update().get(order_id=pk)
            order = CardOrder.objects.filter(_outdated(at), pk=pk).first()
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


def _outdated(at: datetime) -> Q:
    """Return which orders are outdated: long ordered, no card made, and none that is leaving just now."""
    return Q(
        state__in=_STATES,
        placed_at__lt=at - outdated_after(),
        card__produced_at__isnull=True,
        card__card_number__isnull=True,
    )


def _visible(actor: Actor) -> QuerySet[CardOrder]:
    return _seen(CardOrder.objects.filter(state__in=_STATES), actor)


def _seen(rows: QuerySet[CardOrder], actor: Actor) -> QuerySet[CardOrder]:
    if actor.kind is ActorKind.SYSTEM:
        return rows
    if not policies.has_role(actor, policies.MAY_REMOVE_OUTDATED):
        return rows.none()
    rows = rows.filter(organization_id__in=actor.organization_ids)
    return rows if actor.may_see_protected else rows.filter(person__protected_identity=False)
