"""Who may read the journal, and how much of it.

An auditor reads what concerns the organizations of the role: events that name one of them, acts by somebody
who acted for one of them, and what concerns every organization (keys, lists, backups; not what others did).
Events that name a person only are read together with a person whom one of the organizations employs. The
central administration, and an auditor for it, read everything. A role for a unit reads what concerns the
people who work there, as far as its own organization or nobody else's is named.
"""

from typing import Final

from django.http import HttpRequest

from directory.models import Employment, Organization, Role
from directory.policies import CENTRAL, may_read_journal
from journal.actor import Actor
from journal.errors import DomainError
from journal.searching import Reach
from portal.pages import asking
from portal.wordings.events import EVENT_WORDS, SYSTEM

SYSTEM_TYPES: Final = frozenset(name for name, one in EVENT_WORDS.items() if one.group == SYSTEM)
PEOPLE_TYPES: Final = frozenset({"person.imported", "person.changed", "session.opened"})
"""Events that name a person and never an organization."""


class JournalRefused(DomainError):
    """The role does not read the journal."""

    code = "role_does_not_read_journal"

    def __init__(self, role: str) -> None:
        super().__init__("the role does not read the journal", facts={"role": role})


def reader(request: HttpRequest) -> Actor:
    """Return who reads. Raises ``JournalRefused`` when the role does not."""
    actor = asking.who(request)
    if may_read_journal(actor) is not None:
        raise JournalRefused(actor.role)
    return actor


def reads_only(actor: Actor) -> bool:
    """Tell whether the actor reads the journal and acts nowhere: what the desk links to is read there."""
    return actor.role == Role.AUDITOR.value


def reach_of(actor: Actor, *, person_ids: tuple[str, ...] = ()) -> Reach:
    """Return what the actor may read; of ``person_ids`` only those whom an own organization employs count."""
    if _is_central(actor):
        return Reach(is_everything=True)
    if actor.unit_id:
        return Reach(
            common_ids=_central_ids(),
            types_of_everybody=SYSTEM_TYPES,
            unit_organization_id=actor.organization_id,
            unit_people=people_of_units(actor.unit_ids),
        )
    return Reach(
        organization_ids=actor.organization_ids,
        common_ids=_central_ids(),
        types_of_everybody=SYSTEM_TYPES,
        types_of_people=PEOPLE_TYPES,
        person_ids=_employed(person_ids, actor=actor),
    )


def organizations_of(actor: Actor) -> list[Organization]:
    """Return the organizations whose events the actor reads, by name."""
    ids = [actor.organization_id] if actor.unit_id else actor.organization_ids
    return list(Organization.objects.filter(pk__in=ids).order_by("name"))


def people_of_units(unit_ids: tuple[str, ...]) -> tuple[str, ...]:
    """Return who works or worked in some units."""
    found = Employment.objects.filter(unit_id__in=unit_ids).order_by("person_id")
    return tuple(str(one) for one in found.values_list("person_id", flat=True).distinct())


def _is_central(actor: Actor) -> bool:
    return not set(_central_ids()).isdisjoint(actor.organization_ids)


def _central_ids() -> tuple[str, ...]:
    return tuple(str(pk) for pk in Organization.objects.filter(kind=CENTRAL).values_list("pk", flat=True))


def _employed(person_ids: tuple[str, ...], *, actor: Actor) -> tuple[str, ...]:
    if not person_ids:
        return ()
    found = Employment.objects.filter(person_id__in=person_ids, organization_id__in=actor.organization_ids)
    return tuple(sorted({str(one) for one in found.values_list("person_id", flat=True)}))
