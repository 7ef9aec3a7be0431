"""Brings people up to date with HSA and PU: one person on request, everybody by a job.

Each register is asked first, outside any transaction; what it answered is then written person by person.
An answer that is not good changes nothing.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Upper

from directory import configuration, registers, selectors, sync_run
from directory.catalogue import Catalogue, read_catalogue
from directory.configuration import SyncRules
from directory.errors import InvalidIdentifier, PersonNotFound, RegisterUnavailable
from directory.hsa_client import HsaEmployee
from directory.identifiers import PersonalIdentityNumber, parse_personal_identity_number
from directory.models import Employment, Person, Protection, SyncRun
from directory.organizations import write_organizations
from directory.places import Places
from directory.register_facts import PersonFacts, is_harmful
from directory.register_writing import import_person, protect_at_once, write_employment, write_person
from directory.sync_run import Reading
from journal.actor import Actor

_GIVE_UP = 3
"""Failures in a row after which a register is taken to be down."""

Progress = Callable[[int, int], None]
"""Called with how many are done of how many."""


def _silent(done: int, total: int) -> None:
    """Show no progress."""


def refresh_person(
    personal_identity_number: PersonalIdentityNumber | str, *, actor: Actor, at: datetime
) -> Person:
    """Read one person from PU and HSA now, making them known when they are new, and return them.

    Raises ``RegisterUnavailable`` when either register gives no good answer (nothing is changed then), and
    ``PersonNotFound`` when nobody here knows them and no connected organization employs them.
    """
    number = PersonalIdentityNumber(str(getattr(personal_identity_number, "value", personal_identity_number)))
    found = registers.pu().read([number])[number.value]
    employees = registers.hsa().employees(number.value)
    places = Places.load()
    ours = [one for one in employees if places.organization(one.hsa_id)]
    with transaction.atomic():
        person = Person.objects.filter(personal_identity_number=number.value).first()
        if person is None and not ours:
            raise PersonNotFound("no connected organization employs this person")
        facts = PersonFacts.of(found) if found else None
        if person is None:
            person = import_person(number, facts=facts, named_by=_leading(ours), actor=actor, at=at)
        elif facts is not None:
            write_person(person, facts, actor=actor, at=at)
        for one in ours:
            write_employment(person, one, places, actor=actor, at=at)
        Person.objects.filter(pk=person.pk).update(hsa_read_at=at)
        return Person.objects.get(pk=person.pk)


def sync_hsa(
    *, actor: Actor, at: datetime, rules: SyncRules | None = None, progress: Progress = _silent
) -> SyncRun:
    """Read the catalogue and every person object in it or known here, one call at a time (HSA-1, POR-14).

    Never raises for a register: the run that is returned tells how it went.
    """
    rules = rules or configuration.sync_rules()
    reading = sync_run.start("hsa", rules=rules, at=at)
    try:
        catalogue = read_catalogue(configuration.hsa_endpoint())
    except RegisterUnavailable as error:
        reading.fail(f"hsa.{error.reason}")
        return sync_run.finish(reading, actor=actor, at=at)
    write_organizations(catalogue, actor=actor, at=at)
    places = Places.load()
    wanted = _wanted(catalogue, places, reading, at=at)
    reading.asked = len(wanted)
    keys = sorted(wanted)
    failures = 0
    for chunk in _chunks(keys, rules.chunk):
        answers: dict[str, HsaEmployee] = {}
        for key in chunk:
            if failures >= _GIVE_UP:
                break
            try:
                found = registers.hsa().employee(wanted[key][0])
            except RegisterUnavailable as error:
                failures += 1
                reading.fail(f"hsa.{error.reason}")
                continue
            failures = 0
            reading.read += 1
            progress(reading.read, reading.asked)
            if found is not None:
                answers[key] = found
            else:
                absent = Employment.objects.annotate(key=Upper("hsa_id")).filter(key=key)
                reading.absent.extend(absent.values_list("pk", flat=True))
            time.sleep(
                rules.pause.total_seconds()
            )  # HSA's batch rule: one thread, and a pause (domain.md 4.2)
        _write_employees(answers, wanted, places, reading, actor=actor, at=at)
    return sync_run.finish(reading, actor=actor, at=at)


def sync_pu(
    *, actor: Actor, at: datetime, rules: SyncRules | None = None, progress: Progress = _silent
) -> SyncRun:
    """Read everybody known here from PU, 500 at a time (PU-1, POR-8).

    New protections apply at once. Changes that can cost people a card wait until all are read, and for a
    decision when there are more than the cap. Never raises for a register.
    """
    rules = rules or configuration.sync_rules()
    reading = sync_run.start("pu", rules=rules, at=at)
    numbers = list(selectors.known_numbers())
    reading.asked = len(numbers)
    waiting: list[PersonFacts] = []
    waiting_for: list[Person] = []
    failures = 0
    for chunk in _chunks(numbers, rules.chunk):
        if failures >= _GIVE_UP:
            break
        try:
            found = registers.pu().read([PersonalIdentityNumber(digits) for digits in chunk])
        except RegisterUnavailable as error:
            failures += 1
            reading.fail(f"pu.{error.reason}")
            continue
        failures = 0
        same: list[UUID] = []
        for person in Person.objects.filter(personal_identity_number__in=chunk):
            answer = found[person.personal_identity_number]
            if answer is None:
                reading.absent.append(person.pk)
                continue
            facts = PersonFacts.of(answer).without_lost_names(person)
            if _is_as_before(facts, person):
                same.append(person.pk)
                continue
            if is_harmful(facts, person):
                waiting.append(facts)
                waiting_for.append(person)
                if _is_new_protection(facts, person):
                    with transaction.atomic():
                        protect_at_once(person, facts, actor=actor, at=at)
                continue
            with transaction.atomic():
                reading.changed += bool(write_person(person, facts, actor=actor, at=at))
        Person.objects.filter(pk__in=same).update(pu_read_at=at)
        reading.read += len(chunk)
        progress(reading.read, reading.asked)
    if len(waiting) > rules.cap(reading.asked):
        reading.held = len(waiting)
    else:
        for person, facts in zip(waiting_for, waiting, strict=True):
            with transaction.atomic():
                reading.changed += bool(write_person(person, facts, actor=actor, at=at))
    return sync_run.finish(reading, actor=actor, at=at)


def _wanted(
    catalogue: Catalogue, places: Places, reading: Reading, *, at: datetime
) -> dict[str, tuple[str, PersonalIdentityNumber]]:
    """Return who to ask for, by HSA-id in upper case: (HSA-id as written, number).

    Our own knowledge of whose HSA-id it is goes before the file's.
    """
    wanted: dict[str, tuple[str, PersonalIdentityNumber]] = {}
    for text, hsa_id in catalogue.people:
        if places.organization(hsa_id) is None:
            continue
        try:
            number = parse_personal_identity_number(text, today=at.date())
        except InvalidIdentifier as error:
            reading.fail(f"hsa.{error.code}")
            continue
        wanted[hsa_id.upper()] = (hsa_id, number)
    known = Employment.objects.values_list("hsa_id", "person__personal_identity_number")
    for hsa_id, digits in known:
        wanted[hsa_id.upper()] = (hsa_id, PersonalIdentityNumber(digits))
    return wanted


def _write_employees(
    answers: dict[str, HsaEmployee],
    wanted: dict[str, tuple[str, PersonalIdentityNumber]],
    places: Places,
    reading: Reading,
    *,
    actor: Actor,
    at: datetime,
) -> None:
    """Write what HSA answered, asking PU about the people who are new."""
    numbers = {wanted[key][1] for key in answers}
    people = {
        person.personal_identity_number: person
        for person in Person.objects.filter(personal_identity_number__in=[one.value for one in numbers])
    }
    new = sorted(number for number in numbers if number.value not in people)
    facts: dict[str, PersonFacts] = {}
    try:
        known = registers.pu().read(new)
        facts = {digits: PersonFacts.of(found) for digits, found in known.items() if found}
    except RegisterUnavailable as error:
        # HSA's reading is whole all the same; these people stay out of searches by name until PU has spoken.
        reading.failure = reading.failure or f"pu.{error.reason}"
    for key, found in answers.items():
        number = wanted[key][1]
        with transaction.atomic():
            person = people.get(number.value)
            if person is None:
                word = facts.get(number.value)
                person = import_person(number, facts=word, named_by=found, actor=actor, at=at)
                people[number.value] = person
                reading.imported += 1
            _, changed = write_employment(person, found, places, actor=actor, at=at)
            reading.changed += bool(changed)
            Person.objects.filter(pk=person.pk).update(hsa_read_at=at)


def _leading(employees: Sequence[HsaEmployee]) -> HsaEmployee | None:
    """Return the person object to name somebody by: a protected one where there is one."""
    return next((one for one in employees if one.protected), employees[0] if employees else None)


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


def _chunks(items: list[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
