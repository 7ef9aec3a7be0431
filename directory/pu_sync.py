"""Reads everybody known here from PU."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from directory import configuration, registers, selectors, sync_run
from directory.configuration import SyncRules
from directory.errors import RegisterUnavailable
from directory.identifiers import PersonalIdentityNumber
from directory.models import Person, Protection, SyncRun
from directory.pu_client import PuPerson
from directory.register_facts import PersonFacts, is_harmful
from directory.register_writing import protect_at_once, write_person
from directory.sync_run import GIVE_UP, Progress, Reading, chunks, silent
from journal.actor import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    """A person and what PU says of them."""

    person: Person
    facts: PersonFacts


def sync_pu(
    *, actor: Actor, at: datetime, rules: SyncRules | None = None, progress: Progress = silent
) -> SyncRun:
    """Read everybody known here from PU, 500 at a time (PU-1, POR-8).

    New protections apply at once. Changes that can cost people a card wait until all are read, and for a
    decision when there are more than the cap. Never raises for a register: the run tells how it went.
    """
    rules = rules or configuration.sync_rules()
    reading = sync_run.start("pu", rules=rules, at=at)
    numbers = list(selectors.known_numbers())
    reading.asked = len(numbers)
    waiting: list[_Waiting] = []
    failures = 0
    for chunk in chunks(numbers, rules.chunk):
        if failures >= GIVE_UP:
            break
        try:
            found = registers.pu().read([PersonalIdentityNumber(digits) for digits in chunk])
        except RegisterUnavailable as error:
            failures += 1
            reading.fail(f"pu.{error.reason}")
            continue
        failures = 0
        waiting += _take(found, reading, actor=actor, at=at)
        reading.read += len(chunk)
        progress(reading.read, reading.asked)
    if len(waiting) > rules.cap(reading.asked):
        reading.held = len(waiting)
    else:
        for one in waiting:
            _write(one, reading, actor=actor, at=at)
    return sync_run.finish(reading, actor=actor, at=at)


def _take(
    found: Mapping[str, PuPerson | None], reading: Reading, *, actor: Actor, at: datetime
) -> list[_Waiting]:
    """Write what is harmless of one answer, and return what must wait until everybody is read."""
    waiting: list[_Waiting] = []
    same = []
    for person in Person.objects.filter(personal_identity_number__in=found):
        answer = found[person.personal_identity_number]
        if answer is None:
            reading.absent.append(person.pk)
            continue
        one = _Waiting(person=person, facts=PersonFacts.of(answer).without_lost_names(person))
        if _is_as_before(one.facts, person):
            same.append(person.pk)
        elif is_harmful(one.facts, person):
            waiting.append(one)
            if _is_new_protection(one.facts, person):
                with transaction.atomic():
                    protect_at_once(person, one.facts, actor=actor, at=at)
        else:
            _write(one, reading, actor=actor, at=at)
    Person.objects.filter(pk__in=same).update(pu_read_at=at)
    return waiting


def _write(one: _Waiting, reading: Reading, *, actor: Actor, at: datetime) -> None:
    with transaction.atomic():
        reading.changed += bool(write_person(one.person, one.facts, actor=actor, at=at))


def _is_as_before(facts: PersonFacts, person: Person) -> bool:
    """Return whether PU says nothing new, so that no row needs writing by itself."""
    return (
        person.pu_read_at is not None
        and person.pu_missed_reads == 0
        and person.pu_missing_since is None
        and person.protected_identity is bool(facts.protection)
        and not facts.differences(person)
    )


def _is_new_protection(facts: PersonFacts, person: Person) -> bool:
    stronger = facts.protection == Protection.PROTECTED_REGISTRATION.value
    return bool(facts.protection) and (
        not person.protection or (stronger and person.protection != facts.protection)
    )
