"""Worker only: batches leave for the factory, and again until they are answered; steps may be repeated."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from cards.errors import BatchContradicted, FactoryUnavailable
from cards.events import CardOrderSent
from cards.factory import CardFactory
from cards.manufacturing.assembling import (
    FIRST_WAIT,
    LONGEST_WAIT,
    assemble_batch,
    delay_orders,
    locked_cursor,
)
from cards.manufacturing.events import ProductionBatchSent, ProductionBatchWithdrawn
from cards.manufacturing.models import ProductionBatch, ProductionRow
from cards.manufacturing.order_file import FactoryOrder, OrderFile, factory_order, order_file, print_settings
from cards.manufacturing.sealing import Sealing
from cards.manufacturing.states import BatchAction, BatchState
from cards.manufacturing.transitions import batch_after
from cards.models import CardOrder
from cards.pictures.vault import PictureUnreadable
from cards.states import CardOrderAction, CardOrderState
from cards.transitions import demand_moved, order_after
from journal.actor import Actor
from journal.recording import record, record_all

LEASE: Final = timedelta(seconds=30)
"""How long one sender has a batch for itself: longer than signer and factory are waited for together."""
FIRST_ANSWER_WAIT: Final = timedelta(minutes=2)
LONGEST_ANSWER_WAIT: Final = timedelta(hours=1)
MOST_AT_ONCE: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class _Leaving:
    """A batch that a sender has for itself, with the file and the orders in it."""

    batch: ProductionBatch
    file: OrderFile
    orders: Sequence[CardOrder]
    deliveries: Sequence[FactoryOrder]


def send_due_batches(
    *,
    factory: CardFactory,
    sealing: Sealing,
    actor: Actor,
    at: datetime,
    clock: Callable[[], datetime] | None = None,
) -> int:
    """Make batches of all orders that are due, send every batch that is, and return how many orders left.

    Stops at the first batch that cannot be sent: it keeps its number, its reason and its next attempt.
    ``clock`` says when each batch's turn comes, since its lease counts from there; without it that is ``at``.
    """
    now = clock or (lambda: at)
    sent = 0
    for _ in range(MOST_AT_ONCE):
        if assemble_batch(actor=actor, at=at) is None:
            break
    due = ProductionBatch.objects.filter(next_attempt_at__lte=at).exclude(state=BatchState.WITHDRAWN.value)
    for number in due.order_by("number").values_list("number", flat=True)[:MOST_AT_ONCE]:
        try:
            sent += send_batch(number, factory=factory, sealing=sealing, actor=actor, at=now())
        except FactoryUnavailable:
            break
    return sent


def send_batch(number: int, *, factory: CardFactory, sealing: Sealing, actor: Actor, at: datetime) -> int:
    """Send one batch and return how many orders left with it now; raises FactoryUnavailable, noted before.

    The same number with the same content again is harmless: the factory answers the same. The intent is
    stored before the call, so that nobody cancels an order that may have arrived.
    """
    leaving = _begin(number, actor=actor, at=at)
    if leaving is None:
        return 0
    try:
        sealed = sealing.seal(leaving.file.content, at=at)
        factory.place_batch(number, sealed.message)
    except BatchContradicted as error:
        if error.content_sha256 not in leaving.batch.content_hashes:
            _withdraw_contradicted(leaving, actor=actor, at=at)
            return 0
        return _mark_sent(leaving, recipient=sealed.recipient_serial_hex, actor=actor, at=at)
    except FactoryUnavailable as error:
        _delay(leaving, error, actor=actor, at=at)
        raise
    return _mark_sent(leaving, recipient=sealed.recipient_serial_hex, actor=actor, at=at)


def _begin(number: int, *, actor: Actor, at: datetime) -> _Leaving | None:
    """Take the batch for a while and fix its content; None when another has it or nothing is left in it."""
    with transaction.atomic():
        locked_cursor()
        batch = ProductionBatch.objects.select_for_update().get(pk=number)
        is_free = batch.leased_until is None or batch.leased_until <= at
        if batch.state == BatchState.WITHDRAWN.value or not is_free:
            return None
        # A lease without an outcome: whoever had it was cut short, and the file may have arrived.
        is_uncertain = batch.is_uncertain or batch.leased_until is not None
        if batch.state == BatchState.ASSEMBLED.value:
            _hold(batch, is_uncertain=is_uncertain, at=at)
        rows = list(
            batch.rows.filter(withdrawn_at__isnull=True)
            .select_related("order__person", "order__card")
            .order_by("position")
        )
        told, untold = _told(rows)
        if batch.state == BatchState.ASSEMBLED.value:
            _take_out(untold, actor=actor, at=at)
            if not told:
                _withdraw(batch, reason="nothing_left", actor=actor, at=at)
                return None
        file = order_file(number, list(told.values()), assembled_at=batch.assembled_at)
        hashes = [one for one in batch.content_hashes if one != file.sha256] + [file.sha256]
        batch.content_hashes, batch.is_uncertain = hashes, is_uncertain
        ProductionBatch.objects.filter(pk=number).update(
            leased_until=at + LEASE,
            next_attempt_at=at + LEASE,
            is_uncertain=is_uncertain,
            content_hashes=hashes,
            attempts=batch.attempts + 1,
        )
        orders = [row.order for row in rows if row.order_id in told]
        return _Leaving(batch=batch, file=file, orders=orders, deliveries=list(told.values()))


def _hold(batch: ProductionBatch, *, is_uncertain: bool, at: datetime) -> None:
    """See to it that from here on nobody cancels an order of the batch; those that ended are taken out.

    The orders are held before they are read: who cancels one at the same time is either before, and then it
    is out, or too late.
    """
    rows = batch.rows.filter(withdrawn_at__isnull=True)
    held = CardOrder.objects.filter(production_rows__in=rows.values("pk"), state=CardOrderState.PLACED.value)
    # Begun before and without an outcome: by the way before files, or in a batch that was given up.
    held.filter(handover_started_at__isnull=False).update(handover_is_uncertain=True)
    held.update(handover_started_at=at)
    if is_uncertain:
        held.update(handover_is_uncertain=True)
    rows.exclude(order__state=CardOrderState.PLACED.value).update(withdrawn_at=at)


def _told(rows: Sequence[ProductionRow]) -> tuple[dict[object, FactoryOrder], dict[str, list[ProductionRow]]]:
    """Return what the factory is told, by order, and the rows of which it cannot be told, by problem."""
    settings_of = print_settings([row.order for row in rows])
    told: dict[object, FactoryOrder] = {}
    without: dict[str, list[ProductionRow]] = {}
    for row in sorted(rows, key=lambda one: one.position):
        try:
            one = factory_order(row.order, settings_of=settings_of)
        except PictureUnreadable:
            without.setdefault("picture_unreadable", []).append(row)
            continue
        if one.has_nowhere_to_go:
            without.setdefault("registered_address_missing", []).append(row)
        else:
            told[row.order_id] = one
    return told, without


def _take_out(without: dict[str, list[ProductionRow]], *, actor: Actor, at: datetime) -> None:
    """Let orders of which the factory cannot be told wait by themselves, outside the batch."""
    for problem, rows in without.items():
        ProductionRow.objects.filter(pk__in=[row.pk for row in rows]).update(withdrawn_at=at)
        delay_orders([row.order for row in rows], problem=problem, actor=actor, at=at)
        _let_go([row.order for row in rows])


def _let_go(orders: Sequence[CardOrder]) -> None:
    """Let orders be cancelled again that surely have not arrived, at this attempt or any before."""
    CardOrder.objects.filter(
        pk__in=[order.pk for order in orders],
        state=CardOrderState.PLACED.value,
        handover_is_uncertain=False,
    ).update(handover_started_at=None)


def _mark_sent(leaving: _Leaving, *, recipient: str, actor: Actor, at: datetime) -> int:
    """Note that the file arrived; an acknowledgement that was faster has already moved it on."""
    batch = leaving.batch
    with transaction.atomic():
        locked_cursor()
        waits = min(FIRST_ANSWER_WAIT * 2 ** min(batch.attempts, 10), LONGEST_ANSWER_WAIT)
        again = ProductionBatch.objects.filter(pk=batch.pk, state=BatchState.SENT.value)
        # An answered batch that was asked for again waits for nothing further.
        if again.update(next_attempt_at=at + waits, leased_until=None, last_problem=""):
            return 0
        moved = ProductionBatch.objects.filter(pk=batch.pk, state=BatchState.ASSEMBLED.value).update(
            state=batch_after(BatchState.ASSEMBLED.value, BatchAction.SEND),
            sent_at=at,
            recipient_serial_hex=recipient,
            next_attempt_at=at + FIRST_ANSWER_WAIT,
            leased_until=None,
            last_problem="",
        )
        if moved != 1:
            ProductionBatch.objects.filter(pk=batch.pk).update(leased_until=None, next_attempt_at=None)
            return 0
        sent = ProductionBatchSent(
            batch_number=batch.pk,
            rows=leaving.file.rows,
            content_sha256=leaving.file.sha256,
            recipient_serial=recipient,
        )
        record(sent, actor=actor, at=at)
        return _mark_orders_sent(leaving, actor=actor, at=at)


def _mark_orders_sent(leaving: _Leaving, *, actor: Actor, at: datetime) -> int:
    pks = [order.pk for order in leaving.orders]
    waiting = CardOrder.objects.select_for_update().filter(pk__in=pks, state=CardOrderState.PLACED.value)
    moved = set(waiting.values_list("pk", flat=True))
    CardOrder.objects.filter(pk__in=moved).update(
        state=order_after(CardOrderState.PLACED.value, CardOrderAction.SEND),
        sent_at=at,
        next_attempt_at=None,
        last_problem="",
    )
    record_all(
        [
            CardOrderSent(
                card_order_id=str(order.pk),
                card_id=str(order.card.pk),
                person_id=str(order.person_id),
                organization_id=str(order.organization_id),
                delivery=told.delivery.value,
            )
            for order, told in zip(leaving.orders, leaving.deliveries, strict=True)
            if order.pk in moved
        ],
        actor=actor,
        at=at,
    )
    return len(moved)


def _delay(leaving: _Leaving, error: FactoryUnavailable, *, actor: Actor, at: datetime) -> None:
    """Keep the batch for its next attempt, and its orders cancellable when it surely did not arrive."""
    batch = leaving.batch
    # What once may have arrived stays uncertain, whatever later attempts say.
    is_uncertain = batch.is_uncertain or not error.surely_not_received
    wait = min(FIRST_WAIT * 2 ** min(batch.attempts, 10), LONGEST_WAIT)
    with transaction.atomic():
        locked_cursor()
        moved = ProductionBatch.objects.filter(
            pk=batch.pk, state=batch.state, attempts=batch.attempts + 1
        ).update(
            last_problem=error.problem,
            next_attempt_at=at + wait,
            leased_until=None,
            is_uncertain=is_uncertain,
        )
        if moved != 1 or batch.state != BatchState.ASSEMBLED.value:
            return
        delay_orders(leaving.orders, problem=error.problem, actor=actor, at=at)
        if is_uncertain:
            pks = [order.pk for order in leaving.orders]
            CardOrder.objects.filter(pk__in=pks, state=CardOrderState.PLACED.value).update(
                handover_is_uncertain=True
            )
        else:
            _let_go(leaving.orders)


def _withdraw_contradicted(leaving: _Leaving, *, actor: Actor, at: datetime) -> None:
    """Give up a number under which the factory has something else: the orders go in another batch.

    So it is after a restore from a backup that knew fewer batches. An order that the factory has already is
    one order there, whatever batch it comes in.
    """
    with transaction.atomic():
        locked_cursor()
        batch = ProductionBatch.objects.select_for_update().get(pk=leaving.batch.pk)
        if batch.state != BatchState.ASSEMBLED.value:
            ProductionBatch.objects.filter(pk=batch.pk).update(
                leased_until=None, last_problem="batch_contradicted", next_attempt_at=at + LONGEST_ANSWER_WAIT
            )
            return
        batch.rows.filter(withdrawn_at__isnull=True).update(withdrawn_at=at)
        pks = [order.pk for order in leaving.orders]
        CardOrder.objects.filter(pk__in=pks, state=CardOrderState.PLACED.value).update(next_attempt_at=at)
        _withdraw(batch, reason="number_taken", actor=actor, at=at)


def _withdraw(batch: ProductionBatch, *, reason: str, actor: Actor, at: datetime) -> None:
    moved = ProductionBatch.objects.filter(pk=batch.pk, state=batch.state).update(
        state=batch_after(batch.state, BatchAction.WITHDRAW),
        withdrawn_at=at,
        last_problem=reason,
        next_attempt_at=None,
        leased_until=None,
    )
    demand_moved(moved, thing="production_batch", state=batch.state, action=BatchAction.WITHDRAW)
    record(ProductionBatchWithdrawn(batch_number=batch.pk, reason=reason), actor=actor, at=at)
