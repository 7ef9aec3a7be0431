"""The rows of each report as they stood at a moment, inside the bounds of the reader's role.

How a thing stood is told by when it changed, never by the state it has now, so a report of yesterday says
today what it said yesterday. Only who is protected is told as of now: protection reaches back.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db.models import Case, CharField, F, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce

from ca.models import Certificate
from cards.models import Activation, Card, CardOrder, IdentityCheck
from cards.products import CardKind, catalogue
from directory.models import Employment, Organization, Person, RoleAssignment
from directory.reach import held_in_units
from journal.actor import Actor, ActorKind
from reports import columns
from reports.catalogue import Filter
from reports.columns import PROTECTED, local, text_of
from reports.question import Question, organizations_of
from reports.replays import last_logins, missing_people, told_of_cards
from reports.words import vocabulary

Row = tuple[str, ...]
Raw = tuple[columns.Value, ...]
Answer = QuerySet[Any, Any] | Iterable[Raw]
"""Rows as the database gives them: a query of bare values, or what was replayed from the journal."""

CHUNK: Final = 2000

__all__ = [
    "CHUNK", "Answer", "Raw", "Row", "answer_to", "local", "organization_names", "rows", "teller", "texts",
]  # fmt: skip


def rows(code: str, *, actor: Actor, as_of: datetime) -> Iterator[Row]:
    """Yield the rows of report ``code`` with its codes; a person or service gets its own organizations'."""
    is_ours = actor.kind is ActorKind.SYSTEM
    question = Question(
        code=code,
        as_of=as_of,
        organization_ids=None if is_ours else organizations_of(actor),
        unit_ids=actor.unit_ids if actor.unit_id and not is_ours else None,
        may_see_protected=is_ours or actor.may_see_protected,
    )
    yield from map(teller(question, language=None), stream(answer_to(question)))


def texts(question: Question) -> Iterator[Row]:
    """Yield the rows that answer a question, as the file in Swedish tells them."""
    yield from map(teller(question), stream(answer_to(question)))


def teller(question: Question, *, language: int | None = 0) -> Callable[[Raw], Row]:
    """Return what makes text of a row: 0 in Swedish, 1 in English, None with codes as they are."""
    fields, names, as_of = question.kind.fields, organization_names(), question.as_of
    spoken = [{} if language is None else vocabulary(field.english, language) for field in fields]

    def tell(raw: Raw) -> Row:
        return tuple(
            text_of(value, field, as_of=as_of, organizations=names, words=words)
            for value, field, words in zip(raw, fields, spoken, strict=True)
        )

    return tell


def answer_to(question: Question) -> Answer:
    """Return the rows that answer a question, in their steady order."""
    return _QUERIES[question.code](question)


def stream(answer: Answer) -> Iterator[Raw]:
    """Yield the rows of an answer, a few thousand in memory."""
    yield from answer.iterator(chunk_size=CHUNK) if isinstance(answer, QuerySet) else answer


def organization_names() -> dict[str, str]:
    """Return each organization's name by its id as text."""
    return {str(key): name for key, name in Organization.objects.values_list("id", "name")}


def _code(text: str) -> Value:
    return Value(text, output_field=CharField())


def _state(*passed: tuple[str, Q], otherwise: str) -> Case:
    """Return the first name whose condition holds."""
    whens = [When(condition, then=_code(name)) for name, condition in passed]
    return Case(*whens, default=_code(otherwise), output_field=CharField())


def _by_then(field: str, question: Question) -> Case:
    """Return a moment if it had come by then."""
    return Case(When(**{f"{field}__lte": question.as_of}, then=F(field)))


def _masked(field: str, question: Question, person: str = "person__protected_identity") -> Case | F:
    """Return a cell that tells who somebody is, unless the person is protected from this reader."""
    if question.may_see_protected:
        return F(field)
    return Case(When(Q(**{person: True}), then=_code(PROTECTED)), default=F(field), output_field=CharField())


def _within(question: Question, prefix: str = "") -> Q:
    """Return the condition that a card or order is in the reader's reach and meets the filters of cards."""
    condition = _in_organizations(question, prefix)
    if question.unit_ids is not None:
        condition &= held_in_units(question.unit_ids, prefix)
    return condition & _of_product(question, prefix)


def _in_organizations(question: Question, prefix: str = "") -> Q:
    reached = question.reached()
    return Q() if reached is None else Q(**{f"{prefix}organization_id__in": reached})


