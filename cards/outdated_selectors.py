"""Reads of outdated orders (POR-13): never made although long ordered, within the actor's scope."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db.models import Q, QuerySet

from cards import policies
from cards.models import CardOrder
from cards.states import CardOrderState
from directory.reach import held_within
from journal.actor import Actor, ActorKind

REASON: Final = "outdated"
UNMADE_STATES: Final = (
    CardOrderState.PLACED.value,
    CardOrderState.SENT.value,
    CardOrderState.IN_PRODUCTION.value,
)
UNFETCHED: Final = Q(state=CardOrderState.SHIPPED.value, from_stock=True)
FETCH_WITHIN: Final = timedelta(days=14)
"""How long a holder has to fetch the certificates to a reserve card (domain.md 2.4)."""
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
    rows = _visible(actor).filter(is_outdated(at + ahead))
    if chosen is not None:
        rows = rows.filter(pk__in=list(chosen))
    if after:
        rows = rows.filter(pk__gt=after)
    return list(
        rows.select_related("card", "person", "organization").order_by("pk")[: max(1, min(limit, 500))]
    )


def count_outdated_orders(*, actor: Actor, at: datetime) -> int:
    """Return how many orders in scope are outdated."""
    return _visible(actor).filter(is_outdated(at)).count()


def lately_removed(*, actor: Actor, at: datetime, days: int = 30, limit: int = 50) -> list[CardOrder]:
    """Return the orders in scope that were removed as outdated in the last days, newest first."""
    rows = _seen(CardOrder.objects.all(), actor).filter(
        state=CardOrderState.LAPSED.value, lapse_reason=REASON, lapsed_at__gte=at - timedelta(days=days)
    )
    return list(rows.select_related("card", "person", "organization").order_by("-lapsed_at", "pk")[:limit])


def is_outdated(at: datetime) -> Q:
    """Return which orders are outdated: long ordered, no card made, and none that is leaving just now.

    Also reserve cards that their holders did not fetch within a fortnight (domain.md 2.4).
    """
    unmade = Q(
        state__in=UNMADE_STATES,
        placed_at__lt=at - outdated_after(),
        card__produced_at__isnull=True,
        card__card_number__isnull=True,
    )
    return unmade | UNFETCHED & Q(placed_at__lt=at - FETCH_WITHIN)


def _visible(actor: Actor) -> QuerySet[CardOrder]:
    return _seen(CardOrder.objects.filter(Q(state__in=UNMADE_STATES) | UNFETCHED), actor)


def _seen(rows: QuerySet[CardOrder], actor: Actor) -> QuerySet[CardOrder]:
    if actor.kind is ActorKind.SYSTEM:
        return rows
    if not policies.has_role(actor, policies.MAY_REMOVE_OUTDATED):
        return rows.none()
    rows = rows.filter(held_within(actor))
    return rows if actor.may_see_protected else rows.filter(person__protected_identity=False)
