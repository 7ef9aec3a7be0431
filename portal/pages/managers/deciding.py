"""Taking a role back, deciding on what another one asked for, and confirming roles in one sweep."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from directory import policies
from directory.appointment_models import RoleAppointment
from directory.appointments import approve, decline
from directory.confirmations import confirm_roles
from directory.errors import RoleNotFound, RoleNotHeld, RoleRefused
from directory.lifecycle import revoke_role
from directory.models import Role, RoleAssignment, RoleSource
from directory.role_policies import may_decide
from directory.role_selectors import Shown, get_appointment, get_assignment, list_assignments
from directory.roles import TRAINED_ROLES
from directory.selectors import names_of
from journal.actor import Actor
from portal import moments, problems
from portal.pages import asking
from portal.pages.managers import role_acts
from portal.pages.managers.role_forms import ConfirmForm, ReasonForm
from portal.pages.managers.role_words import allowed, named, place_of, role_name, standing
from portal.pages.parts import Crumb, Fact
from portal.problems import Problem
from portal.signing.step_up import signed
from portal.words import Tag, Text


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionPage:
    """A role and what is decided about it."""

    person: str
    role: Text
    facts: Sequence[Fact]
    allowed: Sequence[Text]
    crumbs: Sequence[Crumb]
    problem: Problem | None = None
    why: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmRow:
    """A role that is to be confirmed, or why it cannot be by this person."""

    id: str
    person: str
    role: Text
    organization: str
    detail: Text
    tag: Tag
    is_ticked: bool
    why: Problem | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmPage:
    """What the sweep shows."""

    rows: Sequence[ConfirmRow]
    crumbs: Sequence[Crumb]
    problem: Problem | None = None


@require_http_methods(["GET", "HEAD", "POST"])
def take(request: HttpRequest, assignment_id: str) -> HttpResponse:
    """Show what taking it back means, and do it when it is meant."""
    actor, at = asking.who(request), asking.now()
    assignment = get_assignment(assignment_id, actor=actor)
    form, problem, status = ReasonForm(), None, 200
    if request.method == "POST":
        form = ReasonForm(request.POST)
        if form.is_valid():
            try:
                with signed(request, role_acts.taking(assignment), actor=actor, at=at) as doer:
                    revoke_role(assignment, reason=form.cleaned_data["reason"], actor=doer, at=at)
            except (RoleRefused, RoleNotHeld) as error:
                problem = problems.explain(error)
            else:
                names = {"role": role_name(assignment.role), "person": named(assignment.employment)}
                messages.success(request, _("The role %(role)s is taken back from %(person)s.") % names)
                return HttpResponseRedirect(reverse("roles"))
        status = problem.status if problem else 422
    page = DecisionPage(
        person=named(assignment.employment),
        role=role_name(assignment.role),
        facts=[
            Fact(name=_("Organization"), value=place_of(assignment)),
            Fact(name=_("Since"), value=moments.day(assignment.valid_from)),
        ],
        allowed=allowed(Role(assignment.role)),
        crumbs=_crumbs(_("Take back a role")),
        problem=problem,
    )
    response = render(request, "portal/role_take.html", {"page": page, "form": form}, status=status)
    return problems.tagged(response, problem)


@require_http_methods(["GET", "HEAD", "POST"])
def decide(request: HttpRequest, appointment_id: str) -> HttpResponse:
    """Show what somebody asked for, and give or decline it."""
    actor, at = asking.who(request), asking.now()
    appointment = get_appointment(appointment_id, actor=actor)
    form, problem, status = ReasonForm(), None, 200
    if request.method == "POST":
        form, status = ReasonForm(request.POST), 422
        try:
            told = _decided(request, appointment, form, actor=actor, at=at)
        except RoleRefused as error:
            problem = problems.explain(error)
            status = problem.status
        else:
            if told:
                messages.success(request, told)
                return HttpResponseRedirect(reverse("roles"))
    page = _decision_page(appointment, problem=problem, actor=actor, at=at)
    response = render(request, "portal/role_appointment.html", {"page": page, "form": form}, status=status)
    return problems.tagged(response, problem)


@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest) -> HttpResponse:
    """Show the roles that lapse soon, and confirm those ticked."""
    actor, at = asking.who(request), asking.now()
    if policies.may_list_roles(actor) is not None:
        raise PermissionDenied
    form, problem, status = ConfirmForm(), None, 200
    ticked = request.POST.getlist("role")
    if request.method == "POST":
        form, status = ConfirmForm(request.POST), 422
        if form.is_valid() and ticked:
            try:
                trained_on = form.cleaned_data["trained_on"]
                act = role_acts.confirming(ticked, trained_on=trained_on)
                with signed(request, act, actor=actor, at=at) as doer:
                    count = confirm_roles(ticked, trained_on=trained_on, actor=doer, at=at)
            except (RoleRefused, RoleNotHeld, RoleNotFound, ValueError) as error:
                told = error if not isinstance(error, ValueError) else RoleNotFound("unreadable")
                problem = problems.explain(told)
                status = problem.status
            else:
                told_text = ngettext("%(count)d role is confirmed.", "%(count)d roles are confirmed.", count)
                messages.success(request, told_text % {"count": count})
                return HttpResponseRedirect(reverse("roles"))
        elif form.is_valid():
            form.add_error(None, _("Tick at least one role."))
    due = list_assignments(actor=actor, at=at, shown=Shown.DUE, limit=200).assignments
    page = ConfirmPage(
        rows=[_confirm_row(one, ticked=ticked, actor=actor, at=at) for one in due],
        crumbs=_crumbs(_("Confirm roles")),
        problem=problem,
    )
    response = render(request, "portal/roles_confirm.html", {"page": page, "form": form}, status=status)
    return problems.tagged(response, problem)


def _decided(
    request: HttpRequest, appointment: RoleAppointment, form: ReasonForm, *, actor: Actor, at: datetime
) -> str:
    """Give or decline, and return what to tell; empty when the form is not whole."""
    names = {"role": role_name(appointment.role), "person": named(appointment.employment)}
    if request.POST.get("decision") == "approve":
        with signed(request, role_acts.approving(appointment), actor=actor, at=at) as doer:
            approve(appointment.pk, actor=doer, at=at)
        return _("%(person)s has the role %(role)s.") % names
    if not form.is_valid():
        return ""
    decline(appointment.pk, reason=form.cleaned_data["reason"], actor=actor, at=at)
    return _("The role %(role)s for %(person)s is declined.") % names


def _decision_page(
    appointment: RoleAppointment, *, problem: Problem | None, actor: Actor, at: datetime
) -> DecisionPage:
    by = names_of([appointment.requested_by]).get(appointment.requested_by, appointment.requested_by)
    refusal = may_decide(appointment, actor=actor, at=at)
    ends = moments.moment(appointment.valid_to, now=at) if appointment.valid_to else _("no end")
    return DecisionPage(
        person=named(appointment.employment),
        role=role_name(appointment.role),
        facts=[
            Fact(name=_("Organization"), value=appointment.organization.name),
            Fact(name=_("From"), value=moments.moment(appointment.valid_from, now=at)),
            Fact(name=_("Until"), value=ends),
            Fact(name=_("Asked for by"), value=by),
            Fact(name=_("Asked for"), value=moments.moment(appointment.requested_at, now=at)),
            Fact(name=_("Why?"), value=appointment.reason),
        ],
        allowed=allowed(Role(appointment.role)),
        crumbs=_crumbs(_("Waits for a second person")),
        problem=problem,
        why=problems.explain(refusal) if refusal is not None and problem is None else None,
    )


def _confirm_row(
    assignment: RoleAssignment, *, ticked: Sequence[str], actor: Actor, at: datetime
) -> ConfirmRow:
    role = Role(assignment.role)
    refusal = policies.may_grant(
        role,
        employment=assignment.employment,
        organization=assignment.organization,
        may_see_protected=assignment.may_see_protected,
        actor=actor,
        unit_id=str(assignment.unit_id or ""),
    )
    trained = (
        _("trained %(day)s") % {"day": moments.day(assignment.trained_on)} if assignment.trained_on else ""
    )
    if role in TRAINED_ROLES and not trained:
        trained = _("no training on record")
    return ConfirmRow(
        id=str(assignment.pk),
        person=named(assignment.employment),
        role=role_name(assignment.role),
        organization=place_of(assignment),
        detail=trained,
        tag=standing(assignment, at=at),
        is_ticked=str(assignment.pk) in ticked,
        why=problems.explain(refusal) if refusal and assignment.source == RoleSource.PORTAL.value else None,
    )


def _crumbs(label: str) -> Sequence[Crumb]:
    return (Crumb(label=_("Roles"), url=reverse("roles")), Crumb(label=label))
