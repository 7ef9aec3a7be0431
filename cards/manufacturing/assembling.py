"""Worker only: orders that are due become a batch with a number; each order is in one batch."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Sum
from django.db.models.functions import Coalesce

from cards.events import CardOrderDelayed
from cards.manufacturing.models import FactoryCursor, ProductionBatch, ProductionRow
from cards.manufacturing.states import BatchState
from cards.models import Card, CardOrder
from cards.states import CardOrderState
from journal.actor import Actor
from journal.recording import record_all

MOST_ROWS: Final = 100
MOST_PICTURE_OCTETS: Final = 20_000_000
FIRST_WAIT: Final = timedelta(seconds=5)
LONGEST_WAIT: Final = timedelta(minutes=10)


def assemble_batch(*, actor: Actor, at: datetime) -> ProductionBatch | None:
    """Put orders that are due into a new batch and return it, or None when none is due.

    At most ``MOST_ROWS`` orders with ``MOST_PICTURE_OCTETS`` of pictures. An order that lacks an address
    stays by itself, with that as its problem. Numbers have no gaps: the counter moves with the batch.
    """
    if not due_orders(at=at):  # without a lock: mostly there is nothing to do
        return None
    with transaction.atomic():
        cursor = locked_cursor()
        orders = _locked(due_orders(at=at))
        homeless = [
            one for one in orders if not one.person.protected_identity and not one.person.address_lines
        ]
        delay_orders(homeless, problem="registered_address_missing", actor=actor, at=at)
        taken = _within_bounds([one for one in orders if one not in homeless])
        if not taken:
            return None
        number = cursor.last_batch + 1
        FactoryCursor.objects.filter(pk=1).update(last_batch=number)
        batch = ProductionBatch.objects.create(
            number=number, state=BatchState.ASSEMBLED.value, assembled_at=at, next_attempt_at=at
        )
        ProductionRow.objects.bulk_create(
            ProductionRow(batch=batch, position=position, order=order)
            for position, order in enumerate(taken, start=1)
        )
        return batch


def due_orders(*, at: datetime) -> list[UUID]:
    """Return the ids of orders that are due and in no batch, the longest waiting first."""
    in_a_batch = ProductionRow.objects.filter(order=OuterRef("pk"), withdrawn_at__isnull=True)
    due = CardOrder.objects.filter(
        ~Exists(in_a_batch), state=CardOrderState.PLACED.value, next_attempt_at__lte=at
    )
    return list(due.order_by("next_attempt_at", "pk").values_list("pk", flat=True)[:MOST_ROWS])


def locked_cursor() -> FactoryCursor:
    """Return the one cursor, locked: whoever numbers a batch or reads a file goes one after the other."""
    FactoryCursor.objects.get_or_create(pk=1)
    return FactoryCursor.objects.select_for_update().get(pk=1)


def delay_orders(orders: Sequence[CardOrder], *, problem: str, actor: Actor, at: datetime) -> None:
    """Let orders that did not leave wait, each longer every time, in the caller's transaction.

    The journal is told of a problem once, not at each attempt.
    """
    events = []
    for order in orders:
        wait = min(FIRST_WAIT * 2 ** min(order.attempts, 10), LONGEST_WAIT)
        moved = CardOrder.objects.filter(pk=order.pk, state=CardOrderState.PLACED.value).update(
            attempts=order.attempts + 1, last_problem=problem, next_attempt_at=at + wait
        )
        if moved and order.last_problem != problem:
            events.append(
                CardOrderDelayed(
                    card_order_id=str(order.pk),
                    card_id=str(order.card.pk),
                    person_id=str(order.person_id),
                    organization_id=str(order.organization_id),
                    problem=problem,
                    attempts=order.attempts + 1,
                )
            )
    record_all(events, actor=actor, at=at)


def _locked(pks: Sequence[UUID]) -> list[CardOrder]:
    """Lock the cards, those aside that somebody else holds, and return their orders as they are then."""
    held = Card.objects.select_for_update(skip_locked=True).filter(order_id__in=pks).order_by("pk")
    free = [card.order_id for card in held]
    orders = CardOrder.objects.select_related("person", "card").filter(
        pk__in=free, state=CardOrderState.PLACED.value
    )
    return list(
        orders.annotate(picture_octets=Coalesce(Sum("pictures__octets"), 0)).order_by("next_attempt_at", "pk")
    )


def _within_bounds(orders: Sequence[CardOrder]) -> list[CardOrder]:
    taken: list[CardOrder] = []
    octets = 0
    for order in orders:
        octets += getattr(order, "picture_octets", 0)
        if taken and octets > MOST_PICTURE_OCTETS:
            break
        taken.append(order)
    return taken
