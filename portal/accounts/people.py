"""Finds the person behind a certificate, and what that person may work as."""

from dataclasses import dataclass
from datetime import datetime

from directory import selectors
from directory.models import Employment, Person, RoleAssignment, RoleSource
from portal.accounts.result import AuthnResult


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleChoice:
    """A role the person may choose; `id` is the assignment's."""

    id: str
    role: str
    hsa_id: str
    organization_id: str
    organization_name: str
    may_see_protected: bool
    unit_id: str = ""
    unit_name: str = ""


def person_behind(result: AuthnResult) -> Person | None:
    """Return the person a certificate names, by personal number or by HSA-id; None when unknown to us."""
    if result.personal_identity_number:
        return selectors.people_for_login(result.personal_identity_number)
    if result.hsa_id is None:
        return None
    employment = Employment.objects.select_related("person").filter(hsa_id__iexact=result.hsa_id).first()
    return employment.person if employment else None


def role_choices(person: Person, *, certificate_hsa_id: str, at: datetime) -> list[RoleChoice]:
    """Return every role the person holds now; with an HSA-id certificate only those of that employment.

    One that both the portal and HSA give is one choice: the portal's, which may have the add-on.
    """
    choices: dict[tuple[str, str, str, str], RoleChoice] = {}
    for choice in _choices(person, certificate_hsa_id=certificate_hsa_id, at=at):
        choices.setdefault((choice.hsa_id, choice.role, choice.organization_id, choice.unit_id), choice)
    return list(choices.values())


def _choices(person: Person, *, certificate_hsa_id: str, at: datetime) -> list[RoleChoice]:
    return [
        _choice(assignment)
        for employment in selectors.employments_of(person, at=at)
        if not certificate_hsa_id or employment.hsa_id.upper() == certificate_hsa_id.upper()
        for assignment in sorted(selectors.roles_of(employment.hsa_id, at=at), key=_portal_first)
    ]


def _portal_first(assignment: RoleAssignment) -> bool:
    return assignment.source != RoleSource.PORTAL.value


def _choice(assignment: RoleAssignment) -> RoleChoice:
    return RoleChoice(
        id=str(assignment.pk),
        role=assignment.role,
        hsa_id=assignment.employment.hsa_id,
        organization_id=str(assignment.organization_id),
        organization_name=assignment.organization.name,
        may_see_protected=assignment.may_see_protected,
        unit_id=str(assignment.unit_id or ""),
        unit_name=assignment.unit.name if assignment.unit else "",
    )
