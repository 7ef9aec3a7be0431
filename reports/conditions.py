"""What the queries of all reports share: the reader's reach, filters, masks, and rows of several queries."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from heapq import merge
from itertools import islice
from typing import Any, Final

from django.db.models import Case, CharField, F, Q, QuerySet, Value, When

from directory.former_work import worked_in
from directory.reach import held_in_units
from reports import columns
from reports.catalogue import Filter
from reports.columns import PROTECTED
from reports.question import Question

Raw = tuple[columns.Value, ...]
CHUNK: Final = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Streamed:
    """Rows of several queries in the order of their first values, told a few thousand at a time.

    ``key`` orders a row of any of the queries, each of which is in that order; ``tell`` makes cells of them.
    """

    queries: tuple[QuerySet[Any, Any], ...]
    tell: Callable[[tuple[tuple[Any, ...], ...]], Iterable[Raw]]
    key: Callable[[tuple[Any, ...]], Any] | None = None

    def __iter__(self) -> Iterator[Raw]:
        """Yield the rows."""
        found = [query.iterator(chunk_size=CHUNK) for query in self.queries]
        for some in batched_rows(merge(*found, key=self.key) if len(found) > 1 else found[0]):
            yield from self.tell(some)

    def count(self) -> int:
        """Return how many rows there are, as the database counts them."""
        return sum(query.order_by().count() for query in self.queries)


def batched_rows(rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[tuple[Any, ...], ...]]:
    """Yield rows a few thousand at a time."""
    left = iter(rows)
    while some := tuple(islice(left, CHUNK)):
        yield some


Answer = QuerySet[Any, Any] | Streamed | Iterable[Raw]
"""Rows as the database gives them: a query of bare values, several merged, or a replay of the journal."""


def code(text: str) -> Value:
    """Return a code as a cell."""
    return Value(text, output_field=CharField())


def state(*passed: tuple[str, Q], otherwise: str) -> Case:
    """Return the first name whose condition holds."""
    whens = [When(condition, then=code(name)) for name, condition in passed]
    return Case(*whens, default=code(otherwise), output_field=CharField())


def by_then(field: str, question: Question) -> Case:
    """Return a moment if it had come by then."""
    return Case(When(**{f"{field}__lte": question.as_of}, then=F(field)))


def masked(told: Any, question: Question, person: str = "person") -> Any:  # noqa: ANN401 - expressions
    """Return a cell that tells who somebody is, unless the person is protected from this reader."""
    cell = F(told) if isinstance(told, str) else told
    if question.may_see_protected:
        return cell
    hidden = When(Q(**{f"{person}__protected_identity": True}), then=code(PROTECTED))
    return Case(hidden, default=cell, output_field=CharField())


def who(question: Question, prefix: str = "") -> list[Any]:
    """Return the cells for the HSA-id of a card or order, and for the personal number where asked for."""
    person = f"{prefix}person"
    cells = [masked(f"{prefix}hsa_id", question, person)]
    if question.with_numbers:
        cells.append(masked(f"{person}__personal_identity_number", question, person))
    return cells


def within(question: Question, prefix: str = "") -> Q:
    """Return the condition that a card or order is in the reader's reach and meets the filters of cards."""
    return placed(question, prefix) & of_product(question, prefix)


def placed(question: Question, prefix: str = "") -> Q:
    """Return the condition that what a service identity has is in the reader's reach and the units asked for.

    A role for a unit reaches who works there now; the filter of units asks where they worked at the moment.
    """
    condition = in_organizations(question, prefix)
    if question.unit_ids is not None:
        condition &= held_in_units(question.unit_ids, prefix)
    if (asked := question.units_asked()) is not None:
        condition &= worked_in(asked, at=question.as_of, prefix=prefix)
    return condition


def in_organizations(question: Question, prefix: str = "") -> Q:
    """Return the condition that a row is of an organization that is asked about."""
    reached = question.reached()
    return Q() if reached is None else Q(**{f"{prefix}organization_id__in": reached})


def of_product(question: Question, prefix: str = "") -> Q:
    """Return the condition that a row is of the product and the assurance level that is asked for."""
    condition = Q()
    if product := question.filters.get(Filter.PRODUCT.value):
        condition &= Q(**{f"{prefix}product_code": product})
    if level := asked_level(question):
        condition &= Q(**{f"{prefix}loa": level})
    return condition


def asked_level(question: Question) -> str:
    """Return the assurance level that is asked for, empty for all."""
    value = question.filters.get(Filter.LOA.value, "")
    return value if value in {"2", "3"} else ""


def happened(field: str, question: Question) -> Q:
    """Return the condition that something happened in the period: from its first moment, through its last."""
    condition = Q(**{f"{field}__lte": question.as_of})
    return condition & Q(**{f"{field}__gte": question.since}) if question.since else condition


def operator(field: str, question: Question) -> Q:
    """Return the condition that somebody asked for did it."""
    chosen = question.filters.get(Filter.OPERATOR.value)
    return Q(**{f"{field}__iexact": chosen}) if chosen else Q()


def of_state(query: QuerySet[Any, Any], question: Question) -> QuerySet[Any, Any]:
    """Return the rows that stood as asked for."""
    chosen = question.filters.get(Filter.STATE.value)
    return query.filter(stood=chosen) if chosen else query
