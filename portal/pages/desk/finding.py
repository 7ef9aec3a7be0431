"""Finds people, cards, certificates, units and functions: all in one list, within the actor's scope."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ca.models import Certificate
from ca.request_draft import CarrierKind
from ca.selectors import find_by_serial
from cards.card_number import parse_card_number
from cards.errors import CardNotFound
from cards.models import Card
from cards.policies import MAY_READ, has_role
from cards.reach import reaches_certificate
from cards.selectors import get_card_by_number
from cards.states import CardState
from directory.errors import PersonNotFound
from directory.models import Person
from directory.policies import may_find_people
from directory.searching import PersonHit, UnitHit, people_by_email, units_by_hsa_id, units_by_words
from directory.selectors import find_people_page, get_person
from functioncerts.models import FunctionObject
from functioncerts.selectors import find_function_objects, function_of_certificate
from journal.actor import Actor
from portal import words
from portal.pages.desk.asked_for import Kind, Question
from portal.pages.parts import grouped
from portal.words import Tag, Text

_OTHERS: Final = 5
"""Units and functions beside the people: the nearest, and more by more letters."""
_PROTECTED: Final = Tag(tone="warn", icon="person-lock", label=gettext_lazy("Protected personal data"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """Something found: ``kind`` and ``matched`` say what it is and by what it was found."""

    url: str
    name: str
    detail: str
    kind: Text
    icon: str
    matched: Text
    tags: Sequence[Tag] = ()
    person_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What there is, the people last since they go on; ``after`` names the last one, empty at the end."""

    hits: Sequence[Hit] = ()
    after: str = ""

    @property
    def only(self) -> Hit | None:
        """Return the hit when there is just one."""
        return self.hits[0] if len(self.hits) == 1 else None


def find(question: Question, *, actor: Actor, limit: int, after: str = "") -> Found:
    """Return what the question finds for this actor: at most ``limit`` people, others on the first page."""
    match question.kind:
        case Kind.NOTHING | Kind.UNCLEAR:
            return Found()
        case Kind.CARD_NUMBER:
            return Found(hits=_card(question.text, actor=actor))
        case Kind.SERIAL_NUMBER:
            return Found(hits=_certificates(question.text, actor=actor))
        case Kind.EMAIL:
            return Found(
                hits=(*_by_email(question.text, actor=actor, limit=limit), *_functions(question, actor))
            )
        case Kind.PERSONAL_NUMBER | Kind.HSA_ID | Kind.WORDS:
            found = find_people_page(question.text, actor=actor, limit=limit, after=after)
            others = () if after else _others(question, actor)
            people = [person_hit(hit, matched=_MATCHED[question.kind]) for hit in found.hits]
            return Found(hits=(*others, *people), after=found.after)


def _others(question: Question, actor: Actor) -> tuple[Hit, ...]:
    if question.kind is Kind.PERSONAL_NUMBER:
        return ()
    units: tuple[UnitHit, ...] = ()
    if not may_find_people(actor):
        by = units_by_hsa_id if question.kind is Kind.HSA_ID else units_by_words
        units = by(question.text, actor=actor, limit=_OTHERS)
    return (*(_unit(one, question.kind) for one in units), *_functions(question, actor))


def person_hit(hit: PersonHit, *, matched: Text) -> Hit:
    """Return a person as a line of a list."""
    return Hit(
        url=reverse("person", args=[hit.person_id]),
        name=hit.name,
        detail=hit.detail,
        kind=_("Person"),
        icon="person",
        tags=(_PROTECTED,) if hit.protected_identity else (),
        matched=matched,
        person_id=hit.person_id,
    )


def _by_email(text: str, *, actor: Actor, limit: int) -> tuple[Hit, ...]:
    if may_find_people(actor):
        return ()
    found = people_by_email(text, actor=actor, limit=limit).hits
    return tuple(person_hit(hit, matched=_MATCHED[Kind.EMAIL]) for hit in found)


def _unit(hit: UnitHit, kind: Kind) -> Hit:
    return Hit(
        url=reverse("unit", args=[hit.unit_id]),
        name=hit.name,
        detail=f"{hit.organization_name} · {hit.hsa_id}",
        kind=_("Unit"),
        icon="building",
        matched=_MATCHED[kind],
    )


def _functions(question: Question, actor: Actor) -> tuple[Hit, ...]:
    found = find_function_objects(question.text, actor=actor, limit=_OTHERS).objects
    return tuple(_function(one, matched=_MATCHED[question.kind]) for one in found)


def _function(one: FunctionObject, *, matched: Text, detail: str = "") -> Hit:
    tag = words.environment_tag(one.environment)
    return Hit(
        url=reverse("function", args=[one.pk]),
        name=one.name,
        detail=detail or f"{one.hsa_id} · {one.organization.name}",
        tags=(tag,) if tag else (),
        kind=_("Function"),
        icon="server",
        matched=matched,
    )


def _card(text: str, *, actor: Actor) -> tuple[Hit, ...]:
    if may_find_people(actor):
        return ()
    try:
        card = get_card_by_number(str(parse_card_number(text)), actor=actor)
        person = get_person(card.person_id, actor=actor)
    except (CardNotFound, PersonNotFound):
        return ()
    return (_held(card, person),)


def _held(card: Card, person: Person) -> Hit:
    return Hit(
        url=reverse("person", args=[person.pk]),
        name=person.full_name,
        detail=f"{_('Card')} {grouped(card.card_number or '')}",
        tags=(words.CARD_STATES[CardState(card.state)],),
        kind=_("Card"),
        icon="credit-card-2-front",
        matched=_MATCHED[Kind.CARD_NUMBER],
        person_id=str(person.pk),
    )


def _certificates(text: str, *, actor: Actor) -> tuple[Hit, ...]:
    found = [_certificate(one, actor) for one in find_by_serial(text)]
    return tuple(hit for hit in found if hit is not None)


def _certificate(certificate: Certificate, actor: Actor) -> Hit | None:
    detail = f"{certificate.issuer.common_name} · {certificate.serial_hex}"
    matched = _MATCHED[Kind.SERIAL_NUMBER]
    if certificate.carrier_kind == CarrierKind.FUNCTION.value:
        function = function_of_certificate(str(certificate.pk), actor=actor)
        return _function(function, matched=matched, detail=detail) if function else None
    if not has_role(actor, MAY_READ) or not reaches_certificate(certificate, actor):
        return None
    try:
        person = get_person(certificate.person_id, actor=actor)
    except PersonNotFound:
        return None
    return Hit(
        url=reverse("person", args=[person.pk]),
        name=person.full_name,
        detail=detail,
        tags=(_REVOKED,) if certificate.revoked_at is not None else (),
        kind=_("Certificate"),
        icon="patch-check",
        matched=matched,
        person_id=str(person.pk),
    )


_REVOKED: Final = Tag(tone="bad", icon="slash-circle", label=gettext_lazy("Revoked"))
_MATCHED: Final[dict[Kind, Text]] = {
    Kind.WORDS: gettext_lazy("name"),
    Kind.PERSONAL_NUMBER: gettext_lazy("personal number"),
    Kind.HSA_ID: gettext_lazy("HSA-id"),
    Kind.CARD_NUMBER: gettext_lazy("card number"),
    Kind.SERIAL_NUMBER: gettext_lazy("serial number"),
    Kind.EMAIL: gettext_lazy("e-mail"),
}
