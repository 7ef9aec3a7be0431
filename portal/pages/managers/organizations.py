"""Organizations as a tree with counts, and one of them: how it is set up, and the stop of its orders."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from cards import products
from cards.counts import active_cards_counted
from cards.errors import CardsError
from cards.lifecycle import resume_ordering, stop_ordering
from cards.selectors import order_stops
from directory import policies
from directory.agencies import agencies_of, end_agency, give_agency
from directory.agency_models import Agency
from directory.errors import AgencyRefused, LogoRefused, OrganizationRefused
from directory.logos import LARGEST_FILE, logo_of
from directory.models import Organization
from directory.organization_lifecycle import Setup, set_logo, set_up, setup_of
from directory.organization_selectors import (
    get_organization,
    list_organizations,
    people_counted,
    settings_of,
)
from directory.organization_selectors import logo_of as stored_logo
from functioncerts.selectors import certificates_counted
from journal.actor import Actor
from journal.errors import DomainError
from portal import moments, problems, words
from portal.pages import asking
from portal.pages.desk.history import timeline
from portal.pages.managers.organization_forms import AgentForm, LogoForm, SetupForm, StopForm
from portal.pages.parts import Crumb, Fact, TimelineItem
from portal.problems import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationRow:
    """An organization in the tree."""

    name: str
    url: str
    hsa_id: str
    agent: str
    people: int
    cards: int
    functions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaRow:
    """An issuance area with its organizations."""

    name: str
    rows: Sequence[OrganizationRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRow:
    """An agent of the organization; ``id`` is empty for one that HSA names, which is ended there."""

    name: str
    detail: str
    id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationPage:
    """How one organization is set up."""

    name: str
    id: str
    facts: Sequence[Fact]
    logo_url: str
    agents: Sequence[AgentRow]
    stops: Sequence[str]
    has_own_stop: bool
    may_change: bool
    events: Sequence[TimelineItem]
    crumbs: Sequence[Crumb]
    problem: Problem | None = None


@require_safe
def show_organizations(request: HttpRequest) -> HttpResponse:
    """Show the organizations in the actor's scope by issuance area, with counts."""
    actor, at = asking.who(request), asking.now()
    _door(actor)
    return render(request, "portal/organizations.html", {"areas": organization_tree(actor=actor, at=at)})


def organization_tree(*, actor: Actor, at: datetime) -> Sequence[AreaRow]:
    """Return areas and organizations; four queries, however many there are."""
    people, functions = people_counted(actor=actor), certificates_counted(actor=actor)
    cards = active_cards_counted(actor=actor, at=at)
    areas: dict[str, list[OrganizationRow]] = {}
    for one in list_organizations(actor=actor):
        key, agent = str(one.pk), one.agent_organization
        row = OrganizationRow(
            name=one.name,
            url=reverse("organization", args=[one.pk]),
            hsa_id=one.hsa_id,
            agent=agent.name if agent is not None and str(agent.pk) in actor.organization_ids else "",
            people=people.get(key, 0),
            cards=cards.get(key, 0),
            functions=functions.get(key, 0),
        )
        areas.setdefault(one.issuance_area.name, []).append(row)
    return [AreaRow(name=name, rows=rows) for name, rows in areas.items()]


@require_safe
def show_organization(request: HttpRequest, organization_id: str) -> HttpResponse:
    """Show how an organization is set up."""
    actor, at = asking.who(request), asking.now()
    organization = get_organization(organization_id, actor=actor)
    return _page(request, organization, actor=actor, at=at)


@require_http_methods(["POST"])
def change(request: HttpRequest, organization_id: str) -> HttpResponse:
    """Change how an organization is set up."""
    actor, at = asking.who(request), asking.now()
    organization = get_organization(organization_id, actor=actor)
    form = SetupForm(request.POST)
    if not form.is_valid():
        return _page(request, organization, actor=actor, at=at, setup_form=form, status=422)
    data = form.cleaned_data
    setup = Setup(
        issuance_area=data["issuance_area"],
        back_text=data["back_text"],
        issuer_number=data["issuer_number"],
        products=tuple(sorted(data["products"])),
        billing_reference=data["billing_reference"],
        default_product=data["default_product"],
    )
    try:
        changed = set_up(str(organization.pk), setup, reason=data["reason"], actor=actor, at=at)
    except OrganizationRefused as error:
        return _page(request, organization, actor=actor, at=at, error=error)
    messages.success(request, _("The change is made.") if changed else _("Nothing was different."))
    return _back(organization)


