"""The verbs of roles that one person gives and takes, and what is told of searches and openings."""

from datetime import date, datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q

from directory import policies
from directory.errors import RoleNotHeld
from directory.events import PersonSearched, ProtectedPersonOpened, RoleRevoked
from directory.granting import Givers, stop, write_grant
from directory.models import Employment, Organization, Person, Role, RoleAssignment, RoleSource, Unit
from directory.reach import placed_within
from directory.role_policies import RoleGrant, grant_refusal, refused_by
from directory.role_selectors import in_force
from journal.actor import Actor
from journal.errors import Refusal
from journal.recording import record

_INSTANT = timedelta(microseconds=1)
LEAST_CENTRAL: Final = 2
"""As many central administrators remain, whoever takes or forgets what."""


def grant_role(
    *,
    employment: Employment,
    role: Role,
    organization: Organization,
    valid_from: datetime,
    actor: Actor,
    at: datetime,
    valid_to: datetime | None = None,
    may_see_protected: bool = False,
    trained_on: date | None = None,
    reason: str = "",
    source: RoleSource = RoleSource.PORTAL,
    unit: Unit | None = None,
) -> RoleAssignment:
    """Give a person a role for an organization from ``valid_from`` until ``valid_to`` (None: no end).

    With ``unit`` it is for that unit of the organization and those below it.

    Raises ``RoleRefused`` naming the rule: nobody gives to themselves, only the granting roles within their
    scope, an auditor has no operative role, the same role is not given twice for the same time, training
    comes before work, and the roles that give roles take two people (``directory.appointments``).
    """
    grant = RoleGrant(
        employment=employment,
        role=role,
        organization=organization,
        valid_from=valid_from,
        valid_to=valid_to,
        may_see_protected=may_see_protected,
        trained_on=trained_on,
        reason=reason,
        unit=unit,
    )
    stop(grant_refusal(grant, actor=actor, at=at) or policies.may_grant_alone(role, actor=actor))
    by = Givers(granted_by=actor.identifier, granted_by_person=actor.person_id)
    with transaction.atomic():
        return write_grant(grant, by=by, source=source, actor=actor, at=at)


def revoke_role(assignment: RoleAssignment, *, reason: str, actor: Actor, at: datetime) -> None:
    """End a role assignment now; one that has not begun yet never will.

    Raises ``RoleRefused`` as ``grant_role`` does, and ``RoleNotHeld`` when it has ended already.
    """
    employment, organization = assignment.employment, assignment.organization
    role = Role(assignment.role)
    refusal = policies.may_grant(
        role,
        employment=employment,
        organization=organization,
        may_see_protected=False,
        actor=actor,
        unit_id=str(assignment.unit_id or ""),
    )
    stop(refusal)
    with transaction.atomic():
        stop(_last_two_refusal(assignment, at=at))
        held = RoleAssignment.objects.filter(
            Q(valid_to__isnull=True) | Q(valid_to__gt=at), pk=assignment.pk, revoked_at__isnull=True
        )
        # The end lies after the beginning even for one that begins tomorrow: the table demands it.
        ends = max(at, assignment.valid_from + _INSTANT)
        if held.update(valid_to=ends, revoked_at=at, revoked_by=actor.identifier) != 1:
            raise RoleNotHeld("the assignment has ended")
        event = RoleRevoked(
            role_assignment_id=str(assignment.pk),
            person_id=str(employment.person_id),
            organization_id=str(organization.pk),
            hsa_id=employment.hsa_id,
            role=role.value,
            reason=reason,
        )
        record(event, actor=actor, at=at)


def _last_two_refusal(assignment: RoleAssignment, *, at: datetime) -> Refusal | None:
    """Return that too few central administrators would remain, or None; who takes another's waits for us.

    Two people give the role, so with fewer than two nobody could give it anew.
    """
    if assignment.role != Role.CENTRAL_ADMINISTRATOR.value:
        return None
    rows = RoleAssignment.objects.select_for_update(of=("self",)).filter(in_force(at), role=assignment.role)
    held = list(rows.order_by("pk").values_list("pk", "employment__person_id"))
    before = {person for _pk, person in held}
    after = {person for pk, person in held if pk != assignment.pk}
    if before == after or len(after) >= LEAST_CENTRAL:
        return None
    return refused_by("last_two_of_the_centre")


def record_protected_opening(person: Person, *, reason: str, page: str, actor: Actor, at: datetime) -> None:
    """Record that somebody read of a person with a protected identity, where and why (reliability.md §5)."""
    reached = person.employments.filter(placed_within(actor)).order_by("hsa_id").first()
    event = ProtectedPersonOpened(
        person_id=str(person.pk),
        organization_id=str(reached.organization_id) if reached else "",
        page=page,
        reason=reason,
    )
    with transaction.atomic():
        record(event, actor=actor, at=at)


def record_search(*, key: str, person_id: str, actor: Actor, at: datetime) -> None:
    """Record that somebody looked for a person by a whole number, and whether it found one for them."""
    event = PersonSearched(key=key, outcome="found" if person_id else "not_found", person_id=person_id)
    with transaction.atomic():
        record(event, actor=actor, at=at)
