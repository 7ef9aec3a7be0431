"""Places the rows of orders that run: the order, the row's result and their events in one transaction.

Every transaction locks the order for several first. So two workers never take the same row, nothing is placed
after a pause or cancel has returned, and a worker that is killed leaves rows that either have both their
order and their result or neither: the next one goes on with what is left.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet

from cards.bulk.checking import check_rows, level_of, replacement_in, role_gone
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
from cards.errors import IllegalTransition
from cards.models import CardOrder
from cards.ordering_together import Wanted, place_together
from journal.actor import Actor
from journal.errors import Refusal
from journal.recording import record

AT_ONCE: Final = 25
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
        with_people = waiting.select_related(
            "employment__person", "employment__organization", "replaces__person"
        )
        rows = list(with_people.order_by("line")[:limit])
        ordered = _place(rows, bulk, at=at) if rows else 0
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


def _place(rows: Sequence[BulkOrderRow], bulk: BulkOrder, *, at: datetime) -> int:
    """Give the rows their results and return how many are orders."""
    starter = starter_of(bulk, at=at)
    results: dict[int, CardOrder | Refusal] = {row.pk: role_gone(bulk) for row in rows}
    if starter is not None:
        wanted = {
            row.pk: Wanted(
                employment=row.employment,
                product_code=row.product_code,
                loa=level_of(row.product_code),
                idempotency_key=f"bulk-{row.pk}",
                replaced_when_active=replacement_in(row),
            )
            for row in rows
            if row.employment is not None
        }
        placed = place_together(list(wanted.values()), actor=starter, at=at)
        results |= dict(zip(wanted, placed, strict=True))
    for row in rows:
        _settle(row, results[row.pk], at=at)
    settled = ["state", "card_order", "code", "facts", "fixer", "done_at"]
    waiting = BulkOrderRow.objects.filter(state=BulkRowState.READY.value)
    if waiting.bulk_update(rows, settled) != len(rows):
        raise IllegalTransition.of(thing="bulk_row", state=BulkRowState.READY.value, action="settle")
    return sum(isinstance(result, CardOrder) for result in results.values())


def _settle(row: BulkOrderRow, result: CardOrder | Refusal, *, at: datetime) -> None:
    row.done_at = at
    if isinstance(result, CardOrder):
        row.state = row_after(row.state, BulkRowAction.ORDER)
        row.card_order = result
        return
    row.state = row_after(row.state, BulkRowAction.REFUSE)
    row.code, row.fixer = result.code, result.fixer
    row.facts = [list(fact) for fact in result.facts]


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
