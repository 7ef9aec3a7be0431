"""The roles that two people give: one central administrator asks for one, another gives or declines it."""

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from directory import configuration, policies
from directory.appointment_models import AppointmentState, RoleAppointment
from directory.errors import RoleRefused
from directory.events import RoleAppointmentLapsed, RoleDeclined, RoleRequested
from directory.granting import Givers, stop, write_grant
from directory.models import Role, RoleAssignment, RoleSource
from directory.role_policies import RoleGrant, grant_refusal, may_decide, refused_by
from directory.roles import GRANTERS, TWO_PEOPLE
from journal.actor import Actor
from journal.recording import record


def ask_for_role(grant: RoleGrant, *, actor: Actor, at: datetime) -> RoleAppointment:
    """Ask for a role that a second person has to give; until then it counts nowhere.

    Raises ``RoleRefused`` for all that ``grant_role`` refuses, without a reason, and when it is asked for
    already.
    """
    if grant.role not in TWO_PEOPLE:
        stop(refused_by("one_person_gives_it"))
    stop(grant_refusal(grant, actor=actor, at=at))
    if not actor.person_id or not grant.reason.strip():
        stop(refused_by("reason_missing"))
    try:
        with transaction.atomic():
            appointment = RoleAppointment.objects.create(
                employment=grant.employment,
                role=grant.role.value,
                organization=grant.organization,
                may_see_protected=grant.may_see_protected,
                valid_from=grant.valid_from,
                valid_to=grant.valid_to,
                trained_on=grant.trained_on,
                reason=grant.reason,
                requested_by=actor.identifier,
                requested_by_person=actor.person_id,
                requested_at=at,
            )
            event = RoleRequested(
                role_appointment_id=str(appointment.pk),
                person_id=str(grant.employment.person_id),
                organization_id=str(grant.organization.pk),
                hsa_id=grant.employment.hsa_id,
                role=grant.role.value,
                valid_from=grant.valid_from.isoformat(),
                valid_to=grant.valid_to.isoformat() if grant.valid_to else "",
                reason=grant.reason,
            )
            record(event, actor=actor, at=at)
    except IntegrityError as error:
        raise RoleRefused("it waits already", facts={"rule": "already_asked_for"}) from error
    return appointment


def approve(appointment_id: UUID | str, *, actor: Actor, at: datetime) -> RoleAssignment:
    """Give the role that somebody else asked for. Raises ``RoleRefused``."""
    with transaction.atomic():
        appointment = _locked(appointment_id)
        stop(may_decide(appointment, actor=actor, at=at))
        grant = RoleGrant(
            employment=appointment.employment,
            role=Role(appointment.role),
            organization=appointment.organization,
            valid_from=max(appointment.valid_from, at),
            valid_to=appointment.valid_to,
            may_see_protected=appointment.may_see_protected,
            trained_on=appointment.trained_on,
            reason=appointment.reason,
        )
        stop(grant_refusal(grant, actor=actor, at=at))
        _decide(appointment, AppointmentState.APPROVED, actor=actor, at=at)
        by = Givers(
            granted_by=appointment.requested_by,
            granted_by_person=appointment.requested_by_person,
            approved_by=actor.identifier,
            approved_by_person=actor.person_id,
        )
        return write_grant(grant, by=by, source=RoleSource.PORTAL, actor=actor, at=at)


def decline(appointment_id: UUID | str, *, reason: str, actor: Actor, at: datetime) -> None:
    """Decline what was asked for; who asked may take it back so. Raises ``RoleRefused``."""
    with transaction.atomic():
        appointment = _locked(appointment_id)
        if appointment.state != AppointmentState.REQUESTED.value:
            stop(refused_by("decided"))
        if not reason.strip():
            stop(refused_by("reason_missing"))
        granters = {role.value for role in GRANTERS[Role(appointment.role)]}
        if actor.role not in granters or not actor.person_id:
            stop(refused_by("not_a_granter"))
        if not policies.in_scope(actor, str(appointment.organization_id)):
            stop(refused_by("out_of_scope"))
        _decide(appointment, AppointmentState.DECLINED, actor=actor, at=at)
        event = RoleDeclined(
            role_appointment_id=str(appointment.pk),
            person_id=str(appointment.employment.person_id),
            organization_id=str(appointment.organization_id),
            role=appointment.role,
            reason=reason,
        )
        record(event, actor=actor, at=at)


def lapse_waiting(*, actor: Actor, at: datetime) -> int:
    """End what has waited too long for a second person, and return how many; what is ended is not given."""
    long_ago = at - configuration.appointment_patience()
    waiting = RoleAppointment.objects.filter(
        state=AppointmentState.REQUESTED.value, requested_at__lte=long_ago
    ).select_related("employment")
    lapsed = 0
    for appointment in waiting.order_by("requested_at", "pk"):
        event = RoleAppointmentLapsed(
            role_appointment_id=str(appointment.pk),
            person_id=str(appointment.employment.person_id),
            organization_id=str(appointment.organization_id),
            role=appointment.role,
            requested_by_id=appointment.requested_by_person,
        )
        with transaction.atomic():
            moved = RoleAppointment.objects.filter(
                pk=appointment.pk, state=AppointmentState.REQUESTED.value
            ).update(state=AppointmentState.LAPSED.value, decided_by=actor.identifier, decided_at=at)
            if moved == 1:
                record(event, actor=actor, at=at)
        lapsed += moved
    return lapsed


def _locked(appointment_id: UUID | str) -> RoleAppointment:
    appointment = (
        RoleAppointment.objects.select_for_update(of=("self",))
        .select_related("employment__person", "organization")
        .filter(pk=appointment_id)
        .first()
    )
    if appointment is None:
        raise RoleRefused("there is no such request", facts={"rule": "decided"})
    return appointment


def _decide(appointment: RoleAppointment, state: AppointmentState, *, actor: Actor, at: datetime) -> None:
    waiting = RoleAppointment.objects.filter(pk=appointment.pk, state=AppointmentState.REQUESTED.value)
    moved = waiting.update(
        state=state.value, decided_by=actor.identifier, decided_by_person=actor.person_id, decided_at=at
    )
    if moved != 1:
        stop(refused_by("decided"))
