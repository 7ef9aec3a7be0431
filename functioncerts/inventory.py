"""The inventory: function objects with what they have and when it ends, and how many end in each month."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import TruncMonth

from functioncerts.models import FunctionObject, FunctionOrder, FunctionTag, NameValidation
from functioncerts.selectors import listed_objects, visible_objects, visible_orders
from functioncerts.states import FunctionOrderState
from journal.actor import Actor

SOON: Final = timedelta(days=60)
"""The renewal window of domain.md 5."""
_MOST: Final = 200


class Ends(StrEnum):
    """What one looks for in the certificates of a function object."""

    SOON = "soon"
    EXPIRED = "expired"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What one looks for; empty fields look for everything."""

    text: str = ""
    kind: str = ""
    state: str = ""
    tag: str = ""
    ends: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryRow:
    """A function object, the last day of what it has, and its tags."""

    function_object: FunctionObject
    ends_at: datetime | None
    certificates: int
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryPage:
    """Some rows by HSA-id; ``after`` fetches the next page, empty at the end."""

    rows: tuple[InventoryRow, ...]
    after: str


def find(search: Search, *, actor: Actor, at: datetime, after: str = "", limit: int = 50) -> InventoryPage:
    """Return the function objects that fit, a page at a time, in two queries (POR-10)."""
    limit = max(1, min(limit, _MOST))
    found = list(_fitting(search, actor=actor, at=at).filter(hsa_id__gt=after)[: limit + 1])
    shown = found[:limit]
    return InventoryPage(rows=tuple(_rows(shown)), after=shown[-1].hsa_id if len(found) > limit else "")


def everything(search: Search, *, actor: Actor, at: datetime) -> Iterator[InventoryRow]:
    """Return every row that fits, page by page: for an export."""
    after = ""
    while True:
        page = find(search, actor=actor, at=at, after=after, limit=_MOST)
        yield from page.rows
        if not page.after:
            return
        after = page.after


def ending_by_month(*, actor: Actor, at: datetime) -> dict[datetime, int]:
    """Return how many active certificates end in each month from now on, by the month's beginning."""
    ending = visible_orders(actor).filter(state=FunctionOrderState.DELIVERED.value, not_after__gt=at)
    counted = ending.annotate(month=TruncMonth("not_after")).values_list("month").annotate(Count("pk"))
    return {month: number for month, number in counted.order_by("month") if month is not None}


def tags_in_reach(*, actor: Actor) -> tuple[str, ...]:
    """Return the tags that objects in the actor's reach have, by alphabet; at most a hundred."""
    objects = visible_objects(actor)
    found = FunctionTag.objects.filter(function_object__in=objects).values_list("tag", flat=True)
    return tuple(found.distinct().order_by("tag")[:100])


def _fitting(search: Search, *, actor: Actor, at: datetime) -> QuerySet[FunctionObject]:
    objects = listed_objects(actor)
    delivered = FunctionOrder.objects.filter(
        function_object=OuterRef("pk"), state=FunctionOrderState.DELIVERED.value
    ).order_by()
    first, number = _first_end(at), _certificates(at)
    objects = objects.annotate(ends_at=first, certificates=number)
    if text := search.text.strip():
        name = NameValidation.objects.filter(
            Q(function_object=OuterRef("pk"))
            | Q(function_object__isnull=True, organization=OuterRef("organization")),
            name__icontains=text,
        )
        objects = objects.filter(Q(name__icontains=text) | Q(hsa_id__istartswith=text) | Exists(name))
    if search.kind:
        objects = objects.filter(kind=search.kind)
    if search.state:
        objects = objects.filter(state=search.state)
    if search.tag:
        tagged = FunctionTag.objects.filter(function_object=OuterRef("pk"), tag=search.tag)
        objects = objects.filter(Exists(tagged))
    if search.ends == Ends.SOON:
        objects = objects.filter(ends_at__lte=at + SOON)
    elif search.ends == Ends.EXPIRED:
        objects = objects.filter(Exists(delivered.filter(not_after__lte=at)), ends_at__isnull=True)
    elif search.ends == Ends.NONE:
        objects = objects.filter(~Exists(delivered))
    return objects.order_by("hsa_id")


def row_of(function_object: FunctionObject, *, at: datetime) -> InventoryRow:
    """Return one object's row."""
    found = FunctionObject.objects.select_related("organization", "unit").filter(pk=function_object.pk)
    return next(_rows(list(found.annotate(ends_at=_first_end(at), certificates=_certificates(at)))))


def _first_end(at: datetime) -> Subquery:
    """Return when the first of an object's certificates ends."""
    return Subquery(_good(at).annotate(end=Min("not_after")).values("end"))


def _certificates(at: datetime) -> Subquery:
    """Return how many certificates an object has."""
    return Subquery(_good(at).annotate(number=Count("pk")).values("number"))


def _good(at: datetime) -> QuerySet[FunctionOrder, Any]:
    good = FunctionOrder.objects.filter(
        function_object=OuterRef("pk"), state=FunctionOrderState.DELIVERED.value, not_after__gt=at
    ).order_by()
    return good.values("function_object")


def _rows(objects: list[FunctionObject]) -> Iterator[InventoryRow]:
    tags: dict[object, list[str]] = {}
    found = FunctionTag.objects.filter(function_object__in=objects).order_by("tag")
    for function_object_id, tag in found.values_list("function_object_id", "tag"):
        tags.setdefault(function_object_id, []).append(tag)
    for one in objects:
        yield InventoryRow(
            function_object=one,
            ends_at=getattr(one, "ends_at", None),
            certificates=getattr(one, "certificates", None) or 0,
            tags=tuple(tags.get(one.pk, ())),
        )
