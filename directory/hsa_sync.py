"""Reads everybody from HSA: organizations by the catalogue, people one call at a time."""

import time
from datetime import date, datetime
from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Upper

from directory import configuration, registers, sync_run
from directory.catalogue import Catalogue, read_catalogue
from directory.configuration import SyncRules
from directory.errors import InvalidIdentifier, RegisterUnavailable
from directory.hsa_client import HsaEmployee
from directory.identifiers import PersonalIdentityNumber, parse_personal_identity_number
from directory.models import Employment, Person, SyncRun
from directory.organizations import write_organizations
from directory.places import Places
from directory.register_facts import EmploymentFacts, PersonFacts
from directory.register_writing import import_person, protect_employment_at_once, write_employment
from directory.swedish_time import swedish_day
from directory.sync_changes import Difference, of_employment
from directory.sync_run import GIVE_UP, Clock, Progress, Reading, Staged, chunks, silent
from journal.actor import Actor


def sync_hsa(
    *,
    actor: Actor,
    at: datetime,
    rules: SyncRules | None = None,
    progress: Progress = silent,
    run_id: UUID | None = None,
    clock: Clock | None = None,
) -> SyncRun:
    """Read the catalogue and every person object in it or known here, one call at a time (HSA-1, POR-14).

    An employment that ends is written only when everybody has been read, and waits for a decision when too
    many end at once. Never raises for a register: the run that is returned tells how it went.
    """
    rules, now = rules or configuration.sync_rules(), clock or (lambda: at)
    reading = sync_run.start("hsa", rules=rules, at=at, run_id=run_id)
    try:
        catalogue = read_catalogue(configuration.hsa_endpoint())
    except RegisterUnavailable as error:
        reading.fail(f"hsa.{error.reason}")
        return sync_run.finish(reading, actor=actor, at=now())
    write_organizations(catalogue, actor=actor, at=at)
    places = Places.load()
    wanted = _wanted(catalogue, places, reading, at=at)
    reading.asked = len(wanted)
    keys = sorted(wanted)
    failures, is_mine = 0, sync_run.beat(reading, at=now())
    for chunk in chunks(keys, rules.chunk):
        answers: dict[str, HsaEmployee] = {}
        for key in chunk:
            if failures >= GIVE_UP or not is_mine:
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
            is_mine = sync_run.beat(reading, at=now(), is_due=False)
            if found is not None:
                answers[key] = found
            else:
                absent = Employment.objects.annotate(key=Upper("hsa_id")).filter(key=key)
                reading.absent.extend(absent.values_list("pk", flat=True))
            time.sleep(
                rules.pause.total_seconds()
            )  # HSA's batch rule: one thread, and a pause (domain.md 4.2)
        _write_employees(answers, wanted, places, reading, actor=actor, at=at)
    return sync_run.finish(reading, actor=actor, at=now())


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
    standing = _known(answers)
    written: list[Difference] = []
    for key, found in answers.items():
        number = wanted[key][1]
        difference = _difference(standing.get(key), found, people.get(number.value), places, at=at)
        if difference is not None and difference.is_costly:
            _stage(standing[key], found, difference, places, reading, actor=actor, at=at)
            continue
        written += [difference] if difference is not None else []
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
    sync_run.keep(reading, written, at=at)


def _known(answers: dict[str, HsaEmployee]) -> dict[str, Employment]:
    """Return the employments that stand here already, by HSA-id in upper case."""
    found = Employment.objects.annotate(key=Upper("hsa_id")).filter(key__in=list(answers))
    return {one.hsa_id.upper(): one for one in found.select_related("person")}


def _difference(
    employment: Employment | None,
    found: HsaEmployee,
    person: Person | None,
    places: Places,
    *,
    at: datetime,
) -> Difference | None:
    """Return how HSA differs from what stands here; None for what is new, the same, or not believed."""
    facts = EmploymentFacts.of(found, places)
    if employment is None or facts is None or person is None or employment.person_id != person.pk:
        return None
    if not facts.differences(employment):
        return None
    today = swedish_day(at)
    ends = _holds(employment.starts_on, employment.ends_on, today) and not _holds(
        facts.starts_on, facts.ends_on, today
    )
    return of_employment(employment, facts, is_costly=ends)


def _holds(starts_on: date | None, ends_on: date | None, day: date) -> bool:
    return (starts_on is None or starts_on <= day) and (ends_on is None or ends_on >= day)


def _stage(
    employment: Employment,
    found: HsaEmployee,
    difference: Difference,
    places: Places,
    reading: Reading,
    *,
    actor: Actor,
    at: datetime,
) -> None:
    """Keep an employment that ends until everybody is read; a new protection holds at once."""
    if found.protected and not employment.protected_in_hsa:
        with transaction.atomic():
            protect_employment_at_once(employment, actor=actor, at=at)
    if (
        employment.missed_reads and employment.missing_since is None
    ):  # found, so the row of absences is broken
        Employment.objects.filter(pk=employment.pk).update(missed_reads=0)
    write = partial(_end, employment.person, found, places, actor=actor, at=at)
    reading.costly.append(Staged(difference=difference, write=write))


def _end(person: Person, found: HsaEmployee, places: Places, *, actor: Actor, at: datetime) -> bool:
    with transaction.atomic():
        _, changed = write_employment(person, found, places, actor=actor, at=at)
        return bool(changed)
