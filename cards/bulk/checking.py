"""Holds the rows against the rules before anything is signed: the very rules of a single order."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import F

from cards.bulk.events import BulkOrderChecked
from cards.bulk.models import BulkOrder, BulkOrderRow
from cards.bulk.moves import locked, move, row_after, starter_of
from cards.bulk.states import BulkOrderAction, BulkOrderState, BulkRowAction, BulkRowState
from cards.models import CardOrder
from cards.order_ground import OrderGround, ground_for
from cards.policies import MAY_ORDER, may_order
from cards.products import catalogue, product
from cards.replacement_policies import Replacement, refusal_to_replace, replacements_of
from cards.replacement_reasons import ReplacementReason
from journal.actor import Actor
from journal.errors import Refusal
from journal.recording import record

_ANY_LEVEL: Final = 3
_UNCHECKED: Final = BulkRowState.UNCHECKED.value


def check_rows(bulk_order_id: UUID, *, limit: int, actor: Actor, at: datetime) -> int:
    """Check the next rows, and show the whole when none is left; return how many were looked at.

    ``actor`` is whoever does the work (the journal tells so); the rules are asked for who started it.
    """
    with transaction.atomic():
        bulk = locked(bulk_order_id)
        if bulk.state != BulkOrderState.CHECKING.value:
            return 0
        unchecked = bulk.rows.filter(state=_UNCHECKED)
        with_people = unchecked.select_related("employment__person", "replaces__person")
        rows = list(with_people.order_by("line")[:limit])
        if rows:
            starter = starter_of(bulk, at=at)
            ground = ground_for([row.employment for row in rows if row.employment is not None], at=at)
            standing = replacements_of([row.replaces_id for row in rows if row.replaces_id])
            found = [(row, _refusal(row, starter, ground, standing, at=at)) for row in rows]
            _write(bulk, found, at=at)
        if not unchecked.exists():
            _show(bulk, actor=actor, at=at)
        return len(rows)


def level_of(product_code: str) -> int:
    """Return the level of assurance that a product is ordered at: its highest."""
    item = product(product_code)
    return max(item.loa_allowed) if item is not None else _ANY_LEVEL


def replacement_in(row: BulkOrderRow) -> Replacement | None:
    """Return which card the row's new one takes the place of: one that ends soon."""
    if row.replaces is None:
        return None
    return Replacement(card=row.replaces, reason=ReplacementReason.EXPIRING)


def role_gone(bulk: BulkOrder) -> Refusal:
    """Return the refusal of whoever had the role when they started."""
    return Refusal(
        code="role_missing",
        facts=(("role", bulk.started_role), ("needed", ",".join(sorted(MAY_ORDER)))),
        fixer="issuance_manager",
    )


def _refusal(
    row: BulkOrderRow,
    starter: Actor | None,
    ground: OrderGround,
    standing: Mapping[UUID, CardOrder],
    *,
    at: datetime,
) -> Refusal | None:
    if starter is None:
        return role_gone(row.bulk_order)
    if row.employment is None:
        return Refusal(code="bulk_unknown", fixer="you")
    refusal = may_order(
        employment=row.employment,
        product_code=row.product_code,
        loa=level_of(row.product_code),
        ground=ground,
        actor=starter,
        at=at,
    )
    replacement = replacement_in(row)
    if refusal is not None or replacement is None:
        return refusal
    return refusal_to_replace(
        replacement,
        row.employment,
        environment=catalogue().products[row.product_code].environment.value,
        standing=standing,
        actor=starter,
        at=at,
    )


def _write(bulk: BulkOrder, found: Iterable[tuple[BulkOrderRow, Refusal | None]], *, at: datetime) -> None:
    """Write what was found: rows with the same answer by one statement."""
    by_answer: dict[Refusal | None, list[int]] = {}
    for row, refusal in found:
        by_answer.setdefault(refusal, []).append(row.pk)
    looked_at = refused = 0
    for refusal, keys in by_answer.items():
        waiting = bulk.rows.filter(pk__in=keys, state=_UNCHECKED)
        if refusal is None:
            looked_at += waiting.update(state=row_after(_UNCHECKED, BulkRowAction.ALLOW))
            continue
        written = waiting.update(
            state=row_after(_UNCHECKED, BulkRowAction.REFUSE),
            code=refusal.code,
            facts=[list(fact) for fact in refusal.facts],
            fixer=refusal.fixer,
            done_at=at,
        )
        looked_at, refused = looked_at + written, refused + written
    BulkOrder.objects.filter(pk=bulk.pk).update(
        checked=F("checked") + looked_at,
        ready=F("ready") + looked_at - refused,
        refused=F("refused") + refused,
    )


def _show(bulk: BulkOrder, *, actor: Actor, at: datetime) -> None:
    move(bulk, BulkOrderAction.SHOW, {})
    bulk.refresh_from_db()
    event = BulkOrderChecked(
        bulk_order_id=str(bulk.pk),
        organization_id=str(bulk.organization_id),
        total=bulk.total,
        ready=bulk.ready,
    )
    record(event, actor=actor, at=at)
