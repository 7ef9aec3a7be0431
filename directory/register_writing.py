"""Writes what the registers say into our tables, each change with its event; callers hold the transaction."""

from datetime import datetime
from uuid import UUID

from django.db.models.functions import Upper

from directory.errors import RegisterUnavailable
from directory.events import (
    EmploymentChanged,
    EmploymentImported,
    PersonChanged,
    PersonFoundAgain,
    PersonImported,
)
from directory.former_work import keep_former_work
from directory.hsa_client import HsaEmployee
from directory.identifiers import PersonalIdentityNumber
from directory.models import Employment, Person
from directory.places import Places
from directory.register_facts import EmploymentFacts, PersonFacts, number_kind, search_key
from journal.actor import Actor
from journal.recording import record


def import_person(
    number: PersonalIdentityNumber,
    *,
    facts: PersonFacts | None,
    named_by: HsaEmployee | None,
    actor: Actor,
    at: datetime,
) -> Person:
    """Make a person known, named by HSA where PU gives no name.

    Without PU's word (``facts`` None) nobody finds the person by name, since they may be protected.
    """
    person = Person(
        personal_identity_number=number.value,
        number_kind=number_kind(number),
        birth_date=number.birth_date,
        given_name=named_by.given_name if named_by else "",
        surname=named_by.surname if named_by else "",
        protected_identity=bool(named_by and named_by.protected),
    )
    if facts is not None:
        _put(person, facts.without_lost_names(person), at=at)
    person.save(force_insert=True)
    record(PersonImported(person_id=str(person.pk)), actor=actor, at=at)
    return person


def write_person(person: Person, facts: PersonFacts, *, actor: Actor, at: datetime) -> tuple[str, ...]:
    """Write what PU says, and return the names of the fields that changed."""
    person = _locked(person)
    facts = facts.without_lost_names(person)
    changed = facts.differences(person)
    was_protected, was_missing = person.protected_identity, person.pu_missing_since is not None
    _put(person, facts, at=at)
    person.pu_missed_reads, person.pu_missing_since = 0, None
    person.save(force_update=True)
    if person.protected_identity is not was_protected:
        changed = (*changed, "protected_identity")
    if changed:
        event = PersonChanged(person_id=str(person.pk), register="pu", fields=changed)
        record(event, actor=actor, at=at)
    if was_missing:
        _found_again(person.pk, register="pu", actor=actor, at=at)
    return changed


def protect_at_once(person: Person, facts: PersonFacts, *, actor: Actor, at: datetime) -> None:
    """Put a new or stronger protection in force and nothing else, for a record that waits for a decision."""
    person = _locked(person)
    person.protection, person.protected_identity = facts.protection, True
    person.address_lines, person.search_key = [], ""
    person.save(force_update=True)
    fields = ("protection", "protected_identity")
    record(PersonChanged(person_id=str(person.pk), register="pu", fields=fields), actor=actor, at=at)


def protect_employment_at_once(employment: Employment, *, actor: Actor, at: datetime) -> None:
    """Put HSA's new protection in force and nothing else, for a person object that waits for a decision."""
    Employment.objects.filter(pk=employment.pk).update(protected_in_hsa=True)
    _follow_hsa_protection(employment.person, actor=actor, at=at)


def write_employment(
    person: Person, found: HsaEmployee, places: Places, *, actor: Actor, at: datetime
) -> tuple[bool, tuple[str, ...]]:
    """Write what HSA says of one person object: (whether it is new, names of the fields that changed).

    Nothing for an organization that is not connected. Raises ``RegisterUnavailable`` when the HSA-id stands
    here for somebody else: a register that moves an id between people is not believed.
    """
    facts = EmploymentFacts.of(found, places)
    if facts is None:
        return False, ()
    key = found.hsa_id.upper()
    found_pk = Employment.objects.annotate(key=Upper("hsa_id")).filter(key=key).values("pk")
    employment = Employment.objects.filter(pk__in=found_pk).first()
    if employment is None:
        employment = Employment(person=person, hsa_id=found.hsa_id)
        _put_employment(employment, facts)
        employment.save(force_insert=True)
        event = EmploymentImported(
            person_id=str(person.pk),
            organization_id=str(facts.organization_id),
            employment_id=str(employment.pk),
        )
        record(event, actor=actor, at=at)
        _follow_hsa_protection(person, actor=actor, at=at)
        return True, ()
    if employment.person_id != person.pk:
        raise RegisterUnavailable(register="hsa", reason="mismatched", detail="another person's HSA-id")
    changed, was_missing = facts.differences(employment), employment.missing_since is not None
    if changed or was_missing or employment.missed_reads:
        keep_former_work(employment, changed, at=at)
        _put_employment(employment, facts)
        employment.missed_reads, employment.missing_since = 0, None
        employment.save(force_update=True)
    if changed:
        record(
            EmploymentChanged(
                person_id=str(person.pk),
                organization_id=str(facts.organization_id),
                employment_id=str(employment.pk),
                fields=changed,
            ),
            actor=actor,
            at=at,
        )
    if was_missing:
        _found_again(person.pk, register="hsa", actor=actor, at=at, employment=employment)
    _follow_hsa_protection(person, actor=actor, at=at)
    return False, changed


def _locked(person: Person) -> Person:
    """Return the row as it is now, so that what another has written meanwhile is not undone."""
    return Person.objects.select_for_update().get(pk=person.pk)


def _put(person: Person, facts: PersonFacts, *, at: datetime) -> None:
    person.given_name, person.calling_name = facts.given_name, facts.calling_name
    person.middle_name, person.surname = facts.middle_name, facts.surname
    person.registration_status = facts.registration_status
    person.protection, person.identity_level = facts.protection, facts.identity_level
    in_hsa = person.protected_identity and not person.pu_read_at
    protected = bool(facts.protection) or in_hsa or _protected_in_hsa(person)
    person.protected_identity = protected
    person.address_lines = [] if protected else list(facts.address_lines)
    person.search_key = search_key(facts, protected=protected)
    person.pu_read_at = at


def _put_employment(employment: Employment, facts: EmploymentFacts) -> None:
    employment.organization_id, employment.unit_id = facts.organization_id, facts.unit_id
    employment.title, employment.email = facts.title, facts.email
    employment.starts_on, employment.ends_on = facts.starts_on, facts.ends_on
    employment.protected_in_hsa = facts.protected_in_hsa


def _protected_in_hsa(person: Person) -> bool:
    return Employment.objects.filter(person_id=person.pk, protected_in_hsa=True).exists()


def _follow_hsa_protection(person: Person, *, actor: Actor, at: datetime) -> None:
    """Protect a person whom HSA protects. Lifting it waits for PU: ``write_person`` does that."""
    person = _locked(person)
    if person.protected_identity or not _protected_in_hsa(person):
        return
    person.protected_identity, person.search_key, person.address_lines = True, "", []
    person.save(force_update=True)
    event = PersonChanged(person_id=str(person.pk), register="hsa", fields=("protected_identity",))
    record(event, actor=actor, at=at)


def _found_again(
    person_id: UUID, *, register: str, actor: Actor, at: datetime, employment: Employment | None = None
) -> None:
    event = PersonFoundAgain(
        person_id=str(person_id),
        register=register,
        organization_id=str(employment.organization_id) if employment else "",
        employment_id=str(employment.pk) if employment else "",
    )
    record(event, actor=actor, at=at)