def _of_product(question: Question, prefix: str = "") -> Q:
    condition = Q()
    for name, field in ((Filter.PRODUCT, "product_code"), (Filter.LOA, "loa")):
        if (value := question.filters.get(name.value)) and (field != "loa" or value in {"2", "3"}):
            condition &= Q(**{f"{prefix}{field}": value})
    return condition


def _happened(field: str, question: Question) -> Q:
    """Return the condition that something happened in the period: from its first moment, through its last."""
    condition = Q(**{f"{field}__lte": question.as_of})
    return condition & Q(**{f"{field}__gte": question.since}) if question.since else condition


def _operator(field: str, question: Question) -> Q:
    chosen = question.filters.get(Filter.OPERATOR.value)
    return Q(**{f"{field}__iexact": chosen}) if chosen else Q()


def _of_state(query: QuerySet[Any, Any], question: Question) -> QuerySet[Any, Any]:
    chosen = question.filters.get(Filter.STATE.value)
    return query.filter(stood=chosen) if chosen else query


def _card_number(question: Question) -> Case:
    """Return the card's number once the card was made."""
    if question.may_see_protected:
        return Case(
            When(produced_at__lte=question.as_of, then=F("card_number")),
            When(produced_at__isnull=True, shipped_at__lte=question.as_of, then=F("card_number")),
        )
    made = Q(produced_at__lte=question.as_of) | Q(produced_at__isnull=True, shipped_at__lte=question.as_of)
    return Case(
        When(made & Q(person__protected_identity=True), then=_code(PROTECTED)),
        When(made, then=F("card_number")),
        output_field=CharField(),
    )


def _card_state(question: Question) -> Case:
    """Return how the card stood; what time alone decides is reckoned in Swedish days."""
    at, over = question.as_of, Q(valid_until__lt=question.today)
    return _state(
        ("SPÄRRAT", Q(blocked_at__lte=at)),
        ("MAKULERAT", Q(discarded_at__lte=at)),
        ("UTGÅNGET", Q(shipped_at__lte=at) & over),
        ("AKTIVT", Q(activated_at__lte=at)),
        ("SKICKAT", Q(shipped_at__lte=at)),
        otherwise="BESTÄLLT",
    )


def _cards(question: Question) -> QuerySet[Any, Any]:
    cards = Card.objects.filter(_within(question), ordered_at__lte=question.as_of)
    return cards.annotate(stood=_card_state(question)).order_by("ordered_at", "id")


def _s1(question: Question) -> Answer:
    return _of_state(_cards(question), question).values_list(
        _card_number(question), "product_code", "stood", "ordered_at", _by_then("shipped_at", question),
        _by_then("activated_at", question), _by_then("blocked_at", question), "valid_until", "loa",
        _masked("hsa_id", question), "organization_id", "environment",
    )  # fmt: skip


def _s3(question: Question) -> Answer:
    return _cards(question).filter(stood="SKICKAT").order_by("shipped_at", "id").values_list(
        _masked("card_number", question), "product_code", "shipped_at", F("shipped_at"),
        _masked("hsa_id", question), "organization_id", "environment",
    )  # fmt: skip


def _s4(question: Question) -> Answer:
    until = question.today + timedelta(days=question.days)
    living = _cards(question).filter(
        stood__in=["AKTIVT", "SKICKAT"], valid_until__range=(question.today, until)
    )
    return living.order_by("valid_until", "id").values_list(
        _masked("card_number", question), "product_code", "valid_until", F("valid_until"), "stood",
        _masked("hsa_id", question), "organization_id", "environment",
    )  # fmt: skip


def _s9(question: Question) -> Answer:
    reserve = [one.code for one in catalogue().products.values() if one.kind is CardKind.RESERVE]
    lying = _cards(question).filter(stood="SKICKAT", product_code__in=reserve)
    return lying.order_by("shipped_at", "id").values_list(
        _masked("card_number", question), "product_code", "loa", "shipped_at", "valid_until",
        "organization_id", "environment",
    )  # fmt: skip


def _given(question: Question) -> Q:
    """Return the condition that a role is for what the reader reaches."""
    condition = _in_organizations(question)
    return condition if question.unit_ids is None else condition & Q(unit_id__in=question.unit_ids)


