"""What is signed when roles are given, taken, decided and confirmed: the text for the card and its facts."""

from collections.abc import Sequence
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from directory.appointment_models import RoleAppointment
from directory.models import RoleAssignment
from directory.role_policies import RoleGrant
from portal import moments
from portal.pages.managers.role_words import named, role_name
from portal.signing.acts import Act, ActKind


def giving(grant: RoleGrant) -> Act:
    """Return the act of giving, or asking for, a role."""
    ends = moments.day(grant.valid_to) if grant.valid_to else _("no end")
    return Act(
        kind=ActKind.ROLE_GIVE,
        text=_("I give %(person)s the role %(role)s for %(organization)s. Until: %(ends)s.")
        % {
            "person": named(grant.employment),
            "role": role_name(grant.role.value),
            "organization": grant.organization.name,
            "ends": ends,
        },
        facts={
            "hsa_id": grant.employment.hsa_id,
            "person_id": str(grant.employment.person_id),
            "role": grant.role.value,
            "organization_id": str(grant.organization.pk),
            "valid_to": grant.valid_to.isoformat() if grant.valid_to else "",
            "may_see_protected": "yes" if grant.may_see_protected else "no",
            "trained_on": grant.trained_on.isoformat() if grant.trained_on else "",
        },
    )


def taking(assignment: RoleAssignment) -> Act:
    """Return the act of taking a role back."""
    return Act(
        kind=ActKind.ROLE_TAKE,
        text=_("I take the role %(role)s for %(organization)s back from %(person)s.")
        % {
            "person": named(assignment.employment),
            "role": role_name(assignment.role),
            "organization": assignment.organization.name,
        },
        facts={
            "role_assignment_id": str(assignment.pk),
            "person_id": str(assignment.employment.person_id),
            "organization_id": str(assignment.organization_id),
        },
    )


def approving(appointment: RoleAppointment) -> Act:
    """Return the act of the second person who gives a role that takes two."""
    return Act(
        kind=ActKind.ROLE_DECIDE,
        text=_("I approve that %(person)s gets the role %(role)s for %(organization)s.")
        % {
            "person": named(appointment.employment),
            "role": role_name(appointment.role),
            "organization": appointment.organization.name,
        },
        facts={
            "role_appointment_id": str(appointment.pk),
            "person_id": str(appointment.employment.person_id),
            "organization_id": str(appointment.organization_id),
        },
    )


def confirming(assignment_ids: Sequence[str], *, trained_on: date | None) -> Act:
    """Return the act of confirming roles in one sweep."""
    count = len(assignment_ids)
    return Act(
        kind=ActKind.ROLES_CONFIRM,
        text=ngettext(
            "I confirm that %(count)d person still needs the role that I have looked at.",
            "I confirm that %(count)d people still need the roles that I have looked at.",
            count,
        )
        % {"count": count},
        facts={
            "role_assignment_ids": ",".join(sorted(assignment_ids)),
            "trained_on": trained_on.isoformat() if trained_on else "",
        },
    )
