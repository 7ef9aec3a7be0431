"""The yearly confirmation of roles (GOV-2): confirming in one sweep, reminding in time, and lapse."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from directory import policies
from directory.errors import RoleNotFound, RoleNotHeld, RoleRefused
from directory.events import RoleConfirmed, RoleReminded
from directory.granting import stop
from directory.lifecycle import revoke_role
from directory.models import Role, RoleAssignment, RoleSource
from directory.role_policies import refused_by
from directory.role_selectors import confirmation_due, due_before, in_force
from journal.actor import Actor
from journal.recording import record

REMINDERS: Final = (policies.REMINDED_BEFORE, timedelta(days=30), timedelta(days=7))
"""How long before a role lapses those who may confirm it are told."""
NOTICE: Final = timedelta(days=7)
"""No role lapses sooner after its last reminder than this, however late the reminder was."""
NOT_CONFIRMED: Final = "not_confirmed"


def confirm_roles(
    assignment_ids: Sequence[UUID | str], *, trained_on: date | None, actor: Actor, at: datetime
) -> int:
    """Confirm that these roles are still needed, all or none, and return how many.

    ``trained_on`` is the day of the followed-up training of those whose role needs one; without it the day
    that stands must be recent enough. Raises ``RoleNotFound`` outside the actor's scope, ``RoleRefused``
    where the actor could not give the role, for their own, and for a role that HSA gives.
    """
    wanted = {UUID(str(one)) for one in assignment_ids}
    with transaction.atomic():
        rows = RoleAssignment.objects.select_related("employment", "organization").filter(pk__in=wanted)
        found = [
            one
            for one in rows
            if policies.in_scope(actor, str(one.organization_id), unit_id=str(one.unit_id or ""))
        ]
        if len(found) != len(wanted):
            raise RoleNotFound("one of them")
        for assignment in found:
            _confirm(assignment, trained_on=trained_on, actor=actor, at=at)
    return len(found)


def remind_due(*, actor: Actor, at: datetime) -> int:
    """Record, once for each step, which roles come nearer their end; return how many.

    One event for each organization: who may confirm there gets one mail, however many roles it is about.
    """
    near = RoleAssignment.objects.filter(in_force(at)).filter(due_before(at + policies.REMINDED_BEFORE))
    by_organization: dict[UUID, list[RoleAssignment]] = {}
    for assignment in near:
        if _is_due_to_be_told(assignment, at=at):
            by_organization.setdefault(assignment.organization_id, []).append(assignment)
    for organization_id, found in by_organization.items():
        ends_at = max(min(map(confirmation_due, found)), at + NOTICE)
        event = RoleReminded(
            organization_id=str(organization_id), roles=len(found), valid_to=ends_at.isoformat()
        )
        with transaction.atomic():
            RoleAssignment.objects.filter(pk__in=[one.pk for one in found]).update(reminded_at=at)
            record(event, actor=actor, at=at)
    return sum(map(len, by_organization.values()))


def lapse_due(*, actor: Actor, at: datetime) -> int:
    """Take back the roles that nobody confirmed in time and of which somebody was told; return how many.

    The last two central administrators stay: two people give the role, so nobody could give it anew.
    """
    overdue = RoleAssignment.objects.filter(in_force(at), reminded_at__lte=at - NOTICE).filter(due_before(at))
    lapsed = 0
    for assignment in overdue.select_related("employment", "organization").order_by("pk"):
        try:
            revoke_role(assignment, reason=NOT_CONFIRMED, actor=actor, at=at)
        except (RoleNotHeld, RoleRefused):  # taken back meanwhile, or one of the last two of the centre
            continue
        lapsed += 1
    return lapsed


def _is_due_to_be_told(assignment: RoleAssignment, *, at: datetime) -> bool:
    ends_at = confirmation_due(assignment)
    step = max((ends_at - before for before in REMINDERS if ends_at - before <= at), default=None)
    return step is not None and (assignment.reminded_at is None or assignment.reminded_at < step)


def _confirm(assignment: RoleAssignment, *, trained_on: date | None, actor: Actor, at: datetime) -> None:
    role = Role(assignment.role)
    if assignment.source == RoleSource.HSA.value:
        stop(refused_by("hsa_gives_it"))
    trained = trained_on or assignment.trained_on
    stop(
        policies.may_grant(
            role,
            employment=assignment.employment,
            organization=assignment.organization,
            may_see_protected=assignment.may_see_protected,
            actor=actor,
            unit_id=str(assignment.unit_id or ""),
        )
        or policies.training_refusal(role, trained_on=trained, actor=actor, at=at)
    )
    open_row = RoleAssignment.objects.filter(
        Q(valid_to__isnull=True) | Q(valid_to__gt=at), pk=assignment.pk, revoked_at__isnull=True
    )
    columns: dict[str, object] = {"confirmed_at": at, "confirmed_by": actor.identifier, "reminded_at": None}
    columns |= {"trained_on": trained}
    if open_row.update(**columns) != 1:
        raise RoleNotHeld("the assignment has ended")
    event = RoleConfirmed(
        role_assignment_id=str(assignment.pk),
        person_id=str(assignment.employment.person_id),
        organization_id=str(assignment.organization_id),
        role=assignment.role,
        trained_on=trained.isoformat() if trained else "",
    )
    record(event, actor=actor, at=at)
