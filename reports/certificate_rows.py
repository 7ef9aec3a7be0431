"""The rows of the reports on certificates, of people and of functions, as they stood at a moment."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final

from django.db.models import Case, CharField, F, Q, QuerySet, Value, When
from django.db.models.fields import SmallIntegerField

from ca.models import Certificate
from cards.models import Card
from directory.former_work import unit_then
from directory.models import Employment, Person
from directory.reach import held_in_units
from directory.row_ids import row_id
from functioncerts.models import FunctionObject, FunctionOrder
from reports.columns import PROTECTED
from reports.conditions import (
    Answer,
    Raw,
    Streamed,
    asked_level,
    code,
    happened,
    in_organizations,
    of_state,
    state,
    within,
)
from reports.question import Question

_CARD: Final = "card"
_MOBILE: Final = "mobile"
_FUNCTION: Final = "function"
_LEVELS: Final = {
    "3": Q(issuer__key__endswith="_3") | Q(issuer__key__endswith="_mobile"),
    "2": Q(issuer__key__endswith="_2"),
}
"""The issuer tells the assurance level of a person's certificate (domain.md 3.1)."""


def _carried(question: Question) -> Q:
    """Return the condition that a person's certificate is in the reader's reach, by what carries it.

    Certificates name what carries them by text, so for units these are looked up.
    """
    condition = in_organizations(question)
    if level := asked_level(question):
        condition &= _LEVELS[level]
    if question.unit_ids is not None:
        condition &= _carried_in(
            Card.objects.filter(held_in_units(question.unit_ids)),
            Employment.objects.filter(unit_id__in=question.unit_ids),
        )
    if (asked := question.units_asked()) is not None:
        placed = Employment.objects.annotate(unit_then=unit_then(question.as_of))
        condition &= _carried_in(Card.objects.filter(within(question)), placed.filter(unit_then__in=asked))
    return condition


def _carried_in(cards: QuerySet[Card], work: QuerySet[Employment]) -> Q:
    held = cards.order_by().values_list("pk", flat=True)
    people = work.order_by().values_list("person_id", flat=True)
    return Q(carrier_kind=_CARD, carrier_id__in=[str(pk) for pk in held]) | Q(
        carrier_kind=_MOBILE, person_id__in=sorted({str(pk) for pk in people})
    )


def _certificates(question: Question, reached: Q, kinds: tuple[str, ...]) -> QuerySet[Any, Any]:
    """Return the certificates issued by then, and how each stood."""
    at = question.as_of
    stood = state(("SPÄRRAT", Q(revoked_at__lte=at)), ("UTGÅNGET", Q(not_after__lt=at)), otherwise="AKTIVT")
    found = Certificate.objects.filter(reached, carrier_kind__in=kinds, issued_at__lte=at)
    return found.annotate(stood=stood).order_by("issued_at", "id")


def _of_people(question: Question, *kinds: str) -> QuerySet[Any, Any]:
    return _certificates(question, _carried(question), kinds)


def _level() -> Case:
    whens = [When(condition, then=Value(int(level))) for level, condition in _LEVELS.items()]
    return Case(*whens, output_field=SmallIntegerField())


def _serial(question: Question) -> Case | F:
    """Return the serial number; certificates name their person by text, so those protected are looked up."""
    if question.may_see_protected:
        return F("serial_hex")
    found = Person.objects.filter(protected_identity=True).order_by("pk").values_list("pk", flat=True)
    hidden = Q(person_id__in=[str(pk) for pk in found])
    return Case(When(hidden, then=code(PROTECTED)), default=F("serial_hex"), output_field=CharField())


def s2(question: Question) -> Answer:
    """Return certificates of people."""
    return of_state(_of_people(question, _CARD, _MOBILE), question).values_list(
        _serial(question), "issuer_id", _level(), "profile", "carrier_kind", "not_before", "not_after",
        "stood", "organization_id", "environment",
    )  # fmt: skip


def h7(question: Question) -> Answer:
    """Return certificates that were issued to phones."""
    found = _of_people(question, _MOBILE).filter(happened("issued_at", question))
    return found.values_list(
        "issued_at", _serial(question), "issuer_id", _level(), "profile", "not_after", "organization_id",
        "environment",
    )  # fmt: skip


