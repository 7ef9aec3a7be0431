"""The names behind the ids of some journal entries, looked up together; protected people stay unnamed."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _

from ca.models import Certificate, Issuer
from cards.models import Card
from directory.models import Organization, Person
from functioncerts.models import FunctionObject
from journal.actor import Actor
from journal.models import Entry
from journal.personal import whole_contents
from portal.pages.own import is_of_own_organization
from portal.pages.parts import grouped

_LAST_DIGITS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One entry with its content as far as it can be read."""

    entry: Entry
    acted: Mapping[str, object]
    event: Mapping[str, object]

    def text(self, name: str) -> str:
        """Return a fact of the event as text, empty when it has none."""
        return str(self.event.get(name, ""))

    @property
    def function_id(self) -> str:
        """Return the function object that the entry is about, also as what carries a certificate."""
        carrier = self.text("carrier_id") if self.text("carrier_kind") == "function" else ""
        return self.text("function_object_id") or carrier

    @property
    def certificate_ids(self) -> frozenset[str]:
        """Return the certificates that the entry names, one or several."""
        several = self.event.get("certificate_ids", ())
        listed = (str(one) for one in several) if isinstance(several, list | tuple) else ()
        return frozenset(filter(None, (self.text("certificate_id"), *listed)))

    @property
    def person_ids(self) -> frozenset[str]:
        """Return the people whom the entry names: whom it is about, and who acted."""
        return frozenset(filter(None, (self.text("person_id"), str(self.acted.get("person", "")))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Names by id. ``protected`` are the people whom this reader is not told of here."""

    people: Mapping[str, str] = field(default_factory=dict)
    protected: frozenset[str] = frozenset()
    cards: Mapping[str, str] = field(default_factory=dict)
    functions: Mapping[str, str] = field(default_factory=dict)
    organizations: Mapping[str, str] = field(default_factory=dict)
    issuers: Mapping[str, str] = field(default_factory=dict)
    serials: Mapping[str, str] = field(default_factory=dict)

    def person(self, person_id: str) -> str:
        """Return the name of a person as this reader may know it."""
        if person_id in self.protected:
            return _("a person with protected data")
        return self.people.get(person_id, "") or _("an unknown person")

    def card(self, card_id: str) -> str:
        """Return the end of a card's number, as people say it."""
        number = self.cards.get(card_id, "")
        return f"…\u2060{number[-_LAST_DIGITS:]}" if number else _("without a number yet")

    def card_number(self, card_id: str) -> str:
        """Return a card's whole number in groups."""
        return grouped(self.cards.get(card_id, ""))

    def hides(self, told: Told) -> bool:
        """Tell whether the entry is about a person whom this reader is not told of here."""
        return told.text("person_id") in self.protected

    def opens(self, told: Told, *, reader: Actor) -> bool:
        """Tell whether this reader is told who acted, from where, and what else is kept apart as personal."""
        is_protected = str(told.acted.get("person", "")) in self.protected
        return is_own(told.acted, reader) and not is_protected and not self.hides(told)


def told(entries: Collection[Entry]) -> list[Told]:
    """Return the entries with what can be read of them, in their order."""
    contents = whole_contents(entries)
    return [
        Told(entry=one, acted=contents[one.pk].get("actor", {}), event=contents[one.pk].get("event", {}))
        for one in entries
    ]


def known(rows: Iterable[Told], *, opened: frozenset[str] = frozenset()) -> Known:
    """Look up the names that the entries need, in a handful of questions.

    People with a protected identity are named only when they are ``opened``: that is recorded by whoever
    opens them.
    """
    rows = list(rows)
    people = Person.objects.filter(pk__in=_uuids(one for row in rows for one in row.person_ids))
    found = {str(one.pk): one for one in people}
    certificates = _uuids(one for row in rows for one in row.certificate_ids)
    return Known(
        people={pk: one.full_name for pk, one in found.items()},
        protected=frozenset(pk for pk, one in found.items() if one.protected_identity and pk not in opened),
        cards=_cards(rows),
        functions={
            str(pk): name
            for pk, name in FunctionObject.objects.filter(
                pk__in=_uuids(row.function_id for row in rows)
            ).values_list("pk", "name")
        },
        organizations={
            str(pk): name
            for pk, name in Organization.objects.filter(
                pk__in=_uuids(row.text("organization_id") for row in rows)
            ).values_list("pk", "name")
        },
        issuers=dict(
            Issuer.objects.filter(pk__in={row.text("issuer_id") for row in rows}).values_list(
                "pk", "common_name"
            )
        ),
        serials={
            str(pk): serial
            for pk, serial in Certificate.objects.filter(pk__in=certificates).values_list("pk", "serial_hex")
        },
    )


def is_own(acted: Mapping[str, object], reader: Actor) -> bool:
    """Tell whether who acted did so for an organization that the reader's role reaches, or is no person."""
    if not acted.get("person") or str(acted.get("person", "")) == reader.person_id:
        return True
    return is_of_own_organization(acted, reader)


def _cards(rows: Collection[Told]) -> dict[str, str]:
    cards = Card.objects.filter(pk__in=_uuids(row.text("card_id") for row in rows))
    return {str(pk): number or "" for pk, number in cards.values_list("pk", "card_number")}


def _uuids(values: Iterable[str]) -> set[UUID]:
    found = set()
    for value in values:
        try:
            found.add(UUID(value))
        except ValueError:
            continue
    return found
