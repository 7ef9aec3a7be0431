"""Giving a role: the form, a look at what it would mean, and the act; or the request to a second person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from directory import policies
from directory.appointments import ask_for_role
from directory.errors import RoleRefused
from directory.lifecycle import grant_role
from directory.models import Employment, Organization, Unit
from directory.reach import organization_scope, placed_within, units_below, units_within
from directory.role_policies import RoleGrant, grant_refusal
from directory.role_selectors import roles_held_by
from directory.roles import TWO_PEOPLE
from journal.actor import Actor
from portal import moments, problems, words
from portal.pages import asking
from portal.pages.managers import role_acts
from portal.pages.managers.role_forms import GrantForm
from portal.pages.managers.role_words import allowed, named, role_name
from portal.pages.managers.roles import organizations_of
from portal.pages.parts import Crumb, Fact
from portal.problems import Problem
from portal.signing.step_up import signed
from portal.words import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantPreview:
    """What giving it would mean."""

    person: str
    role: Text
    takes_two: bool
    facts: Sequence[Fact]
    allowed: Sequence[Text]


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantPage:
    """The form, or what it would mean, and why not."""

    crumbs: Sequence[Crumb]
    preview: GrantPreview | None = None
    problem: Problem | None = None


@require_http_methods(["GET", "HEAD", "POST"])
def give(request: HttpRequest) -> HttpResponse:
    """Ask, show what it means, and do it when it is meant."""
    actor, at = asking.who(request), asking.now()
    if policies.may_list_roles(actor) is not None:
        raise PermissionDenied
    organizations = organizations_of(actor)
    if request.method != "POST":
        return _page(request, GrantForm(actor=actor, organizations=organizations))
    form = GrantForm(request.POST, actor=actor, organizations=organizations)
    if not form.is_valid():
        return _page(request, form, status=422)
    employment = _employment(form.cleaned_data["hsa_id"], actor=actor)
    if employment is None:
        form.add_error("hsa_id", _("Nobody within your role has this HSA-id."))
        return _page(request, form, status=422)
    named_unit = form.cleaned_data["unit"].strip()
    unit = Unit.objects.filter(units_within(actor), hsa_id__iexact=named_unit).first()
    if named_unit and unit is None:
        form.add_error("unit", _("No unit within your role has this HSA-id."))
        return _page(request, form, status=422)
    return _previewed(request, form, _grant(form, employment, unit, at=at), actor=actor, at=at)


def _previewed(
    request: HttpRequest, form: GrantForm, grant: RoleGrant, *, actor: Actor, at: datetime
) -> HttpResponse:
    if (refusal := grant_refusal(grant, actor=actor, at=at)) is not None:
        return _page(request, form, problem=problems.explain(refusal), status=409)
    if "change" in request.POST:
        return _page(request, form)
    if request.POST.get("confirmed") != "yes":
        return _page(request, form, preview=_preview(grant, at=at))
    try:
        with signed(request, role_acts.giving(grant), actor=actor, at=at) as doer:
            told = _do(grant, actor=doer, at=at)
    except RoleRefused as error:
        return _page(request, form, problem=problems.explain(error), status=409)
    messages.success(request, told)
    return HttpResponseRedirect(reverse("roles"))


def _do(grant: RoleGrant, *, actor: Actor, at: datetime) -> str:
    names = {"role": role_name(grant.role.value), "person": named(grant.employment)}
    if grant.role in TWO_PEOPLE:
        ask_for_role(grant, actor=actor, at=at)
        return _("The role %(role)s for %(person)s waits for another central administrator.") % names
    grant_role(
        employment=grant.employment,
        role=grant.role,
        organization=grant.organization,
        valid_from=grant.valid_from,
        valid_to=grant.valid_to,
        may_see_protected=grant.may_see_protected,
        trained_on=grant.trained_on,
        reason=grant.reason,
        unit=grant.unit,
        actor=actor,
        at=at,
    )
    return _("%(person)s has the role %(role)s.") % names


def _employment(hsa_id: str, *, actor: Actor) -> Employment | None:
    """Return who is meant, within the actor's scope; a protected person only for those who may see them."""
    found = Employment.objects.select_related("person", "organization").filter(
        placed_within(actor), hsa_id__iexact=hsa_id.strip()
    )
    employment = found.first()
    if employment is None or (employment.person.protected_identity and not actor.may_see_protected):
        return None
    return employment


def _grant(form: GrantForm, employment: Employment, unit: Unit | None, *, at: datetime) -> RoleGrant:
    data = form.cleaned_data
    return RoleGrant(
        employment=employment,
        role=form.role_given,
        organization=Organization.objects.get(pk=data["organization"]),
        valid_from=form.begins(at=at),
        valid_to=form.ends(),
        may_see_protected=data.get("may_see_protected", False),
        trained_on=data["trained_on"],
        reason=data["reason"],
        unit=unit,
    )


def _preview(grant: RoleGrant, *, at: datetime) -> GrantPreview:
    names = _reached(grant, at=at)
    held = [str(role_name(one.role)) for one in roles_held_by(str(grant.employment.person_id), at=at)]
    facts = [
        Fact(name=_("Reaches"), value=", ".join(names[:5]) + (" …" if len(names) > 5 else "")),  # noqa: PLR2004 - five are shown
        Fact(name=_("From"), value=moments.moment(grant.valid_from, now=at)),
        Fact(
            name=_("Until"), value=moments.moment(grant.valid_to, now=at) if grant.valid_to else _("no end")
        ),
        Fact(name=_("Roles that the person has"), value=", ".join(held) or _("none")),
        Fact(name=_("Why?"), value=grant.reason),
    ]
    if grant.trained_on is not None:
        facts.insert(3, Fact(name=_("Trained on"), value=moments.day(grant.trained_on)))
    if grant.may_see_protected:
        facts.append(Fact(name=_("Add-on"), value=_("May handle people with protected data")))
    return GrantPreview(
        person=named(grant.employment),
        role=words.ROLES[grant.role],
        takes_two=grant.role in TWO_PEOPLE,
        facts=facts,
        allowed=allowed(grant.role),
    )


def _reached(grant: RoleGrant, *, at: datetime) -> list[str]:
    """Return the names of the first places that the role would reach."""
    if grant.unit is not None:
        ids = units_below(grant.unit.pk, organization_id=grant.organization.pk)
        units = Unit.objects.filter(pk__in=ids).order_by("name")
        return list(units.values_list("name", flat=True)[:6])
    scope = organization_scope(str(grant.organization.pk), role=grant.role.value, at=at)
    reached = Organization.objects.filter(pk__in=scope).order_by("name")
    return list(reached.values_list("name", flat=True)[:6])


def _page(
    request: HttpRequest,
    form: GrantForm,
    *,
    preview: GrantPreview | None = None,
    problem: Problem | None = None,
    status: int = 200,
) -> HttpResponse:
    crumbs = (Crumb(label=_("Roles"), url=reverse("roles")), Crumb(label=_("Give a role")))
    page = GrantPage(crumbs=crumbs, preview=preview, problem=problem)
    response = render(request, "portal/role_grant.html", {"page": page, "form": form}, status=status)
    return problems.tagged(response, problem)