def expiring_certificates(question: Question) -> QuerySet[Any, Any]:
    """Return those of people that expire in the days asked: when, a tag, and what tells of each."""
    until = question.as_of + timedelta(days=question.days)
    found = _of_people(question, _CARD, _MOBILE).filter(stood="AKTIVT", not_after__lte=until)
    return found.order_by("not_after", "id").values_list(
        "not_after", code("certificate"), "profile", "serial_hex", "stood", _level(), "person_id",
        "carrier_id", "organization_id", "environment",
    )  # fmt: skip


def _functions(question: Question) -> QuerySet[Any, Any]:
    """Return the certificates of function objects, which are where HSA places them now."""
    condition = in_organizations(question)
    for units in (question.unit_ids, question.units_asked()):
        if units is not None:
            placed = FunctionObject.objects.filter(unit_id__in=units).values_list("pk", flat=True)
            condition &= Q(carrier_id__in=[str(pk) for pk in placed])
    return _certificates(question, condition, (_FUNCTION,))


_OF_FUNCTION: Final = (
    "serial_hex", "carrier_id", "request_id", "profile", "not_after", "stood", "organization_id",
    "environment",
)  # fmt: skip


def s5(question: Question) -> Streamed:
    """Return function certificates; narrowed by days ahead, those that expire within them."""
    found = of_state(_functions(question), question)
    if question.is_within_days:
        until = question.as_of + timedelta(days=question.days)
        found = found.filter(stood="AKTIVT", not_after__lte=until)
    return Streamed(queries=(found.values_list(*_OF_FUNCTION),), tell=_told_of_functions)


def _told_of_functions(rows: tuple[tuple[Any, ...], ...]) -> Iterable[Raw]:
    told = _FunctionFacts(rows, carrier=1, request=2)
    for serial, carrier, request, profile, not_after, stood, organization, environment in rows:
        yield (
            *told.of(carrier), serial, profile, told.names(request), not_after, told.by(request), stood,
            str(organization), environment,
        )  # fmt: skip


def h5(question: Question) -> Streamed:
    """Return function certificates that were issued or revoked."""
    of_functions = _functions(question)
    issued, revoked = (
        of_functions.filter(happened(field, question)).order_by(field, "id").values_list(
            field, code(event), "serial_hex", "carrier_id", "request_id", "profile", "organization_id",
            "environment",
        )
        for field, event in (("issued_at", "UTFÄRDAT"), ("revoked_at", "SPÄRRAT"))
    )  # fmt: skip
    return Streamed(queries=(issued, revoked), tell=_told_of_events, key=lambda row: (row[0], row[1]))


def _told_of_events(rows: tuple[tuple[Any, ...], ...]) -> Iterable[Raw]:
    told = _FunctionFacts(rows, carrier=3, request=4)
    for at, event, serial, carrier, request, profile, organization, environment in rows:
        yield (
            at, event, *told.of(carrier), serial, profile, told.names(request), told.by(request),
            str(organization), environment,
        )  # fmt: skip


class _FunctionFacts:
    """What the function objects and orders behind some certificates say, read in two queries."""

    def __init__(self, rows: tuple[tuple[Any, ...], ...], *, carrier: int, request: int) -> None:
        objects = FunctionObject.objects.filter(pk__in=[row_id(row[carrier]) for row in rows])
        self._objects = {str(pk): told for pk, *told in objects.values_list("pk", "hsa_id", "name")}
        orders = FunctionOrder.objects.filter(
            certificate_request_id__in=[str(row[request]) for row in rows]
        ).values_list("certificate_request_id", "names", "ordered_by")
        self._orders = {request_id: (names, by) for request_id, names, by in orders}

    def of(self, carrier_id: str) -> tuple[str, str]:
        """Return the HSA-id and the name of the function; empty for one that is not known."""
        hsa_id, name = self._objects.get(carrier_id, ("", ""))
        return hsa_id, name

    def names(self, request_id: object) -> str:
        """Return the names in the certificate."""
        names, _ = self._orders.get(str(request_id), ((), ""))
        return ", ".join(str(name) for name in names)

    def by(self, request_id: object) -> str:
        """Return who ordered it."""
        return self._orders.get(str(request_id), ((), ""))[1]
