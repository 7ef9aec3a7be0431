"""Brings one person up to date with PU and HSA, on request; ``hsa_sync`` and ``pu_sync`` do so for everybody.

Each register is asked first, outside any transaction; an answer that is not good changes nothing.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from directory import policies, registers
from directory.errors import PersonNotFound, RegisterUnavailable
from directory.events import PersonRead
from directory.hsa_client import HsaEmployee
from directory.identifiers import PersonalIdentityNumber
from directory.models import Person
from directory.number_changes import change_number, predecessor
from directory.places import Places
from directory.register_facts import PersonFacts
from directory.register_writing import import_person, write_employment, write_person
from directory.selectors import places_of
from journal.actor import Actor, ActorKind
from journal.recording import record


def refresh_person(
    personal_identity_number: PersonalIdentityNumber | str, *, actor: Actor, at: datetime
) -> Person:
    """Read one person from PU and HSA now, making them known when they are new, and return them.

    Both registers are asked whoever it is, and scope is decided from their answers before anything is
    written: somebody whom no organization in the actor's scope employs stays untouched, and looks like
    nobody at all. What a person asks for is recorded, whatever comes of it.

    Raises ``RegisterUnavailable`` when either register gives no good answer (nothing is changed then), and
    ``PersonNotFound`` when nobody here knows them and no connected organization employs them, and for all
    whom the actor may not see.
    """
    number = PersonalIdentityNumber(str(getattr(personal_identity_number, "value", personal_identity_number)))
    try:
        found = registers.pu().read([number])[number.value]
        employees = registers.hsa().employees(number.value)
        former = predecessor(found) if found is not None else None
    except RegisterUnavailable:
        known = Person.objects.filter(personal_identity_number=number.value).first()
        is_seen = known is not None and _is_seen(known, places_of(known), actor=actor)
        record_reading("unavailable", known if is_seen else None, actor=actor, at=at)
        raise
    facts = PersonFacts.of(found) if found else None
    places = Places.load()
    ours = [one for one in employees if places.organization(one.hsa_id)]
    if not _is_reached(number, facts, ours, places, former=former, actor=actor):
        record_reading("not_found", None, actor=actor, at=at)
        raise PersonNotFound("no organization in scope employs this person")
    with transaction.atomic():
        person = Person.objects.filter(personal_identity_number=number.value).first()
        if person is None and former is not None and found is not None:
            is_changed = change_number(former, found, actor=actor, at=at)
            person = Person.objects.get(pk=former.pk) if is_changed else None
        if person is None:
            person = import_person(number, facts=facts, named_by=_leading(ours), actor=actor, at=at)
        elif facts is not None:
            write_person(person, facts, actor=actor, at=at)
        for one in ours:
            write_employment(person, one, places, actor=actor, at=at)
        Person.objects.filter(pk=person.pk).update(hsa_read_at=at)
        record_reading("read", person, actor=actor, at=at)
        return Person.objects.get(pk=person.pk)


def _is_reached(
    number: PersonalIdentityNumber,
    facts: PersonFacts | None,
    ours: Sequence[HsaEmployee],
    places: Places,
    *,
    former: Person | None,
    actor: Actor,
) -> bool:
    """Tell whether the actor may have the person read: by what is known here, and by what HSA says now.

    ``former`` is who stood here under the number before: who is protected is so under any number.
    """
    person = Person.objects.filter(personal_identity_number=number.value).first()
    if actor.kind is ActorKind.SYSTEM:
        return person is not None or bool(ours)
    employers = frozenset(_place(one, places) for one in ours)
    if person is not None:
        return _is_seen(person, employers | places_of(person), actor=actor)
    is_protected = any(one.protected for one in ours) or (facts is not None and bool(facts.protection))
    is_protected = is_protected or (former is not None and former.protected_identity)
    return _is_seen(Person(protected_identity=is_protected), employers, actor=actor)


def _is_seen(person: Person, works_at: frozenset[tuple[str, str]], *, actor: Actor) -> bool:
    return policies.may_see(person, actor, places=works_at) is None


def _place(employee: HsaEmployee, places: Places) -> tuple[str, str]:
    """Return the organization and unit where HSA says that somebody works, as text."""
    organization = places.organization(employee.hsa_id)
    unit = places.unit(organization, employee.place) if organization else None
    return str(organization), str(unit or "")


def record_reading(outcome: str, person: Person | None, *, actor: Actor, at: datetime) -> None:
    """Record a reading that a person asked for; our own jobs record their runs."""
    if actor.kind is ActorKind.SYSTEM:
        return
    with transaction.atomic():
        event = PersonRead(outcome=outcome, person_id=str(person.pk) if person else "")
        record(event, actor=actor, at=at)


def _leading(employees: Sequence[HsaEmployee]) -> HsaEmployee | None:
    """Return the person object to name somebody by: a protected one where there is one."""
    return next((one for one in employees if one.protected), employees[0] if employees else None)
