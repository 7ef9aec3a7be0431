"""Whom an order for several is for: a list, a unit with all below it, or cards that end before a day."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final
from uuid import UUID

from django.db.models import Q, QuerySet
from django.db.models.functions import Upper

from ca.environments import Environment
from cards.bulk.errors import BulkListUnreadable
from cards.bulk.reading import MOST_ROWS, AskedLine
from cards.models import Card
from cards.products import CardKind, product
from cards.states import CardState
from directory.identifiers import possible_numbers
from directory.models import Employment, Organization, Unit
from directory.reach import held_within, placed_within, units_below
from directory.swedish_time import swedish_day
from journal.actor import Actor
from journal.errors import DomainError, Refusal

_CHUNK: Final = 500
_RENEWED: Final = frozenset({CardKind.SIS, CardKind.SERVICE, CardKind.REGULAR})
_IN_USE: Final = frozenset({CardState.ACTIVE.value, CardState.SHIPPED.value, CardState.ORDERED.value})


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenRow:
    """A row to be: whose employment, which product; ``refusal`` where it is known at once why not.

    ``replaces`` is the id of the card that ends, and ends for good when the new one is activated.
    """

    line: int
    product_code: str
    typed: str = ""
    employment: Employment | None = None
    replaces: UUID | None = None
    refusal: Refusal | None = None


def from_list(
    lines: Sequence[AskedLine], *, organization: Organization, product_code: str, actor: Actor, at: datetime
) -> list[ChosenRow]:
    """Return a row for each line: the employment in the organization and in reach that it means.

    A person with several employments there is refused: the HSA-id says which one. Whoever is outside the
    actor's reach is told from whoever does not exist to nobody.
    """
    found = _Found(lines, organization=organization, actor=actor, at=at)
    rows = [replace(found.row(one), product_code=one.product or product_code) for one in lines]
    return _without_duplicates(rows)


def from_unit(unit: Unit, *, product_code: str, actor: Actor, at: datetime) -> list[ChosenRow]:
    """Return a row for each employment in the unit and those below it, by surname.

    Raises BulkListUnreadable for nobody and for too many.
    """
    below = units_below(unit.pk, organization_id=unit.organization_id)
    working = _working(actor).filter(unit_id__in=below).filter(_holds(at))
    return _rows(working, product_code=product_code)


def from_expiring(
    before: date, *, organization: Organization, product_code: str, actor: Actor, at: datetime
) -> list[ChosenRow]:
    """Return a row for each whose card in use ends before the day and who has none that lasts longer.

    Without a product each gets the one that they have. The new card takes the place of the one that ends, the
    last of them if there are several; a test card takes nobody's. Raises BulkListUnreadable when there are
    too many.
    """
    mine = Card.objects.filter(
        held_within(actor), organization=organization, environment=Environment.PROD.value
    )
    ending = mine.filter(
        state=CardState.ACTIVE.value, valid_until__lt=before, valid_until__gte=swedish_day(at)
    )
    lasting = mine.filter(state__in=_IN_USE, valid_until__gte=before)
    cards = ending.exclude(person_id__in=lasting.values("person_id")).order_by("valid_until", "pk")
    ends: dict[str, tuple[UUID, str]] = {}
    for pk, hsa_id, code in cards.values_list("pk", "hsa_id", "product_code")[: MOST_ROWS * 2]:
        item = product(code)
        if item is None or item.kind in _RENEWED:
            ends[hsa_id.upper()] = (pk, code)
    found = {
        one.hsa_id.upper(): one
        for keys in _chunks(list(ends))
        for one in _working(actor)
        .annotate(key=Upper("hsa_id"))
        .filter(key__in=keys, organization=organization)
    }
    kept = [(found[key], pk, code) for key, (pk, code) in ends.items() if key in found]
    _demand_fewer(len(kept))
    is_test_card = _environment(product_code) is not Environment.PROD
    return _without_duplicates(
        ChosenRow(
            line=number,
            employment=one,
            product_code=product_code or code,
            replaces=None if is_test_card else pk,
        )
        for number, (one, pk, code) in enumerate(kept, start=1)
    )


class _Found:
    """The employments that a list can mean, read in a few queries."""

    def __init__(
        self, lines: Sequence[AskedLine], *, organization: Organization, actor: Actor, at: datetime
    ) -> None:
        self._at = at
        self._numbers = {one.who: _numbers(one.who) for one in lines}
        working = _working(actor).filter(organization=organization)
        numbers = sorted({number for found in self._numbers.values() for number in found})
        self._by_number: dict[str, list[Employment]] = {}
        for keys in _chunks(numbers):
            for one in working.filter(person__personal_identity_number__in=keys):
                self._by_number.setdefault(one.person.personal_identity_number, []).append(one)
        names = sorted({one.who.upper() for one in lines if not self._numbers[one.who]})
        self._by_hsa_id = {
            one.hsa_id.upper(): one
            for keys in _chunks(names)
            for one in working.annotate(key=Upper("hsa_id")).filter(key__in=keys)
        }

    def row(self, line: AskedLine) -> ChosenRow:
        """Return the row of a line, without its product."""
        numbers = self._numbers[line.who]
        if not numbers:
            only = self._by_hsa_id.get(line.who.upper())
            code = (
                "bulk_unknown" if "-" in line.who and any(map(str.isdigit, line.who)) else "bulk_unreadable"
            )
            return self._one(line, [only] if only else [], otherwise=code)
        meant = [one for number in numbers for one in self._by_number.get(number, [])]
        holding = [one for one in meant if _is_held(one, at=self._at)]
        return self._one(line, holding or meant, otherwise="bulk_unknown")

    def _one(self, line: AskedLine, found: list[Employment], *, otherwise: str) -> ChosenRow:
        if len(found) == 1:
            return ChosenRow(line=line.line, product_code="", employment=found[0])
        is_known = any(one.person.protected_identity for one in found)
        refusal = Refusal(code="bulk_ambiguous" if found else otherwise, fixer="you")
        return ChosenRow(line=line.line, product_code="", typed="" if is_known else line.who, refusal=refusal)


def _numbers(who: str) -> tuple[str, ...]:
    try:
        return tuple(number.value for number in possible_numbers(who))
    except DomainError:
        return ()


def _working(actor: Actor) -> QuerySet[Employment]:
    """Return the employments in reach; a list of numbers tells nobody who is protected."""
    rows = Employment.objects.filter(placed_within(actor)).select_related("person", "organization")
    return rows if actor.may_see_protected else rows.filter(person__protected_identity=False)


def _holds(at: datetime) -> Q:
    today = swedish_day(at)
    started = Q(starts_on__isnull=True) | Q(starts_on__lte=today)
    return started & (Q(ends_on__isnull=True) | Q(ends_on__gte=today)) & Q(missing_since__isnull=True)


def _is_held(one: Employment, *, at: datetime) -> bool:
    today = swedish_day(at)
    return (
        (one.starts_on is None or one.starts_on <= today)
        and (one.ends_on is None or one.ends_on >= today)
        and one.missing_since is None
    )


def _rows(working: QuerySet[Employment], *, product_code: str) -> list[ChosenRow]:
    found = list(working.order_by("person__surname", "person__given_name", "hsa_id")[: MOST_ROWS + 1])
    _demand_fewer(len(found))
    return _without_duplicates(
        ChosenRow(line=number, employment=one, product_code=product_code)
        for number, one in enumerate(found, start=1)
    )


def _demand_fewer(count: int) -> None:
    if not count:
        raise BulkListUnreadable("nobody is on it", facts={"rule": "nobody"})
    if count > MOST_ROWS:
        facts = {"rule": "too_many", "rows": str(count), "most": str(MOST_ROWS)}
        raise BulkListUnreadable("too many", facts=facts)


def _without_duplicates(rows: Iterable[ChosenRow]) -> list[ChosenRow]:
    """Refuse the second row of a person in one environment: a running order is one for each person."""
    first: dict[tuple[object, object], int] = {}
    checked = []
    for row in rows:
        line = row.line
        if row.employment is not None and row.refusal is None:
            key = (row.employment.person_id, _environment(row.product_code))
            line = first.setdefault(key, row.line)
        refusal = Refusal(code="bulk_duplicate", facts=(("line", str(line)),), fixer="you")
        checked.append(row if line == row.line else replace(row, refusal=refusal))
    return checked


def _environment(product_code: str) -> Environment:
    item = product(product_code)
    return item.environment if item is not None else Environment.PROD


def _chunks(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), _CHUNK):
        yield keys[start : start + _CHUNK]