def _carried(question: Question) -> Q:
    """Return the condition that a certificate is in the reader's reach: of units, by what carries it.

    Certificates name what carries them by text, so for units these are looked up; functions have no unit.
    """
    condition = _in_organizations(question) & _of_product(question)
    if question.unit_ids is None:
        return condition
    cards = Card.objects.filter(held_in_units(question.unit_ids)).order_by().values_list("pk", flat=True)
    people = Employment.objects.filter(unit_id__in=question.unit_ids).values_list("person_id", flat=True)
    return condition & (
        Q(carrier_kind="card", carrier_id__in=[str(pk) for pk in cards])
        | Q(carrier_kind="mobile", person_id__in=sorted({str(pk) for pk in people}))
    )


def _certificates(question: Question, *, kinds: tuple[str, ...]) -> QuerySet[Any, Any]:
    """Return the certificates issued by then, and how each stood."""
    at = question.as_of
    stood = _state(("SPÄRRAT", Q(revoked_at__lte=at)), ("UTGÅNGET", Q(not_after__lt=at)), otherwise="AKTIVT")
    found = Certificate.objects.filter(_carried(question), carrier_kind__in=kinds, issued_at__lte=at)
    return found.annotate(stood=stood).order_by("issued_at", "id")


def _certificate_serial(question: Question) -> Case | F:
    """Return the serial number; certificates name their person by text, so those protected are looked up."""
    if question.may_see_protected:
        return F("serial_hex")
    found = Person.objects.filter(protected_identity=True).order_by("pk").values_list("pk", flat=True)
    hidden = Q(person_id__in=[str(pk) for pk in found])
    return Case(When(hidden, then=_code(PROTECTED)), default=F("serial_hex"), output_field=CharField())


def _s2(question: Question) -> Answer:
    found = _of_state(_certificates(question, kinds=("card", "mobile")), question)
    return found.values_list(
        _certificate_serial(question), "issuer_id", "profile", "carrier_kind", "not_before", "not_after",
        "stood", "organization_id", "environment",
    )  # fmt: skip


def _s5(question: Question) -> Answer:
    return _of_state(_certificates(question, kinds=("function",)), question).values_list(
        "serial_hex", "subject_text", "profile", "not_after", "stood", "organization_id", "environment"
    )


def _s6(question: Question) -> Iterator[Raw]:
    at = question.as_of
    held = RoleAssignment.objects.filter(
        _given(question), _operator("employment__hsa_id", question), granted_at__lte=at, valid_from__lte=at
    ).filter(Q(valid_to__isnull=True) | Q(valid_to__gt=at))
    logins = last_logins(at)
    listed = held.order_by("granted_at", "id").values_list(
        _masked("employment__hsa_id", question, "employment__person__protected_identity"), "role", "source",
        "granted_by", "granted_at", "employment__person_id", "organization_id",
    )  # fmt: skip
    for *told, person_id, organization_id in listed.iterator(chunk_size=CHUNK):
        yield (*told, logins.get(str(person_id)), str(organization_id), settings.SIGILL_ENVIRONMENT)


def _s7(question: Question) -> Iterator[Raw]:
    yield from missing_people(question)


def _order_state(question: Question) -> Case:
    at = question.as_of
    return _state(
        ("AVBRUTEN", Q(cancelled_at__lte=at)),
        ("AVVISAD_AV_PRODUCENT", Q(rejected_at__lte=at)),
        ("FÖRFALLEN", Q(lapsed_at__lte=at)),
        ("AKTIVERAD", Q(activated_at__lte=at)),
        ("SKICKAD", Q(shipped_at__lte=at)),
        ("I_PRODUKTION", Q(production_started_at__lte=at)),
        ("SKICKAD_TILL_PRODUKTION", Q(sent_at__lte=at)),
        otherwise="BESTÄLLD",
    )


_OPEN: Final = ("BESTÄLLD", "SKICKAD_TILL_PRODUKTION", "I_PRODUKTION", "SKICKAD")


def _orders(question: Question) -> QuerySet[Any, Any]:
    orders = CardOrder.objects.filter(
        _within(question), _operator("placed_by", question), _happened("placed_at", question)
    )
    stood = orders.annotate(stood=_order_state(question)).order_by("placed_at", "id")
    return _of_state(stood, question)