@require_http_methods(["POST"])
def change_logo(request: HttpRequest, organization_id: str) -> HttpResponse:
    """Take a picture as the organization's logo, or take the logo away."""
    actor, at = asking.who(request), asking.now()
    organization = get_organization(organization_id, actor=actor)
    form = LogoForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, organization, actor=actor, at=at, logo_form=form, status=422)
    upload, reason = form.cleaned_data["picture"], form.cleaned_data["reason"]
    try:
        logo = logo_of(upload.read(LARGEST_FILE + 1)) if upload else None
        set_logo(str(organization.pk), logo, reason=reason, actor=actor, at=at)
    except (LogoRefused, OrganizationRefused) as error:
        return _page(request, organization, actor=actor, at=at, error=error)
    messages.success(request, _("The logo is changed.") if logo else _("The logo is taken away."))
    return _back(organization)


@require_safe
def show_logo(request: HttpRequest, organization_id: str) -> HttpResponse:
    """Answer with the logo, which is always a PNG of our own making."""
    organization = get_organization(organization_id, actor=asking.who(request))
    png = stored_logo(organization)
    if png is None:
        return problems.page(request, problems.of_code("not_found"))
    return HttpResponse(png, content_type="image/png")


@require_http_methods(["POST"])
def change_stop(request: HttpRequest, organization_id: str) -> HttpResponse:
    """Stop the organization's orders from an instant on, or let them go on (POR-16)."""
    actor, at = asking.who(request), asking.now()
    organization = get_organization(organization_id, actor=actor)
    try:
        if "resume" in request.POST:
            resume_ordering(actor=actor, at=at, organization_id=str(organization.pk))
            messages.success(request, _("Orders go on."))
            return _back(organization)
        form = StopForm(request.POST)
        if not form.is_valid():
            return _page(request, organization, actor=actor, at=at, stop_form=form, status=422)
        stop = stop_ordering(
            starts_at=form.starts_at(at=at), reason=form.cleaned_data["reason"], actor=actor, at=at,
            organization_id=str(organization.pk),
        )  # fmt: skip
    except CardsError as error:
        return _page(request, organization, actor=actor, at=at, error=error)
    told = _("No cards are ordered from %(when)s on. Blocking works as before.")
    messages.success(request, told % {"when": moments.moment(stop.starts_at, now=at)})
    return _back(organization)


@require_http_methods(["POST"])
def change_agent(request: HttpRequest, organization_id: str) -> HttpResponse:
    """Let another organization handle things for this one, or end that."""
    actor, at = asking.who(request), asking.now()
    organization = get_organization(organization_id, actor=actor)
    try:
        if "end" in request.POST:
            reason = request.POST.get("reason", "")[:200]
            end_agency(str(organization.pk), request.POST["end"], reason=reason, actor=actor, at=at)
            messages.success(request, _("The agent's task is ended."))
            return _back(organization)
        form = AgentForm(request.POST, agents=_agents(organization, actor=actor))
        if not form.is_valid():
            return _page(request, organization, actor=actor, at=at, agent_form=form, status=422)
        reason = form.cleaned_data["reason"]
        agency = give_agency(str(organization.pk), form.task(at=at), reason=reason, actor=actor, at=at)
    except AgencyRefused as error:
        return _page(request, organization, actor=actor, at=at, error=error)
    messages.success(request, _("%(agent)s is agent.") % {"agent": agency.agent.name})
    return _back(organization)


def _agents(organization: Organization, *, actor: Actor) -> list[tuple[str, str]]:
    """Return which organizations may be chosen as agent."""
    others = (one for one in list_organizations(actor=actor) if one.kind != policies.CENTRAL)
    return sorted(((str(one.pk), one.name) for one in others if one.pk != organization.pk), key=_by_name)


def _by_name(choice: tuple[str, str]) -> str:
    return choice[1].casefold()


