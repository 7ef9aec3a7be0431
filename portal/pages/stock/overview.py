"""The stock of reserve cards at a glance: each place, how full it is, and where too few are left."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from cards.errors import CardsError
from cards.reserve_models import ReserveOrder
from cards.reserve_policies import may_decide
from cards.reserve_selectors import awaiting_second
from cards.stock_places import open_place
from cards.stock_policies import MAY_READ_STOCK, may_keep_any
from cards.stock_selectors import PlaceStanding, standings
from directory.models import Organization, Unit
from directory.reach import units_within
from journal.actor import Actor
from portal import problems
from portal.pages import asking
from portal.pages.managers.role_words import shown_name
from portal.pages.parts import Act, Crumb, Line
from portal.pages.reserve.page import begun_line
from portal.pages.stock.bars import StockBar, most_of, stock_bar
from portal.pages.stock.forms import PlaceForm
from portal.problems import Problem
from portal.words import Tag, Text


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceRow:
    """A place in the overview."""

    id: str
    name: str
    whose: str
    url: str
    in_stock: int
    coming: int
    missing: int
    threshold: int
    told: Text
    tag: Tag
    bar: StockBar


@dataclass(frozen=True, slots=True, kw_only=True)
class StockPage:
    """What the overview shows."""

    rows: Sequence[PlaceRow]
    total: int
    low: int
    acts: Sequence[Act]
    waiting: Sequence[Line] = ()


@require_safe
def show_stock(request: HttpRequest) -> HttpResponse:
    """Show the places in the actor's scope and how full they are."""
    actor = asking.who(request)
    _door(actor)
    page = replace(
        stock_page(standings(actor=actor), problem=_why(actor)),
        waiting=[waiting_line(one, actor=actor, at=asking.now()) for one in awaiting_second(actor=actor)],
    )
    return render(request, "portal/stock.html", {"page": page})


@require_http_methods(["GET", "HEAD", "POST"])
def new_place(request: HttpRequest) -> HttpResponse:
    """Open a place of one's own organization, or of a unit of it."""
    actor, at = asking.who(request), asking.now()
    _door(actor)
    if (refusal := may_keep_any(actor=actor)) is not None:
        return problems.page(request, problems.explain(refusal))
    choices = _where(actor)
    form = PlaceForm(request.POST if request.method == "POST" else None, places=choices)
    problem = None
    if form.is_bound and form.is_valid():
        organization_id, _slash, unit_id = form.cleaned_data["where"].partition("/")
        try:
            place = open_place(
                name=form.cleaned_data["name"],
                threshold=form.cleaned_data["threshold"],
                organization_id=organization_id,
                unit_id=unit_id,
                actor=actor,
                at=at,
            )
        except CardsError as error:
            problem = problems.explain(error)
        else:
            messages.success(request, _("The place is open. Receive its first box when it comes."))
            return HttpResponseRedirect(reverse("stock-place", args=[place.pk]))
    context = {
        "form": form,
        "problem": problem,
        "crumbs": (
            Crumb(label=_("Reserve cards"), url=reverse("stock")),
            Crumb(label=_("Open a place")),
        ),
    }
    status = problem.status if problem else 422 if form.is_bound else 200
    return problems.tagged(render(request, "portal/stock_new.html", context, status=status), problem)


def stock_page(found: tuple[PlaceStanding, ...], *, problem: Problem | None) -> StockPage:
    """Return what the overview shows, the places with too few first."""
    most = most_of(found)
    rows = [place_row(one, most=most) for one in sorted(found, key=lambda one: not one.is_low)]
    return StockPage(
        rows=rows,
        total=sum(one.in_stock for one in found),
        low=sum(one.is_low for one in found),
        acts=(
            Act(
                label=_("Open a place"),
                icon="plus-lg",
                url=reverse("stock-new"),
                style="btn-line",
                why=problem,
            ),
        ),
    )


def place_row(standing: PlaceStanding, *, most: int) -> PlaceRow:
    """Return a place as a line with its bar."""
    place = standing.place
    whose = place.organization.name + (f", {place.unit.name}" if place.unit is not None else "")
    return PlaceRow(
        id=str(place.pk),
        name=place.name,
        whose=whose,
        url=reverse("stock-place", args=[place.pk]),
        in_stock=standing.in_stock,
        coming=standing.coming,
        missing=standing.missing,
        threshold=place.threshold,
        told=in_words(standing),
        tag=tag_of(standing),
        bar=stock_bar(standing, most=most),
    )


def in_words(standing: PlaceStanding) -> str:
    """Return what the bar shows."""
    parts = [_("%(count)d in stock") % {"count": standing.in_stock}]
    if standing.coming:
        parts.append(_("%(count)d on their way") % {"count": standing.coming})
    if standing.place.threshold:
        parts.append(_("too few below %(count)d") % {"count": standing.place.threshold})
    return ", ".join(parts)


def tag_of(standing: PlaceStanding) -> Tag:
    """Return how a place stands, in a word."""
    if standing.is_low:
        return Tag(tone="warn", icon="exclamation-triangle", label=_("Too few"))
    if standing.missing:
        return Tag(tone="bad", icon="exclamation-octagon", label=_("Cards missing"))
    return Tag(tone="ok", icon="check-circle", label=_("Enough"))


def waiting_line(order: ReserveOrder, *, actor: Actor, at: datetime) -> Line:
    """Return the line of what waits for a second person: theirs to approve, or to look at."""
    is_theirs = may_decide(order, actor=actor, at=at) is None
    begun = begun_line(order, at=at)
    return Line(
        title=shown_name(order.card.person),
        detail=begun if is_theirs else _("%(begun)s, another administrator approves") % {"begun": begun},
        act=_("Approve") if is_theirs else _("Look"),
        url=reverse("reserve-approve", args=[order.pk])
        if is_theirs
        else reverse("person", args=[order.card.person_id]),
    )


def _door(actor: Actor) -> None:
    if actor.role not in MAY_READ_STOCK:
        raise PermissionDenied


def _why(actor: Actor) -> Problem | None:
    refusal = may_keep_any(actor=actor)
    return problems.explain(refusal) if refusal else None


def _where(actor: Actor) -> list[tuple[str, str]]:
    """Return organizations and units in reach, as organization id and perhaps unit id."""
    found = [
        (str(one.pk), one.name)
        for one in Organization.objects.filter(pk__in=actor.organization_ids).order_by("name")
    ]
    units = Unit.objects.filter(units_within(actor)).select_related("organization").order_by("name")[:500]
    return found + [
        (f"{one.organization_id}/{one.pk}", f"{one.organization.name}, {one.name}") for one in units
    ]
