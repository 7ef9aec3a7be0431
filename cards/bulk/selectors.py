"""Reads of orders for several, each within the actor's scope."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.utils.dateparse import parse_datetime

from cards.bulk.errors import BulkOrderNotFound
from cards.bulk.models import BulkOrder, BulkOrderRow
from cards.bulk.states import BulkRowState
from cards.policies import MAY_READ, has_role
from directory.reach import placed_within
from journal.actor import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkOrderPage:
    """A page of orders for several; ``after`` is where the next begins, empty at the end."""

    orders: tuple[BulkOrder, ...]
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RowPage:
    """A page of rows; ``after`` is the line after which the next begins, 0 at the end."""

    rows: tuple[BulkOrderRow, ...]
    after: int


def visible_bulk_orders(*, actor: Actor) -> QuerySet[BulkOrder]:
    """Return what was started for the actor's organizations; in a role for a unit, for it or one below it."""
    if not has_role(actor, MAY_READ):
        return BulkOrder.objects.none()
    return BulkOrder.objects.filter(placed_within(actor)).select_related("organization")


def get_bulk_order(bulk_order_id: UUID | str, *, actor: Actor) -> BulkOrder:
    """Return one; raise BulkOrderNotFound, also when it is outside the actor's scope."""
    try:
        found = visible_bulk_orders(actor=actor).filter(pk=UUID(str(bulk_order_id))).first()
    except ValueError:
        found = None
    if found is None:
        raise BulkOrderNotFound("no such order for several")
    return found


def list_bulk_orders(*, actor: Actor, after: str = "", limit: int = 30) -> BulkOrderPage:
    """Return them newest first, from ``after`` on; an unreadable one begins at the start."""
    orders = visible_bulk_orders(actor=actor)
    if (key := _read_key(after)) is not None:
        started_at, pk = key
        orders = orders.filter(Q(started_at__lt=started_at) | Q(started_at=started_at, pk__lt=pk))
    found = list(orders.order_by("-started_at", "-pk")[: limit + 1])
    shown = found[:limit]
    more = len(found) > limit
    return BulkOrderPage(
        orders=tuple(shown), after=f"{shown[-1].started_at.isoformat()}~{shown[-1].pk}" if more else ""
    )


def rows_of(
    bulk: BulkOrder, *, states: frozenset[BulkRowState] | None = None, after: int = 0, limit: int = 50
) -> RowPage:
    """Return rows of an order that the actor was found to see, by line, from ``after`` on."""
    rows = bulk.rows.select_related(
        "employment__person", "employment__unit", "card_order", "replaces"
    ).order_by("line")
    if states is not None:
        rows = rows.filter(state__in=sorted(state.value for state in states))
    found = list(rows.filter(line__gt=after)[: limit + 1])
    shown = found[:limit]
    return RowPage(rows=tuple(shown), after=shown[-1].line if len(found) > limit else 0)


def products_of(bulk: BulkOrder) -> Mapping[str, int]:
    """Return how many cards of each product the check let through, also those that have a result by now."""
    ready = Q(state=BulkRowState.READY.value) | Q(state=BulkRowState.ORDERED.value)
    counted = bulk.rows.filter(ready).values_list("product_code").annotate(Count("pk"))
    return dict(Counter(dict(counted.order_by("product_code"))))


def replaced_count(bulk: BulkOrder) -> int:
    """Return how many cards end when the new ones are activated, also those of rows with a result by now."""
    kept = [BulkRowState.READY.value, BulkRowState.ORDERED.value]
    return bulk.rows.filter(state__in=kept, replaces__isnull=False).count()


def list_digest(bulk: BulkOrder) -> str:
    """Return the digest of the rows that may be ordered: what is signed is what was shown."""
    ready = bulk.rows.filter(state=BulkRowState.READY.value).order_by("line")
    told = sha256()
    columns = ready.values_list("line", "employment_id", "product_code", "replaces_id")
    for line, employment_id, code, replaces_id in columns.iterator(5000):
        replaced = f" {replaces_id}" if replaces_id else ""
        told.update(f"{line} {employment_id} {code}{replaced}\n".encode())
    return told.hexdigest()


def _read_key(text: str) -> tuple[datetime, UUID] | None:
    moment_text, _, pk_text = text.partition("~")
    try:
        moment, pk = parse_datetime(moment_text), UUID(pk_text)
    except ValueError:
        return None
    return (moment.astimezone(UTC), pk) if moment is not None and moment.tzinfo is not None else None
