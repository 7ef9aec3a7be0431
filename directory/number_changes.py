"""A number that PU has replaced by another (hänvisningsnummer): the person stays, and gets the new number.

Believed only when both records say so: the old one refers to the new, and the new one to the old.
"""

from datetime import datetime

from directory import registers
from directory.errors import InvalidIdentifier
from directory.events import PersonChanged
from directory.identifiers import PersonalIdentityNumber, parse_personal_identity_number
from directory.models import Person
from directory.pu_client import PuPerson
from directory.register_facts import number_kind
from directory.swedish_time import swedish_day
from directory.sync_changes import Difference
from directory.sync_models import ChangeKind
from journal.actor import Actor
from journal.recording import record

_FIELDS = ("personal_identity_number", "number_kind", "birth_date")


def successor(old: PuPerson, *, at: datetime) -> PuPerson | None:
    """Return the record of the number that took this one's place; None when there is none to be believed.

    PU is asked. None too for a number that somebody here has already, and for one that took the place of
    several here: two rows of one person are for people to look at. Raises ``RegisterUnavailable``.
    """
    try:
        number = parse_personal_identity_number(old.referred_to, today=swedish_day(at))
    except InvalidIdentifier:
        return None
    if Person.objects.filter(personal_identity_number=number.value).exists():
        return None
    found = registers.pu().read([number])[number.value]
    if found is None or found.referred_to or old.personal_identity_number not in found.referred_from:
        return None
    return found if renumbered(found) is not None else None


def renumbered(found: PuPerson) -> Person | None:
    """Return who stands here under a number whose place this record took, when it is one person."""
    people = list(Person.objects.filter(personal_identity_number__in=found.referred_from)[:2])
    return people[0] if len(people) == 1 else None


def predecessor(found: PuPerson) -> Person | None:
    """Return who gets the number of this record: who stands here under the one whose place it took.

    PU is asked for the old record, which must say so too. Raises ``RegisterUnavailable``.
    """
    if Person.objects.filter(personal_identity_number=found.personal_identity_number).exists():
        return None
    if (former := renumbered(found)) is None:
        return None
    number = PersonalIdentityNumber(former.personal_identity_number)
    old = registers.pu().read([number])[number.value]
    return former if old is not None and old.referred_to == found.personal_identity_number else None


def of_number(person: Person, found: PuPerson) -> Difference:
    """Return how the person's row differs when it gets the number of a record."""
    number = PersonalIdentityNumber(found.personal_identity_number)
    return Difference(
        person_id=person.pk,
        employment_id=None,
        kind=ChangeKind.NUMBER,
        is_costly=True,
        fields=_FIELDS,
        before={name: str(getattr(person, name)) for name in _FIELDS},
        after=dict(
            zip(_FIELDS, (number.value, number_kind(number), number.birth_date.isoformat()), strict=True)
        ),
    )


def change_number(person: Person, found: PuPerson, *, actor: Actor, at: datetime) -> bool:
    """Give the person the number of a record; False when it has another by now, or somebody has this one.

    Call it in a transaction. Cards ordered before then are on the list of those that need replacing.
    """
    number = PersonalIdentityNumber(found.personal_identity_number)
    if Person.objects.filter(personal_identity_number=number.value).exists():
        return False
    standing = Person.objects.filter(pk=person.pk, personal_identity_number=person.personal_identity_number)
    changed = standing.update(
        personal_identity_number=number.value,
        number_kind=number_kind(number),
        birth_date=number.birth_date,
        number_changed_at=at,
    )
    if changed:
        event = PersonChanged(person_id=str(person.pk), register="pu", fields=_FIELDS)
        record(event, actor=actor, at=at)
    return bool(changed)
