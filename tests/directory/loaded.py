"""Who acts in the tests of the directory, once the registers have been read."""

from copy import deepcopy
from datetime import UTC, datetime, timedelta

from django.db.models import Model

from directory.configuration import SyncRules
from directory.hsa_sync import sync_hsa
from directory.models import Employment, IssuanceArea, Organization, Person, Role, Unit
from directory.reach import organization_scope
from journal.actor import Actor, ActorKind

AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
JOB = Actor.system("test")


_MODELS = (IssuanceArea, Organization, Unit, Person, Employment)
_rows: dict[str, list[Model]] = {}


def read_everybody() -> None:
    """Load all people: by the real synchronization the first time, from its rows in later tests."""
    if not _rows:
        run = sync_hsa(actor=JOB, at=AT, rules=SyncRules(pause=timedelta(0)))
        assert run.state == "complete"
        for model in _MODELS:
            _rows[model.__name__] = list(model.objects.all())
        return
    for model in _MODELS:
        # Those without an agent or a unit above go first.
        rows = sorted(_rows[model.__name__], key=_depth)
        model.objects.bulk_create(deepcopy(rows))


def _depth(row: Model) -> int:
    if isinstance(row, Organization):
        return int(row.agent_organization_id is not None)
    return int(isinstance(row, Unit) and row.parent_id is not None)


def employment(number: str) -> Employment:
    """Return the first employment of the person with the number."""
    return Employment.objects.filter(person__personal_identity_number=number).order_by("hsa_id")[0]


def organization(name: str) -> Organization:
    return Organization.objects.get(name=name)


def person(number: str) -> Person:
    return Person.objects.get(personal_identity_number=number)


def acting(number: str, role: Role, *, may_see_protected: bool = False) -> Actor:
    """Return the person in the role, with the scope of their own organization."""
    work = employment(number)
    return Actor(
        kind=ActorKind.PERSON,
        identifier=work.hsa_id,
        role=role.value,
        organization_ids=organization_scope(str(work.organization_id), role=role.value, at=AT),
        person_id=str(work.person_id),
        loa=3,
        may_see_protected=may_see_protected,
    )
