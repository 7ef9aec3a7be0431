"""What only the journal knows of the past: who was missing when, who logged in last, what came of cards."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db.models import Max

from cards.models import Card
from cards.puk_letter_models import PukLetter
from cards.unlock_models import Unlock
from directory.models import Employment
from directory.reach import held_in_units
from journal.models import Entry
from reports.columns import PROTECTED, Value
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


def missing_people(question: Question) -> Iterator[tuple[Value, ...]]:
    """Yield who was missing in which register at the moment, replaying what the journal tells."""
    entries = Entry.objects.filter(
        type__in=["person.missing", "person.found_again"], at__lte=question.as_of
    ).order_by("at", "id")
    missing: dict[tuple[str, str, str], datetime] = {}
    organizations: dict[tuple[str, str, str], str] = {}
    for entry in entries.iterator(chunk_size=_BATCH):
        event = json.loads(entry.content)["event"]
        key = (event["register"], event["person_id"], event["employment_id"])
        organizations[key] = event["organization_id"]
        if entry.type == "person.missing":
            missing.setdefault(key, entry.at)
        else:
            missing.pop(key, None)
    reached = question.reached()
    told = []
    for (register, person_id, employment_id), since in missing.items():
        for employment in _employments(person_id, employment_id):
            organization = str(employment.organization_id)
            if reached is not None and organization not in reached:
                continue
            if question.unit_ids is not None and str(employment.unit_id) not in question.unit_ids:
                continue
            is_hidden = employment.person.protected_identity and not question.may_see_protected
            who = PROTECTED if is_hidden else employment.hsa_id
            told.append((who, register.upper(), since, organization, settings.SIGILL_ENVIRONMENT))
    yield from sorted(told, key=lambda row: (row[2], row[0], row[1], row[3]))


def _employments(person_id: str, employment_id: str) -> list[Employment]:
    """Return the employment that HSA misses, or all of a person whom PU misses."""
    found = Employment.objects.select_related("person")
    wanted = found.filter(pk=employment_id) if employment_id else found.filter(person_id=person_id)
    return list(wanted.order_by("hsa_id"))


def told_of_cards(question: Question) -> Iterator[tuple[Value, ...]]:
    """Yield unlocks and PUK letters, as the journal tells them, with the administrator behind each."""
    entries = Entry.objects.filter(type__in=list(_UNLOCKS), at__lte=question.as_of)
    if question.since:
        entries = entries.filter(at__gte=question.since)
    reached = question.reached()
    for entry in entries.order_by("at", "id").iterator(chunk_size=_BATCH):
        event = json.loads(entry.content)["event"]
        cards = Card.objects.select_related("person").filter(pk=event.get("card_id"))
        if question.unit_ids is not None:
            cards = cards.filter(held_in_units(question.unit_ids))
        card = cards.first()
        if card is None or (reached is not None and str(card.organization_id) not in reached):
            continue
        is_hidden = card.person.protected_identity and not question.may_see_protected
        number = PROTECTED if is_hidden else card.card_number
        by = _behind(event) or _acting(entry.actor_identifier)
        yield (
            entry.at, _UNLOCKS[entry.type], number, by, str(card.organization_id), card.environment,
        )  # fmt: skip


def _behind(event: dict[str, str]) -> str:
    """Return who opened the unlocking or ordered the letter: what came of it, clients and jobs record."""
    if unlock := event.get("unlock_id", ""):
        return Unlock.objects.filter(pk=unlock).values_list("opened_by", flat=True).first() or ""
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
