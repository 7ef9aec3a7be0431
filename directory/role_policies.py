"""Why a role may not be given, asked for or decided on: refusals as values."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q

from directory import configuration, policies
from directory.appointment_models import AppointmentState, RoleAppointment
from directory.models import Employment, Organization, Role, RoleAssignment, RoleSource, Unit
from directory.role_selectors import roles_held_by
from directory.roles import GRANTERS, conflicts
from journal.actor import Actor
from journal.errors import Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleGrant:
    """A role as somebody means to give it; ``valid_to`` None has no end."""

    employment: Employment
    role: Role
    organization: Organization
    valid_from: datetime
    valid_to: datetime | None = None
    may_see_protected: bool = False
    trained_on: date | None = None
    reason: str = ""
    unit: Unit | None = None

    @property
    def unit_id(self) -> str:
        """Return the unit's id as text, empty for the whole organization."""
        return str(self.unit.pk) if self.unit else ""


def grant_refusal(grant: RoleGrant, *, actor: Actor, at: datetime) -> Refusal | None:
    """Return why the actor may not give this, as far as it can be told beforehand, or None."""
    refusal = (
        policies.may_grant(
            grant.role,
            employment=grant.employment,
            organization=grant.organization,
            may_see_protected=grant.may_see_protected,
            actor=actor,
            unit_id=grant.unit_id,
        )
        or policies.fits_organization(grant.role, grant.organization)
        or policies.fits_unit(grant.role, grant.organization, grant.unit)
        or policies.training_refusal(grant.role, trained_on=grant.trained_on, actor=actor, at=at)
    )
    if refusal is not None:
        return refusal
    if grant.valid_to is not None and grant.valid_to <= max(grant.valid_from, at):
        return refused_by("ends_before_it_starts")
    if grant.employment.missing_since is not None:
        return refused_by("employment_missing")
    return other_roles_refusal(grant, source=RoleSource.PORTAL)


def may_decide(appointment: RoleAppointment, *, actor: Actor, at: datetime) -> Refusal | None:
    """Return why the actor may not give what was asked for, or None.

    Neither who asked for it nor whom it is for gives it, and it lapses with the role of who asked.
    """
    if appointment.state == AppointmentState.LAPSED.value or (
        appointment.state == AppointmentState.REQUESTED.value
        and appointment.requested_at <= at - configuration.appointment_patience()
    ):
        return refused_by("lapsed")
    if appointment.state != AppointmentState.REQUESTED.value:
        return refused_by("decided")
    if not actor.person_id or actor.person_id == appointment.requested_by_person:
        return Refusal(
            code="role_refused",
            facts=(("rule", "same_person"),),
            fixer=Role.CENTRAL_ADMINISTRATOR.value,
        )
    refusal = policies.may_grant(
        Role(appointment.role),
        employment=appointment.employment,
        organization=appointment.organization,
        may_see_protected=appointment.may_see_protected,
        actor=actor,
    )
    if refusal is not None:
        return refusal
    granters = {role.value for role in GRANTERS[Role(appointment.role)]}
    if not granters & {one.role for one in roles_held_by(appointment.requested_by_person, at=at)}:
        return refused_by("requester_left")
    return None


def other_roles_refusal(grant: RoleGrant, *, source: RoleSource) -> Refusal | None:
    """Return which other role of the person's stands in the way; the same one may come from both sources."""
    overlapping = RoleAssignment.objects.filter(
        Q(valid_to__isnull=True) | Q(valid_to__gt=grant.valid_from),
        employment__person_id=grant.employment.person_id,
    )
    if grant.valid_to is not None:
        overlapping = overlapping.filter(valid_from__lt=grant.valid_to)
    for other in overlapping:
        if conflicts(grant.role, Role(other.role)):
            return refused_by("auditor_is_alone", ("role", other.role))
        same = (other.employment_id, other.role, other.organization_id, other.unit_id, other.source)
        unit = grant.unit.pk if grant.unit else None
        if same == (grant.employment.pk, grant.role.value, grant.organization.pk, unit, source.value):
            return refused_by("already_held")
    return None


def refused_by(rule: str, *facts: tuple[str, str]) -> Refusal:
    """Return the refusal that names a rule."""
    return Refusal(code="role_refused", facts=(("rule", rule), *facts))
