"""Places the rows of orders that run: the order, the row's result and their events in one transaction.

Every transaction locks the order for several first. So two workers never take the same row, nothing is placed
after a pause or cancel has returned, and a worker that is killed leaves rows that either have both their
order and their result or neither: the next one goes on with what is left.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet

from cards.bulk.checking import check_rows, level_of, role_gone
from cards.bulk.configuration import DRAFT_LASTS, TYPED_LASTS
from cards.bulk.events import BulkOrderEnded
from cards.bulk.lifecycle import end_early
from cards.bulk.models import BulkOrder, BulkOrderRow
from cards.bulk.moves import locked, move, row_after, starter_of
from cards.bulk.states import (
    DRAFT_STATES,
    WORKED_STATES,
    BulkOrderAction,
    BulkOrderState,
    BulkRowAction,
    BulkRowState,
)
from cards.errors import CardsError, IllegalTransition
from cards.models import CardOrder
from cards.ordering import place_order
from journal.actor import Actor
from journal.errors import Refusal
from journal.recording import record

AT_ONCE: Final = 10
"""Rows in one transaction: few enough that a pause, and whoever else wants the database, hardly waits."""
CHECKED_AT_ONCE: Final = 100


def place_rows(bulk_order_id: UUID, *, actor: Actor, at: datetime, limit: int = AT_ONCE) -> int:
    """Place the next rows, and finish when none is left; return how many got a result.

    Each is placed as who started it, with the rights of this moment; what a single order would refuse is
    refused here, with the same reason. ``actor`` is our own job, which finishes it.
    """
    with transaction.atomic():
        bulk = locked(bulk_order_id)
        if bulk.state != BulkOrderState.RUNNING.value:
            return 0
        waiting = bulk.rows.filter(state=BulkRowState.READY.value)
        rows = list(waiting.select_related("employment").order_by("line")[:limit])
        starter = starter_of(bulk, at=at) if rows else None
        ordered = sum(_place(row, bulk, starter, at=at) for row in rows)
        BulkOrder.objects.filter(pk=bulk.pk).update(
            ordered=F("ordered") + ordered, refused=F("refused") + len(rows) - ordered
        )
        if len(rows) < limit:
            _finish(bulk, actor=actor, at=at)
        return len(rows)


def carry_on(*, actor: Actor, clock: Callable[[], datetime], patience: timedelta) -> tuple[int, int]:
    """Check and place rows of all orders in turn, until nothing is left or ``patience`` is over.

    Return how many rows were checked and how many placed.
    """
    began, checked, placed = clock(), 0, 0
    busy = list(_worked().order_by("started_at").values_list("pk", flat=True))
    while busy and clock() - began < patience:
        for pk in list(busy):
            looked_at = check_rows(pk, limit=CHECKED_AT_ONCE, actor=actor, at=clock())
            done = place_rows(pk, actor=actor, at=clock())
            checked, placed = checked + looked_at, placed + done
            if not looked_at and not done:
                busy.remove(pk)
    return checked, placed


def is_something_left() -> bool:
    """Tell whether a row waits for the worker."""
    return _worked().exists()


def tidy_up(*, actor: Actor, at: datetime) -> int:
    """End drafts that nobody placed in time, forget what was typed long ago; return how many rows."""
    done = 0
    drafts = BulkOrder.objects.filter(
        state__in=sorted(state.value for state in DRAFT_STATES), started_at__lt=at - DRAFT_LASTS
    )
    for pk in list(drafts.values_list("pk", flat=True)):
        with transaction.atomic():
            bulk = locked(pk)
            if BulkOrderState(bulk.state) in DRAFT_STATES:
                end_early(bulk, BulkOrderAction.LAPSE, actor=actor, at=at)
                done += 1
    old = BulkOrderRow.objects.filter(bulk_order__ended_at__lt=at - TYPED_LASTS).exclude(typed="")
    return done + old.update(typed="")


def _worked() -> QuerySet[BulkOrder]:
    return BulkOrder.objects.filter(state__in=sorted(state.value for state in WORKED_STATES))


def _place(row: BulkOrderRow, bulk: BulkOrder, starter: Actor | None, *, at: datetime) -> bool:
    """Give the row its result and tell whether that is an order."""
    if starter is None or row.employment is None:
        _settle(row, role_gone(bulk), at=at)
        return False
    try:
        order = place_order(
            hsa_id=row.employment.hsa_id,
            product_code=row.product_code,
            loa=level_of(row.product_code),
            idempotency_key=f"bulk-{row.pk}",
            actor=starter,
            at=at,
        )
    except CardsError as error:
        _settle(row, _refusal_of(error), at=at)
        return False
    _settle(row, order, at=at)
    return True


def _settle(row: BulkOrderRow, result: CardOrder | Refusal, *, at: datetime) -> None:
    waiting = BulkOrderRow.objects.filter(pk=row.pk, state=BulkRowState.READY.value)
    if isinstance(result, CardOrder):
        moved = waiting.update(state=row_after(row.state, BulkRowAction.ORDER), card_order=result, done_at=at)
    else:
        moved = waiting.update(
            state=row_after(row.state, BulkRowAction.REFUSE),
            code=result.code,
            facts=[list(fact) for fact in result.facts],
            fixer=result.fixer,
            done_at=at,
        )
    if moved != 1:
        raise IllegalTransition.of(thing="bulk_row", state=row.state, action="settle")


def _refusal_of(error: CardsError) -> Refusal:
    refusal = getattr(error, "refusal", None)
    if isinstance(refusal, Refusal):
        return refusal
    return Refusal(code=error.code, facts=tuple(sorted(error.facts.items())))


def _finish(bulk: BulkOrder, *, actor: Actor, at: datetime) -> None:
    if bulk.rows.filter(state=BulkRowState.READY.value).exists():
        return
    move(bulk, BulkOrderAction.FINISH, {"ended_at": at})
    bulk.refresh_from_db()
    event = BulkOrderEnded(
        bulk_order_id=str(bulk.pk),
        organization_id=str(bulk.organization_id),
        outcome="finished",
        ordered=bulk.ordered,
        refused=bulk.refused,
    )
    record(event, actor=actor, at=at)
