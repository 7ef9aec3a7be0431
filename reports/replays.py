"""What only the journal knows of the past: who was missing when, who logged in last, what came of cards."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db.models import Max

from cards.models import Card
from cards.puk_letter_models import PukLetter
from cards.unlock_models import Unlock
from directory.models import Employment
from journal.models import Entry
from reports.catalogue import Filter
from reports.columns import PROTECTED, Value
from reports.conditions import within
from reports.question import Question

_UNLOCKS: Final = {
    "card.unlocked": "UPPLÅST",
    "card.unlock_refused": "UPPLÅSNING_AVVISAD",
    "puk_letter.ordered": "PUK_BREV",
    "puk_letter.posted": "PUK_BREV_SKICKAT",
}
_BATCH: Final = 500


def last_logins(as_of: datetime) -> dict[str, datetime]:
    """Return when each person last logged in, by the person's id."""
    opened = Entry.objects.filter(type="session.opened", at__lte=as_of).values("actor_identifier")
    return {row["actor_identifier"]: row["last"] for row in opened.annotate(last=Max("at")).order_by()}


def missing_then(at: datetime) -> dict[tuple[str, str, str], datetime]:
    """Return who was missing at a moment and since when, by register, person's id and employment's id.

    The employment's id is empty for PU, which misses people.
    """
    told = Entry.objects.filter(
        type__in=["person.missing", "person.found_again", "person.change_undone"], at__lte=at
    )
    missing: dict[tuple[str, str, str], datetime] = {}
    for entry in told.order_by("at", "id").iterator(chunk_size=_BATCH):
        event = json.loads(entry.content)["event"]
        if entry.type == "person.change_undone":
            for key in _no_longer(event, missing):
                del missing[key]
            continue
        key = (event["register"], event["person_id"], event["employment_id"])
        if entry.type == "person.missing":
            missing.setdefault(key, entry.at)
        else:
            missing.pop(key, None)
    return missing


def _no_longer(undone: dict[str, Any], missing: Iterable[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """Return which absences a decision took back; entries of version 1 do not say of which employment."""
    registers = {"pu_missing_since": "pu", "missing_since": "hsa"}
    taken = {registers[name] for name in undone["fields"] if name in registers}
    employment_id = undone.get("employment_id", "")
    return [
        key
        for key in missing
        if key[0] in taken and key[1] == undone["person_id"] and employment_id in {"", key[2]}
    ]


def missing_people(question: Question) -> Iterator[tuple[Value, ...]]:
    """Yield who was missing in which register at the moment, replaying what the journal tells."""
    reached, units = question.reached(), question.units_asked()
    told: list[tuple[Any, ...]] = []
    for (register, person_id, employment_id), since in missing_then(question.as_of).items():
        for employment in _employments(person_id, employment_id):
            organization = str(employment.organization_id)
            if reached is not None and organization not in reached:
                continue
            if question.unit_ids is not None and str(employment.unit_id) not in question.unit_ids:
                continue
            if units is not None and str(employment.unit_id) not in units:
                continue
            is_hidden = employment.person.protected_identity and not question.may_see_protected
            who = [employment.hsa_id]
            if question.with_numbers:
                who.append(employment.person.personal_identity_number)
            cells = [PROTECTED if is_hidden else cell for cell in who]
            told.append((*cells, register.upper(), since, organization, settings.SIGILL_ENVIRONMENT))
    yield from sorted(told, key=lambda row: (row[-3], *row[:-3], row[-2]))


def _employments(person_id: str, employment_id: str) -> list[Employment]:
    """Return the employment that HSA misses, or all of a person whom PU misses."""
    found = Employment.objects.select_related("person")
    wanted = found.filter(pk=employment_id) if employment_id else found.filter(person_id=person_id)
    return list(wanted.order_by("hsa_id"))


def unlocks(question: Question) -> Iterator[tuple[Value, ...]]:
    """Yield unlocks and PUK letters, as the journal tells them, with the administrator behind each."""
    entries = Entry.objects.filter(type__in=list(_UNLOCKS), at__lte=question.as_of)
    if question.since:
        entries = entries.filter(at__gte=question.since)
    condition = within(question)
    for entry in entries.order_by("at", "id").iterator(chunk_size=_BATCH):
        event = json.loads(entry.content)["event"]
        card = Card.objects.select_related("person").filter(condition, pk=event.get("card_id")).first()
        if card is None:
            continue
        is_hidden = card.person.protected_identity and not question.may_see_protected
        by = _behind(event, card, is_hidden=is_hidden) or _acting(entry.actor_identifier)
        if (chosen := question.filters.get(Filter.OPERATOR.value)) and by.upper() != chosen.upper():
            continue
        numbers = [card.person.personal_identity_number] if question.with_numbers else []
        number, *who = (
            PROTECTED if is_hidden else cell for cell in (card.card_number, card.hsa_id, *numbers)
        )
        yield (
            entry.at, _UNLOCKS[entry.type], number, card.product_code, *who, by, str(card.organization_id),
            card.environment,
        )  # fmt: skip


def _behind(event: dict[str, str], card: Card, *, is_hidden: bool) -> str:
    """Return who opened the unlocking or ordered the letter: what came of it, clients and jobs record.

    Who unlocked their own card (POR-6) is called as the card calls them, and hidden as the card's holder is.
    """
    if unlock_id := event.get("unlock_id", ""):
        unlock = Unlock.objects.filter(pk=unlock_id).first()
        if unlock is not None and unlock.mobile_id is not None:
            return PROTECTED if is_hidden else card.hsa_id
        return unlock.opened_by if unlock is not None else ""
    if letter := event.get("letter_id", ""):
        return PukLetter.objects.filter(pk=letter).values_list("ordered_by", flat=True).first() or ""
    return ""


def _acting(identifier: str) -> str:
    """Return the HSA-id of whom the journal calls by a random id; jobs and services by their own name."""
    try:
        person_id = UUID(identifier)
    except ValueError:
        return identifier
    found = Employment.objects.filter(person_id=person_id).order_by("hsa_id")
    return found.values_list("hsa_id", flat=True).first() or identifier
