"""The rows of the reports on cards and people's certificates together: what expires, what was blocked."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.db.models import Q, QuerySet

from ca.models import Certificate
from cards.block_request_models import BlockRequest
from cards.models import Card
from directory.former_work import worked_in
from directory.models import Employment, Person
from directory.reach import held_in_units
from directory.row_ids import row_id
from directory.swedish_time import swedish_day
from reports.card_rows import cards_then
from reports.catalogue import Filter
from reports.certificate_rows import expiring_certificates
from reports.columns import PROTECTED
from reports.conditions import (
    Raw,
    Streamed,
    asked_level,
    code,
    happened,
    in_organizations,
    masked,
    operator,
    who,
    within,
)
from reports.question import Question

_CARD: Final = "card"


def s4(question: Question) -> Streamed:
    """Return cards and people's certificates that expire within the days asked, the first to expire first."""
    until = question.today + timedelta(days=question.days)
    cards = cards_then(question).filter(
        stood__in=["AKTIVT", "SKICKAT"], valid_until__range=(question.today, until)
    )
    listed = cards.order_by("valid_until", "id").values_list(
        "valid_until", code(_CARD), masked("card_number", question), "product_code", "stood", "loa",
        *who(question), "organization_id", "environment",
    )  # fmt: skip
    if question.filters.get(Filter.PRODUCT.value):
        return Streamed(queries=(listed,), tell=lambda rows: _expiring(rows, question))
    return Streamed(
        queries=(listed, expiring_certificates(question)),
        tell=lambda rows: _expiring(rows, question),
        key=lambda row: (_day(row[0]), row[1]),
    )


def _expiring(rows: tuple[tuple[Any, ...], ...], question: Question) -> Iterable[Raw]:
    held = _Holders(
        question,
        people=[row[6] for row in rows if row[1] != _CARD],
        cards=[row[7] for row in rows if row[1] != _CARD],
    )
    for row in rows:
        if row[1] == _CARD:
            _, _, number, product, stood, level, *rest = row
            yield (_CARD, number, product, row[0], row[0], stood, level, *rest)
            continue
        at, _, profile, serial, stood, level, person_id, card_id, organization_id, environment = row
        day = _day(at)
        yield (
            profile, held.shown(serial, person_id), None, day, day, stood, level,
            *held.who(person_id, card_id), organization_id, environment,
        )  # fmt: skip


def h3(question: Question) -> Streamed:
    """Return cards that were blocked, and single certificates that were."""
    blocked = Card.objects.filter(
        within(question), operator("blocked_by", question), happened("blocked_at", question)
    )
    cards = blocked.order_by("blocked_at", "id").values_list(
        "blocked_at", code(_CARD), "block_requested_at", "block_reason", masked("card_number", question),
        *who(question), "blocked_by", "organization_id", "environment",
    )  # fmt: skip
    if question.filters.get(Filter.PRODUCT.value) or asked_level(question):
        return Streamed(queries=(cards,), tell=lambda rows: _blocks(rows, question))
    return Streamed(
        queries=(cards, _single_blocks(question)),
        tell=lambda rows: _blocks(rows, question),
        key=lambda row: (row[0], row[1]),
    )


def _single_blocks(question: Question) -> QuerySet[Any, Any]:
    found = BlockRequest.objects.filter(
        in_organizations(question), operator("registered_by", question), happened("registered_at", question),
        had_effect=True,
    ).exclude(certificate_id="")  # fmt: skip
    if question.unit_ids is not None:
        people = Employment.objects.filter(unit_id__in=question.unit_ids).values("person_id")
        found = found.filter(
            Q(card__isnull=False) & held_in_units(question.unit_ids, "card__")
            | Q(card__isnull=True, person_id__in=people)
        )
    if (asked := question.units_asked()) is not None:
        found = found.filter(
            Q(card__isnull=False) & worked_in(asked, at=question.as_of, prefix="card__")
            | Q(card__isnull=True, person__employments__unit_id__in=asked)
        ).distinct()
    return found.order_by("registered_at", "id").values_list(
        "registered_at", code("certificate"), "received_at", "reason", "certificate_id", "person_id",
        "card_id", "registered_by", "organization_id",
    )  # fmt: skip


def _blocks(rows: tuple[tuple[Any, ...], ...], question: Question) -> Iterable[Raw]:
    single = [row for row in rows if row[1] != _CARD]
    held = _Holders(question, people=[row[5] for row in single], cards=[row[6] for row in single])
    named = Certificate.objects.filter(pk__in=[row_id(row[4]) for row in single])
    told = {str(pk): facts for pk, *facts in named.values_list("pk", "profile", "serial_hex", "environment")}
    for row in rows:
        if row[1] == _CARD:
            done, _, requested, reason, number, *rest = row
            yield (requested, done, _CARD, reason, number, *rest)
            continue
        done, _, requested, reason, certificate_id, person_id, card_id, by, organization_id = row
        profile, serial, environment = told.get(str(certificate_id), ("", "", ""))
        yield (
            requested, done, profile, reason, held.shown(serial, person_id),
            *held.who(person_id, card_id), by, organization_id, environment,
        )  # fmt: skip


def _day(value: date | datetime) -> date:
    return swedish_day(value) if isinstance(value, datetime) else value


class _Holders:
    """Who holds some certificates, read in two queries, each masked from a reader who may not see them."""

    def __init__(self, question: Question, *, people: Iterable[object], cards: Iterable[object]) -> None:
        found = Person.objects.filter(pk__in={row_id(str(one)) for one in people})
        self._people = {
            str(pk): (number, hidden and not question.may_see_protected)
            for pk, number, hidden in found.values_list(
                "pk", "personal_identity_number", "protected_identity"
            )
        }
        held = Card.objects.filter(pk__in={row_id(str(one)) for one in cards if one})
        self._identities = {str(pk): hsa_id for pk, hsa_id in held.values_list("pk", "hsa_id")}
        self._with_numbers = question.with_numbers

    def shown(self, told: str, person_id: object) -> str:
        """Return a cell that tells who somebody is."""
        _, hidden = self._people.get(str(person_id), ("", False))
        return PROTECTED if hidden else told

    def who(self, person_id: object, card_id: object) -> tuple[str, ...]:
        """Return the HSA-id of the card that carries it, and the personal number where asked for."""
        number, _ = self._people.get(str(person_id), ("", False))
        cells = (self._identities.get(str(card_id), ""), *((number,) if self._with_numbers else ()))
        return tuple(self.shown(cell, person_id) for cell in cells)
