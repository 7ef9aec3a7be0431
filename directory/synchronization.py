"""Brings one person up to date with PU and HSA, on request; ``hsa_sync`` and ``pu_sync`` do so for everybody.

Each register is asked first, outside any transaction; an answer that is not good changes nothing.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from directory import registers
from directory.errors import PersonNotFound
from directory.hsa_client import HsaEmployee
from directory.identifiers import PersonalIdentityNumber
from directory.models import Person
from directory.places import Places
from directory.register_facts import PersonFacts
from directory.register_writing import import_person, write_employment, write_person
from journal.actor import Actor


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


def _leading(employees: Sequence[HsaEmployee]) -> HsaEmployee | None:
    """Return the person object to name somebody by: a protected one where there is one."""
    return next((one for one in employees if one.protected), employees[0] if employees else None)