def _s8(question: Question) -> Answer:
    return _orders(question).filter(stood__in=_OPEN).values_list(
        "placed_at", "product_code", "loa", "stood", F("placed_at"), _masked("hsa_id", question),
        "placed_by", "organization_id", "environment",
    )  # fmt: skip


def _h1(question: Question) -> Answer:
    return _orders(question).values_list(
        "placed_at", "product_code", "loa", _masked("hsa_id", question), "placed_by", "stood",
        "organization_id", "environment",
    )  # fmt: skip


def _h2(question: Question) -> Answer:
    done = Activation.objects.filter(
        _within(question, "card__"), _operator("opened_by", question), _happened("finished_at", question)
    )
    return done.order_by("finished_at", "id").values_list(
        "finished_at", _masked("card__card_number", question, "card__person__protected_identity"),
        _masked("card__hsa_id", question, "card__person__protected_identity"), "opened_by",
        "card__organization_id", "card__environment",
    )  # fmt: skip


def _h3(question: Question) -> Answer:
    blocked = Card.objects.filter(
        _within(question), _operator("blocked_by", question), _happened("blocked_at", question)
    )
    return blocked.order_by("blocked_at", "id").values_list(
        "block_requested_at", "blocked_at", "block_reason", _masked("card_number", question),
        _masked("hsa_id", question), "blocked_by", "organization_id", "environment",
    )  # fmt: skip


def _h4(question: Question) -> Iterator[Raw]:
    yield from told_of_cards(question)


def _h5(question: Question) -> Iterator[Raw]:
    of_functions = Certificate.objects.filter(_carried(question), carrier_kind="function")
    issued = of_functions.filter(_happened("issued_at", question)).values_list(
        "issued_at", _code("UTFÄRDAT"), "serial_hex", "subject_text", "profile", "organization_id",
        "environment", "id",
    )  # fmt: skip
    revoked = of_functions.filter(_happened("revoked_at", question)).values_list(
        "revoked_at", _code("SPÄRRAT"), "serial_hex", "subject_text", "profile", "organization_id",
        "environment", "id",
    )  # fmt: skip
    yield from (row[:-1] for row in _merged(issued, revoked))


def _h6(question: Question) -> Iterator[Raw]:
    assignments = RoleAssignment.objects.filter(_given(question), _operator("employment__hsa_id", question))
    who = _masked("employment__hsa_id", question, "employment__person__protected_identity")
    granted = assignments.filter(_happened("granted_at", question)).values_list(
        "granted_at", _code("TILLDELAD"), who, "role", "source", "granted_by", "organization_id", "id"
    )
    revoked = assignments.filter(_happened("revoked_at", question)).values_list(
        "revoked_at", _code("ÅTERKALLAD"), who, "role", "source", "revoked_by", "organization_id", "id"
    )
    yield from ((*row[:-1], settings.SIGILL_ENVIRONMENT) for row in _merged(granted, revoked))


def _merged(*queries: QuerySet[Any, Any]) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of several queries in the order of their first column, then kind, then id."""
    found = [row for query in queries for row in query.iterator(chunk_size=CHUNK)]
    yield from sorted(found, key=lambda row: (row[0], row[1], str(row[-1])))


def _h7(question: Question) -> Answer:
    found = _certificates(question, kinds=("mobile",)).filter(_happened("issued_at", question))
    return found.values_list(
        "issued_at", _certificate_serial(question), "issuer_id", "profile", "not_after", "organization_id",
        "environment",
    )  # fmt: skip


def _h8(question: Question) -> Answer:
    done = IdentityCheck.objects.filter(
        _within(question, "card__"), _operator("checked_by", question), _happened("checked_at", question)
    )
    return done.order_by("checked_at", "id").values_list(
        "checked_at", Coalesce("document_kind", _code("")), "method", "outcome",
        _masked("card__card_number", question, "card__person__protected_identity"),
        _masked("card__hsa_id", question, "card__person__protected_identity"), "checked_by",
        "card__organization_id", "card__environment",
    )  # fmt: skip


_QUERIES: Final[dict[str, Callable[[Question], Answer]]] = {
    "S1": _s1, "S2": _s2, "S3": _s3, "S4": _s4, "S5": _s5, "S6": _s6, "S7": _s7, "S8": _s8, "S9": _s9,
    "H1": _h1, "H2": _h2, "H3": _h3, "H4": _h4, "H5": _h5, "H6": _h6, "H7": _h7, "H8": _h8,
}  # fmt: skip