def _agent_rows(organization: Organization, *, at: datetime) -> list[AgentRow]:
    named = organization.agent_organization
    rows = [AgentRow(name=named.name, detail=_("Everything, according to HSA"))] if named else []
    return rows + [_agent_row(one, at=at) for one in agencies_of(organization, at=at)]


def _agent_row(agency: Agency, *, at: datetime) -> AgentRow:
    handles = ((_("Cards"), agency.for_cards), (_("Function certificates"), agency.for_functions))
    facts = [", ".join(name for name, is_meant in handles if is_meant)]
    facts.append(_("from %(when)s") % {"when": moments.moment(agency.valid_from, now=at)})
    if agency.valid_to is not None:
        facts.append(_("until %(day)s") % {"day": moments.moment(agency.valid_to, now=at)})
    return AgentRow(name=agency.agent.name, detail=" · ".join(facts), id=str(agency.pk))


def organization_page(
    organization: Organization, *, actor: Actor, at: datetime, problem: Problem | None = None
) -> OrganizationPage:
    """Return what the page shows to this actor."""
    settings = settings_of(organization)
    setup = setup_of(organization, settings)
    own_stops = list(order_stops(at=at, organization_id=str(organization.pk)))
    named = [products.product(code) for code in setup.products]
    chosen = ", ".join(words.product_name(one) for one in named if one is not None)
    return OrganizationPage(
        name=organization.name,
        id=str(organization.pk),
        facts=[
            Fact(name=_("HSA-id"), value=organization.hsa_id, copy=organization.hsa_id),
            Fact(name=_("Organization number"), value=organization.organization_number),
            Fact(name=_("Issuance area"), value=setup.issuance_area),
            Fact(name=_("Text on the back of cards"), value=setup.back_text or _("none")),
            Fact(name=_("Issuer number"), value=setup.issuer_number or _("none")),
            Fact(name=_("Products"), value=chosen or _("all")),
            Fact(name=_("Usual product"), value=_named(setup.default_product) or _("none")),
            Fact(name=_("Billing reference"), value=setup.billing_reference or _("none")),
        ],
        logo_url=reverse("organization-logo", args=[organization.pk])
        if settings is not None and settings.logo_sha256
        else "",
        agents=_agent_rows(organization, at=at),
        stops=[
            _("No orders from %(when)s on: %(reason)s")
            % {"when": moments.moment(stop.starts_at, now=at), "reason": stop.reason}
            for stop in (
                *order_stops(at=at),
                *own_stops,
            )
        ],
        has_own_stop=bool(own_stops),
        may_change=policies.may_set_up_organizations(actor) is None,
        events=timeline("organization", str(organization.pk), actor=actor),
        crumbs=(
            Crumb(label=_("Organizations"), url=reverse("organizations")),
            Crumb(label=organization.name),
        ),
        problem=problem,
    )


def _page(
    request: HttpRequest,
    organization: Organization,
    *,
    actor: Actor,
    at: datetime,
    setup_form: SetupForm | None = None,
    logo_form: LogoForm | None = None,
    stop_form: StopForm | None = None,
    agent_form: AgentForm | None = None,
    error: DomainError | None = None,
    status: int = 200,
) -> HttpResponse:
    problem = problems.explain(error) if error is not None else None
    page = organization_page(organization, actor=actor, at=at, problem=problem)
    context: dict[str, object] = {"page": page}
    if page.may_change:
        stands = setup_of(organization, settings_of(organization))
        context |= {
            "setup_form": setup_form or SetupForm(initial=SetupForm.initial_of(stands)),
            "logo_form": logo_form or LogoForm(),
            "stop_form": stop_form or StopForm(),
            "agent_form": agent_form or AgentForm(agents=_agents(organization, actor=actor)),
            "form": setup_form or logo_form or stop_form or agent_form,
        }
    response = render(
        request, "portal/organization.html", context, status=problem.status if problem else status
    )
    return problems.tagged(response, problem)


def _door(actor: Actor) -> None:
    if policies.may_view_organizations(actor) is not None:
        raise PermissionDenied


def _back(organization: Organization) -> HttpResponse:
    return HttpResponseRedirect(reverse("organization", args=[organization.pk]))


def _named(product_code: str) -> str:
    """Return what a product is called; its code when it is no longer in the list."""
    item = products.product(product_code)
    return words.product_name(item) if item is not None else product_code
