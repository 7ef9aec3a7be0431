"""Who holds which role: the list, what waits for a second person, and who can help whom."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from directory import policies
from directory.models import Organization, Role, RoleAssignment, RoleSource
from directory.role_selectors import Shown, helpers, list_assignments, waiting_appointments
from journal.actor import Actor
from portal import moments, words
from portal.pages import asking
from portal.pages.managers.role_words import (
    SOURCES,
    allowed,
    named,
    place_of,
    role_name,
    shown_name,
    standing,
)
from portal.pages.parts import Chip, Choice
from portal.words import Tag, Text

_ROWS: Final = 50
_MOST_ORGANIZATIONS: Final = 500
_CHIPS: Final[Mapping[Shown, Text]] = {
    Shown.CURRENT: gettext_lazy("In force"),
    Shown.DUE: gettext_lazy("To be confirmed"),
    Shown.ENDED: gettext_lazy("Ended"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleRow:
    """One assignment in the list."""

    person: str
    hsa_id: str
    role: Text
    organization: str
    detail: Text
    tag: Tag
    may_see_protected: bool
    revoke_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingRow:
    """A role that waits for a second person."""

    url: str
    person: str
    role: Text
    organization: str
    requested_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RolesPage:
    """What the list shows."""

    chips: Sequence[Chip]
    shown: str
    organizations: Sequence[Choice]
    roles: Sequence[Choice]
    waiting: Sequence[WaitingRow]
    rows: Sequence[RoleRow]
    next_url: str
    first_url: str
    confirm_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpStep:
    """One step of the way upwards, and who stands there."""

    role: Text
    names: Sequence[str]
    is_mine: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpPage:
    """What the page of duties and help shows."""

    role: Text
    organization: str
    duties: Sequence[Text]
    steps: Sequence[HelpStep]


@require_safe
def show_roles(request: HttpRequest) -> HttpResponse:
    """Show the roles in the actor's scope, by HSA-id."""
    actor, at = asking.who(request), asking.now()
    if policies.may_list_roles(actor) is not None:
        raise PermissionDenied
    return render(request, "portal/roles.html", {"page": roles_page(request, actor=actor, at=at)})


def roles_page(request: HttpRequest, *, actor: Actor, at: datetime) -> RolesPage:
    """Return the list as the address asks for it; what is unreadable in it filters nothing."""
    asked = request.GET
    shown = Shown(asked["show"]) if asked.get("show") in list(Shown) else Shown.CURRENT
    role = asked.get("role", "") if asked.get("role") in list(Role) else ""
    organizations = organizations_of(actor)
    organization = asked.get("organization", "")
    organization = organization if organization in {str(one.pk) for one in organizations} else ""
    after = asked.get("after", "")
    listed = list_assignments(
        actor=actor, at=at, shown=shown, role=role, organization_id=organization, after=after, limit=_ROWS
    )
    kept = {"role": role, "organization": organization}
    return RolesPage(
        chips=[
            Chip(label=label, url=_address(show=one.value, **kept), is_chosen=one is shown)
            for one, label in _CHIPS.items()
        ],
        shown=shown.value,
        organizations=[
            Choice(value=str(one.pk), name=one.name, is_chosen=str(one.pk) == organization)
            for one in organizations
        ],
        roles=[Choice(value=one.value, name=words.ROLES[one], is_chosen=one.value == role) for one in Role],
        waiting=[
            WaitingRow(
                url=reverse("role-appointment", args=[one.pk]),
                person=named(one.employment),
                role=role_name(one.role),
                organization=one.organization.name,
                requested_at=one.requested_at,
            )
            for one in waiting_appointments(actor=actor)
        ],
        rows=[_row(one, actor=actor, at=at) for one in listed.assignments],
        next_url=_address(show=shown.value, after=listed.after, **kept) if listed.after else "",
        first_url=_address(show=shown.value, **kept) if after else "",
        confirm_url=reverse("roles-confirm"),
    )


@require_safe
def show_help(request: HttpRequest) -> HttpResponse:
    """Show what one's role is for, and whom to turn to, step by step (GOV-3, GOV-4)."""
    actor, at = asking.who(request), asking.now()
    return render(request, "portal/help.html", {"page": help_page(actor=actor, at=at)})


def help_page(*, actor: Actor, at: datetime) -> HelpPage:
    """Return the duties of the actor's role and the names of those who can help."""
    organization = next((one for one in organizations_of(actor) if str(one.pk) == actor.acting_for), None)
    found = helpers(actor.acting_for, unit_id=actor.unit_id, at=at)
    return HelpPage(
        role=role_name(actor.role),
        organization=organization.name if organization else "",
        duties=allowed(Role(actor.role)),
        steps=[
            HelpStep(
                role=words.ROLES[role],
                names=[person.full_name for person in people],
                is_mine=role.value == actor.role,
            )
            for role, people in found.items()
        ],
    )


def organizations_of(actor: Actor) -> Sequence[Organization]:
    """Return the organizations in the actor's scope, by name."""
    ids = [actor.organization_id] if actor.unit_id else actor.organization_ids
    found = Organization.objects.filter(pk__in=ids).order_by("name", "pk")
    return list(found[:_MOST_ORGANIZATIONS])


def _row(assignment: RoleAssignment, *, actor: Actor, at: datetime) -> RoleRow:
    employment = assignment.employment
    ended = assignment.valid_to is not None and assignment.valid_to <= at
    refusal = policies.may_grant(
        Role(assignment.role),
        employment=employment,
        organization=assignment.organization,
        may_see_protected=False,
        actor=actor,
        unit_id=str(assignment.unit_id or ""),
    )
    takes = not ended and refusal is None
    return RoleRow(
        person=shown_name(employment.person),
        hsa_id=employment.hsa_id,
        role=role_name(assignment.role),
        organization=place_of(assignment),
        detail=_detail(assignment, at=at),
        tag=standing(assignment, at=at),
        may_see_protected=assignment.may_see_protected,
        revoke_url=reverse("role-revoke", args=[assignment.pk]) if takes else "",
    )


def _detail(assignment: RoleAssignment, *, at: datetime) -> str:
    facts = [str(SOURCES[RoleSource(assignment.source)])]
    facts.append(_("since %(day)s") % {"day": moments.day(assignment.valid_from)})
    if assignment.valid_to is not None:
        facts.append(_("until %(day)s") % {"day": moments.day(assignment.valid_to)})
    if assignment.trained_on is not None:
        facts.append(_("trained %(day)s") % {"day": moments.day(assignment.trained_on)})
    if assignment.confirmed_at is not None and (assignment.valid_to is None or assignment.valid_to > at):
        facts.append(_("confirmed %(day)s") % {"day": moments.day(assignment.confirmed_at)})
    return " · ".join(facts)


def _address(**asked: str) -> str:
    query = {name: value for name, value in asked.items() if value and value != Shown.CURRENT.value}
    return reverse("roles") + (f"?{urlencode(query)}" if query else "")
