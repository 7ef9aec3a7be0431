"""Reads of roles: who holds which, what waits for a second person, what is due, and who can help whom."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from django.db.models import Q, QuerySet

from directory import policies
from directory.agency_models import Agency
from directory.appointment_models import AppointmentState, RoleAppointment
from directory.errors import RoleNotFound
from directory.models import Organization, Person, Role, RoleAssignment
from directory.reach import in_force as agency_in_force
from directory.reach import placed_within, units_above
from directory.roles import CONFIRMATION_LASTS, GRANTERS
from directory.row_ids import row_id
from journal.actor import Actor, ActorKind

LONGEST_LIST = 200


class Shown(StrEnum):
    """Which assignments a list shows."""

    CURRENT = "current"
    DUE = "due"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class RolePage:
    """Some assignments, by HSA-id; ``after`` fetches the next page, empty at the end."""

    assignments: tuple[RoleAssignment, ...]
    after: str


def roles_held_by(person_id: str, *, at: datetime) -> list[RoleAssignment]:
    """Return the assignments in force over all employments of a person."""
    return list(RoleAssignment.objects.filter(in_force(at), employment__person_id=person_id))


def list_assignments(
    *,
    actor: Actor,
    at: datetime,
    shown: Shown = Shown.CURRENT,
    role: str = "",
    organization_id: str = "",
    after: str = "",
    limit: int = 50,
) -> RolePage:
    """Return the assignments in the actor's scope; none for a role that gives none."""
    rows = _visible(actor)
    match shown:
        case Shown.CURRENT:
            rows = rows.filter(not_over(at))
        case Shown.DUE:
            rows = rows.filter(not_over(at)).filter(due_before(at + policies.REMINDED_BEFORE))
        case Shown.ENDED:
            rows = rows.filter(valid_to__lte=at)
    if role:
        rows = rows.filter(role=role)
    if organization_id:
        rows = rows.filter(organization_id=row_id(organization_id))
    if after:
        last = _visible(actor).filter(pk=row_id(after)).first()
        if last is not None:
            hsa_id = last.employment.hsa_id
            rows = rows.filter(
                Q(employment__hsa_id__gt=hsa_id) | Q(employment__hsa_id=hsa_id, pk__gt=last.pk)
            )
    limit = max(1, min(limit, LONGEST_LIST))
    found = list(rows.order_by("employment__hsa_id", "pk")[: limit + 1])
    return RolePage(
        assignments=tuple(found[:limit]), after=str(found[limit - 1].pk) if len(found) > limit else ""
    )


def get_assignment(assignment_id: UUID | str, *, actor: Actor) -> RoleAssignment:
    """Return the assignment; raises ``RoleNotFound``, also outside the actor's scope."""
    found = _visible(actor).filter(pk=row_id(assignment_id)).first()
    if found is None:
        raise RoleNotFound(str(assignment_id))
    return found


def get_appointment(appointment_id: UUID | str, *, actor: Actor) -> RoleAppointment:
    """Return what somebody asked for; raises ``RoleNotFound``, also for who may not give it."""
    found = _appointments(actor).filter(pk=row_id(appointment_id)).first()
    if found is None:
        raise RoleNotFound(str(appointment_id))
    return found


def waiting_appointments(*, actor: Actor, limit: int = LONGEST_LIST) -> Sequence[RoleAppointment]:
    """Return what waits for a second person, the oldest first."""
    waiting = _appointments(actor).filter(state=AppointmentState.REQUESTED.value)
    return list(waiting.order_by("requested_at", "pk")[:limit])


def confirmation_due(assignment: RoleAssignment) -> datetime:
    """Return when the role lapses unless it is confirmed before."""
    return (assignment.confirmed_at or assignment.granted_at) + CONFIRMATION_LASTS


