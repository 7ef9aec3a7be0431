"""What every way of giving a role has in common: its rules, its row and its event."""

from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction

from directory.errors import RoleRefused
from directory.events import RoleGranted
from directory.models import Employment, Person, RoleAssignment, RoleSource
from directory.role_policies import RoleGrant, other_roles_refusal, refused_by
from journal.actor import Actor
from journal.errors import Refusal
from journal.recording import record


@dataclass(frozen=True, slots=True, kw_only=True)
class Givers:
    """Who gives it: HSA-ids (or the name of a job) and persons' ids; the second only where there were two."""

    granted_by: str
    granted_by_person: str = ""
    approved_by: str = ""
    approved_by_person: str = ""


def write_grant(
    grant: RoleGrant, *, by: Givers, source: RoleSource, actor: Actor, at: datetime
) -> RoleAssignment:
    """Write the assignment and its event, in the caller's transaction; raises ``RoleRefused``."""
    # The lock makes two grants to one person wait for each other; SQLite has one writer anyway.
    Person.objects.select_for_update().get(pk=grant.employment.person_id)
    if Employment.objects.get(pk=grant.employment.pk).missing_since is not None:
        stop(refused_by("employment_missing"))
    stop(other_roles_refusal(grant, source=source))
    try:
        with transaction.atomic():
            assignment = RoleAssignment.objects.create(
                employment=grant.employment,
                role=grant.role.value,
                organization=grant.organization,
                unit=grant.unit,
                may_see_protected=grant.may_see_protected,
                valid_from=grant.valid_from,
                valid_to=grant.valid_to,
                source=source.value,
                granted_by=by.granted_by,
                granted_by_person=by.granted_by_person,
                granted_at=at,
                approved_by=by.approved_by,
                approved_by_person=by.approved_by_person,
                trained_on=grant.trained_on,
            )
    except IntegrityError as error:
        raise RoleRefused("the database refuses", facts={"rule": "already_held"}) from error
    event = RoleGranted(
        role_assignment_id=str(assignment.pk),
        person_id=str(grant.employment.person_id),
        organization_id=str(grant.organization.pk),
        unit_id=grant.unit_id,
        hsa_id=grant.employment.hsa_id,
        role=grant.role.value,
        role_source=source.value,
        may_see_protected=grant.may_see_protected,
        valid_from=grant.valid_from.isoformat(),
        valid_to=grant.valid_to.isoformat() if grant.valid_to else "",
        requested_by_id=by.granted_by_person if by.approved_by_person else "",
        trained_on=grant.trained_on.isoformat() if grant.trained_on else "",
        reason=grant.reason,
    )
    record(event, actor=actor, at=at)
    return assignment


def stop(refusal: Refusal | None) -> None:
    """Raise ``RoleRefused`` with the facts of a refusal, if there is one."""
    if refusal is not None:
        raise RoleRefused("the role may not be given or taken", facts=dict(refusal.facts))
