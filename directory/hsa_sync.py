"""Reads everybody from HSA: organizations by the catalogue, people one call at a time."""

import time
from datetime import datetime

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
from directory.register_facts import PersonFacts
from directory.register_writing import import_person, write_employment
from directory.sync_run import GIVE_UP, Progress, Reading, chunks, silent
from journal.actor import Actor


def sync_hsa(
    *, actor: Actor, at: datetime, rules: SyncRules | None = None, progress: Progress = silent
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
    for chunk in chunks(keys, rules.chunk):
        answers: dict[str, HsaEmployee] = {}
        for key in chunk:
            if failures >= GIVE_UP:
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