def due_before(moment: datetime) -> Q:
    """Return the condition that a role given in the portal lapses by the moment."""
    began = moment - CONFIRMATION_LASTS
    return Q(source="portal") & (
        Q(confirmed_at__lte=began) | Q(confirmed_at__isnull=True, granted_at__lte=began)
    )


def in_force(at: datetime) -> Q:
    """Return the condition that an assignment counts at the moment."""
    return Q(valid_from__lte=at) & not_over(at)


def helpers(
    organization_id: str, *, unit_id: str = "", at: datetime, most: int = 10
) -> Mapping[Role, Sequence[Person]]:
    """Return whom to turn to, step by step (GOV-4): those of the organization, then the central ones.

    An organization with an agent (ombud) is helped by the agent's people too, a unit by those of the units
    above it. Protected people are left out.
    """
    organization = Organization.objects.filter(pk=row_id(organization_id)).first()
    if organization is None:
        return {}
    local = Q(organization_id__in=_handling(organization, at=at)) & (
        Q(unit__isnull=True) | Q(unit_id__in=units_above(unit_id))
    )
    central = Q(organization__kind=policies.CENTRAL)
    steps = {
        Role.ID_ADMINISTRATOR: local,
        Role.DEPUTY_ISSUANCE_MANAGER: local,
        Role.ISSUANCE_MANAGER: local,
        Role.CENTRAL_ADMINISTRATOR: central,
    }
    return {role: _holders(role, where, at=at, most=most) for role, where in steps.items()}


def confirmers_mail(organization_id: str, *, at: datetime) -> Sequence[str]:
    """Return the mail addresses of those who confirm an organization's roles: managers, else the centre.

    Nobody's whose data are protected: a mail would tell where they work.
    """
    organization = Organization.objects.filter(pk=row_id(organization_id)).first()
    if organization is None:
        return ()
    local = Q(
        organization_id__in=_handling(organization, at=at),
        unit__isnull=True,
        role__in=[Role.ISSUANCE_MANAGER.value, Role.DEPUTY_ISSUANCE_MANAGER.value],
    )
    central = Q(role=Role.CENTRAL_ADMINISTRATOR.value)
    for where in (local, central):
        held = RoleAssignment.objects.filter(
            in_force(at), where, employment__person__protected_identity=False
        ).exclude(employment__email="")
        addresses = held.values_list("employment__email", flat=True).distinct().order_by("employment__email")
        if found := list(addresses):
            return found
    return ()


def _handling(organization: Organization, *, at: datetime) -> list[UUID]:
    """Return the organization and its agents: one that HSA names, and those written here for cards."""
    agents = Agency.objects.filter(agency_in_force(at), organization=organization, for_cards=True)
    named = [organization.agent_organization_id] if organization.agent_organization_id else []
    return [organization.pk, *named, *agents.values_list("agent_id", flat=True)]


def _holders(role: Role, where: Q, *, at: datetime, most: int) -> Sequence[Person]:
    held = RoleAssignment.objects.filter(in_force(at), where, role=role.value)
    people = Person.objects.filter(
        pk__in=held.values("employment__person_id"), protected_identity=False
    ).order_by("surname", "given_name", "pk")
    return list(people[:most])


def _visible(actor: Actor) -> QuerySet[RoleAssignment]:
    rows = RoleAssignment.objects.select_related("employment__person", "organization", "unit")
    if policies.may_list_roles(actor) is not None:
        return rows.none()
    return rows.filter(placed_within(actor))


def _appointments(actor: Actor) -> QuerySet[RoleAppointment]:
    rows = RoleAppointment.objects.select_related("employment__person", "organization")
    if actor.kind is ActorKind.SYSTEM:
        return rows
    given = [
        role.value for role, granters in GRANTERS.items() if actor.role in {one.value for one in granters}
    ]
    return rows.filter(role__in=given, organization_id__in=actor.organization_ids)


def not_over(at: datetime) -> Q:
    """Return the condition that an assignment has not ended."""
    return Q(valid_to__isnull=True) | Q(valid_to__gt=at)
