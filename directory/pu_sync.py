"""Reads everybody known here from PU."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from uuid import UUID

from django.db import transaction

from directory import configuration, selectors, sync_run
from directory.configuration import SyncRules
from directory.errors import RegisterUnavailable
from directory.models import Person, Protection, SyncRun
from directory.number_changes import change_number, of_number, successor
from directory.pu_answers import answers
from directory.pu_client import PuPerson
from directory.register_facts import PersonFacts, is_harmful
from directory.register_writing import protect_at_once, write_person
from directory.sync_changes import Difference, of_person
from directory.sync_run import GIVE_UP, Clock, Progress, Reading, Staged, silent
from journal.actor import Actor


def sync_pu(
    *,
    actor: Actor,
    at: datetime,
    rules: SyncRules | None = None,
    progress: Progress = silent,
    run_id: UUID | None = None,
    clock: Clock | None = None,
) -> SyncRun:
    """Read everybody known here from PU, 500 at a time or by file orders (PU-1, POR-8).

    New protections apply at once. Changes that can cost people a card are written only when everybody has
    been read, and wait for a decision when there are more than the cap. Never raises for a register: the run
    tells how it went.
    """
    rules, now = rules or configuration.sync_rules(), clock or (lambda: at)
    reading = sync_run.start("pu", rules=rules, at=at, run_id=run_id)
    numbers = list(selectors.known_numbers())
    reading.asked = len(numbers)
    failures = 0
    pieces = answers(numbers, rules=configuration.file_order_rules(), at=at, chunk=rules.chunk)
    for piece in pieces:
        if not sync_run.beat(reading, at=now()):
            break
        if piece.failure is not None:
            failures += 1
            reading.fail(f"pu.{piece.failure.reason}")
            if failures >= GIVE_UP:
                break
            continue
        failures = 0 if piece.found else failures
        _take(piece.found, reading, actor=actor, at=at)
        reading.read += len(piece.found)
        progress(reading.read, reading.asked)
    return sync_run.finish(reading, actor=actor, at=now())


def _take(found: Mapping[str, PuPerson | None], reading: Reading, *, actor: Actor, at: datetime) -> None:
    """Write what is harmless of one answer, and stage what must wait until everybody is read."""
    same: list[UUID] = []
    written: list[Difference] = []
    for person in Person.objects.filter(personal_identity_number__in=found):
        answer = found[person.personal_identity_number]
        if answer is None:
            reading.absent.append(person.pk)
            continue
        if answer.referred_to and _takes_another_number(person, answer, reading, actor=actor, at=at):
            continue
        facts = PersonFacts.of(answer).without_lost_names(person)
        if _is_as_before(facts, person):
            same.append(person.pk)
        elif is_harmful(facts, person):
            if _is_new_protection(facts, person):
                with transaction.atomic():
                    protect_at_once(person, facts, actor=actor, at=at)
                    person.refresh_from_db()
            write = partial(_write, person, facts, actor=actor, at=at)
            difference = of_person(person, facts, is_costly=True)
            reading.costly.append(Staged(difference=difference, write=write))
            if person.pu_missed_reads and person.pu_missing_since is None:  # found, so the row is broken
                Person.objects.filter(pk=person.pk).update(pu_missed_reads=0)
        else:
            if person.pu_read_at is not None and facts.differences(person):
                written.append(of_person(person, facts, is_costly=False))
            reading.changed += _write(person, facts, actor=actor, at=at)
    sync_run.keep(reading, written, at=at)
    Person.objects.filter(pk__in=same).update(pu_read_at=at)


def _write(person: Person, facts: PersonFacts, *, actor: Actor, at: datetime) -> bool:
    with transaction.atomic():
        return bool(write_person(person, facts, actor=actor, at=at))


def _takes_another_number(
    person: Person, answer: PuPerson, reading: Reading, *, actor: Actor, at: datetime
) -> bool:
    """Stage a number that PU has replaced; False where it is not to be believed, and the old one just ends.

    What the new record says beside is read by its number the next time, but a protection holds at once.
    """
    try:
        found = successor(answer, at=at)
    except RegisterUnavailable as error:
        reading.fail(f"pu.{error.reason}")
        return True
    if found is None:
        return False
    facts = PersonFacts.of(found)
    if _is_new_protection(facts, person):
        with transaction.atomic():
            protect_at_once(person, facts, actor=actor, at=at)
    write = partial(_renumber, person, found, actor=actor, at=at)
    reading.costly.append(Staged(difference=of_number(person, found), write=write))
    return True


def _renumber(person: Person, found: PuPerson, *, actor: Actor, at: datetime) -> bool:
    with transaction.atomic():
        return change_number(person, found, actor=actor, at=at)


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
