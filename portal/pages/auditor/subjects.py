"""Turns what an auditor types into the person, card, certificate or administrator that is meant.

What is typed stays out of every address: pages go by ids. A search by a whole number is recorded, as at the
desk.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.http import Http404
from django.utils.translation import gettext as _

from ca.models import Certificate
from ca.selectors import find_by_serial
from cards.card_number import CardNumberInvalid, parse_card_number
from cards.errors import CardNotFound
from cards.models import Card
from cards.reach import reaches_certificate
from cards.selectors import get_card, get_card_by_number
from directory.errors import PersonNotFound
from directory.lifecycle import record_protected_opening, record_search
from directory.models import Employment, Person
from directory.row_ids import row_id
from directory.searching import PersonHit
from directory.selectors import find_people_for_journal, get_person_for_journal
from journal.actor import Actor
from portal.pages.desk.opening import ReasonNeeded
from portal.pages.parts import grouped

KINDS: Final = ("person", "card", "certificate")
_MOST: Final = 8
_SERIAL_DIGITS: Final = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Something that events are about, as a filter names it."""

    kind: str
    id: str
    label: str
    detail: str = ""
    person_id: str = ""


def find_subjects(query: str, *, actor: Actor, at: datetime) -> list[Subject]:
    """Return what the query may mean within the actor's reach; one for a whole number.

    Raises ``InvalidIdentifier`` for what looks like a number and is none.
    """
    query = query.strip()
    if not query:
        return []
    if _is_card_number(query):
        card = _card_numbered(query, actor=actor)
        record_search(key="card_number", person_id=str(card.person_id) if card else "", actor=actor, at=at)
        return [_of_card(card)] if card else []
    if (serial := _serial(query)) and (found := _certificates(serial, actor=actor)):
        return found
    hits = find_people_for_journal(query, actor=actor, limit=_MOST)
    if any(letter.isdigit() for letter in query):
        key = "hsa_id" if query[0].isalpha() else "personal_number"
        only = hits[0].person_id if len(hits) == 1 else ""
        record_search(key=key, person_id=only, actor=actor, at=at)
    return [
        Subject(
            kind="person",
            id=hit.person_id,
            label=_name(hit),
            detail="" if hit.protected_identity else hit.detail,
            person_id=hit.person_id,
        )
        for hit in hits
    ]


def subject(kind: str, value: str, *, opened: Mapping[str, str], actor: Actor, at: datetime) -> Subject:
    """Return what an address names. Raises Http404 for what does not exist or lies out of reach.

    Raises ``ReasonNeeded`` for a protected person, and what is theirs, whom ``opened`` (reasons by person's
    id) does not hold; the look at one whom it holds is recorded.
    """
    found, person = _READERS[kind](value, actor)
    if person is None or not person.protected_identity:
        return found
    if not actor.may_see_protected:
        raise Http404
    reason = opened.get(str(person.pk))
    if reason is None:
        raise ReasonNeeded(person)
    record_protected_opening(person, reason=reason, page="journal", actor=actor, at=at)
    return found


def subjects_of(
    asked: Mapping[str, str], *, opened: Mapping[str, str], actor: Actor, at: datetime
) -> list[Subject]:
    """Return what the parameters of an address name; raises as ``subject`` does."""
    return [
        subject(kind, asked[kind], opened=opened, actor=actor, at=at) for kind in KINDS if asked.get(kind)
    ]


def _person(value: str, actor: Actor) -> tuple[Subject, Person | None]:
    try:
        person = get_person_for_journal(value, actor=actor)
    except PersonNotFound:
        raise Http404 from None
    named = Subject(kind="person", id=str(person.pk), label=person.full_name, person_id=str(person.pk))
    return named, person


def _card(value: str, actor: Actor) -> tuple[Subject, Person | None]:
    try:
        card = get_card(value, actor=actor)
    except CardNotFound:
        raise Http404 from None
    return _of_card(card), card.person


def _certificate(value: str, actor: Actor) -> tuple[Subject, Person | None]:
    found = Certificate.objects.filter(pk=row_id(value)).first()
    if found is None or not _sees(found, actor):
        raise Http404
    return _of_certificate(found), Person.objects.filter(pk=row_id(found.person_id)).first()


def _of_card(card: Card) -> Subject:
    return Subject(kind="card", id=str(card.pk), label=_("Card %(number)s") % {"number": _number(card)})


def _number(card: Card) -> str:
    return grouped(card.card_number or "") or _("without a number yet")


def _of_certificate(certificate: Certificate) -> Subject:
    return Subject(
        kind="certificate",
        id=str(certificate.pk),
        label=_("Certificate …%(serial)s") % {"serial": certificate.serial_hex[-8:]},
    )


def _certificates(serial: str, *, actor: Actor) -> list[Subject]:
    return [_of_certificate(one) for one in find_by_serial(serial) if _sees(one, actor)]


def _sees(certificate: Certificate, actor: Actor) -> bool:
    if not reaches_certificate(certificate, actor):
        return False
    holder = row_id(certificate.person_id)
    is_protected = Person.objects.filter(pk=holder, protected_identity=True).exists()
    return actor.may_see_protected or not is_protected


def find_administrators(query: str, *, actor: Actor) -> list[Subject]:
    """Return those who may be meant as who acted: people by name or HSA-id, or a job by its name."""
    query = query.strip()
    people = find_people_for_journal(query, actor=actor, limit=_MOST) if query else []
    return [
        Subject(
            kind="by", id=hit.person_id, label=_name(hit), detail=f"{hit.title} · {hit.hsa_id}".strip(" ·")
        )
        for hit in people
    ]


def _name(hit: PersonHit) -> str:
    return _("a person with protected data") if hit.protected_identity else hit.name


def identifiers_of(person_id: str) -> tuple[str, ...]:
    """Return what the journal calls a person who acts: the id, and in early rows the HSA-ids."""
    hsa_ids = Employment.objects.filter(person_id=person_id).values_list("hsa_id", flat=True)
    return (person_id, *sorted(hsa_ids))


def _is_card_number(query: str) -> bool:
    try:
        parse_card_number(query)
    except CardNumberInvalid:
        return False
    return True


def _card_numbered(query: str, *, actor: Actor) -> Card | None:
    try:
        return get_card_by_number(str(parse_card_number(query)), actor=actor)
    except CardNotFound:
        return None


def _serial(query: str) -> str:
    digits = "".join(letter for letter in query.lower() if letter not in ": ").removeprefix("0x")
    is_hex = all(letter in "0123456789abcdef" for letter in digits)
    return digits if is_hex and len(digits) >= _SERIAL_DIGITS else ""


_READERS: Final[Mapping[str, Callable[[str, Actor], tuple[Subject, Person | None]]]] = {
    "person": _person,
    "card": _card,
    "certificate": _certificate,
}
