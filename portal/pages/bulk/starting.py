"""Choose whom to order for: a list, a unit, cards that end, or a file; then the rows are looked at."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from authn.rate_limits import count_request
from ca.environments import Environment
from ca.selectors import issuers
from cards.bulk.checking import check_rows
from cards.bulk.choosing import ChosenRow, from_expiring, from_list, from_unit
from cards.bulk.errors import BulkListUnreadable
from cards.bulk.models import BulkOrder, BulkSource
from cards.bulk.policies import may_order_for_several
from cards.bulk.preparing import prepare_bulk_order
from cards.bulk.reading import COLUMNS, read_list
from cards.products import catalogue, product
from directory.errors import UnitNotFound
from directory.models import Organization, Unit
from directory.reach import units_within
from directory.searching import get_unit
from journal.actor import Actor
from portal import problems, words
from portal.pages import asking
from portal.pages.parts import Chip, Choice, Crumb
from portal.wordings import bulk as words_of
from portal.words import Text

_LARGEST: Final = 1_000_000
_LISTS_PER_MINUTE: Final = 12
"""For one person: more than anybody prepares, few enough that nobody walks through the numbers."""
_CHECKED_AT_ONCE: Final = 50
"""Rows that are looked at while one waits; longer lists are looked at by the worker."""
_MOST_UNITS: Final = 500
EXAMPLE: Final = "19121212-1212\nSE5560000000-A100"
_FORM: Final = f"{';'.join(COLUMNS)}\r\n19121212-1212;7C1\r\nSE5560000000-A100;7C1\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class StartPage:
    """What the form shows."""

    source: str
    chips: Sequence[Chip]
    organizations: Sequence[Choice]
    units: Sequence[Choice]
    products: Sequence[Choice]
    text: str
    before: str
    example: str
    problem: Text
    url: str
    crumbs: Sequence[Crumb]


@require_http_methods(["GET", "HEAD", "POST"])
def start_bulk_order(request: HttpRequest) -> HttpResponse:
    """Show the form; with it, fix the rows and lead to them. Nothing is ordered here."""
    actor, at = asking.who(request), asking.now()
    if may_order_for_several(actor) is not None:
        raise PermissionDenied
    source = _source(request.GET.get("from", ""))
    if request.method != "POST":
        return _answer(request, start_page(source, request, actor=actor))
    count_request(f"bulk:{actor.person_id}", limit=_LISTS_PER_MINUTE, at=at)
    try:
        bulk = _prepared(request, source, actor=actor, at=at)
    except BulkListUnreadable as error:
        told = words_of.RULES.get(error.facts.get("rule", ""), words_of.RULES["no_csv"])
        return _answer(request, start_page(source, request, actor=actor, problem=told), status=422)
    if bulk.total <= _CHECKED_AT_ONCE:
        check_rows(bulk.pk, limit=_CHECKED_AT_ONCE, actor=actor, at=at)
    return HttpResponseRedirect(reverse("bulk-order", args=[bulk.pk]))


@require_safe
def get_list_form(request: HttpRequest) -> HttpResponse:
    """Return a list with its header and two example lines, for a spreadsheet."""
    if may_order_for_several(asking.who(request)) is not None:
        raise PermissionDenied
    answer = HttpResponse(f"\ufeff{_FORM}", content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="bestallning.csv"'
    return answer


def start_page(source: BulkSource, request: HttpRequest, *, actor: Actor, problem: Text = "") -> StartPage:
    """Return the form for one way of choosing, with what was written into it."""
    form = request.POST
    here = reverse("bulk-order-new")
    organizations = _organizations(actor)
    units = _units(actor, form.get("unit", "") or request.GET.get("unit", ""))
    return StartPage(
        source=source.value,
        chips=[
            Chip(label=label, url=f"{here}?from={one.value}", is_chosen=one is source)
            for one, label in words_of.SOURCES.items()
        ],
        organizations=[
            Choice(value=str(one.pk), name=one.name, is_chosen=form.get("organization") == str(one.pk))
            for one in (organizations if source is not BulkSource.UNIT else ())
        ],
        units=units if source is BulkSource.UNIT else (),
        products=_products(source, form.get("product", "")),
        text=form.get("list", "")[:_LARGEST],
        before=form.get("before", "")[:10],
        example=EXAMPLE,
        problem=problem,
        url=f"{here}?from={source.value}",
        crumbs=(
            Crumb(label=_("Orders"), url=reverse("orders")),
            Crumb(label=_("For several"), url=reverse("bulk-orders")),
            Crumb(label=_("New order")),
        ),
    )


def _prepared(request: HttpRequest, source: BulkSource, *, actor: Actor, at: datetime) -> BulkOrder:
    """Fix the rows. Raises BulkListUnreadable with the rule that stops it."""
    code = request.POST.get("product", "")
    if product(code) is None and not (source is BulkSource.EXPIRING and code == ""):
        raise _unreadable("no_product")
    rows: list[ChosenRow]
    about = ""
    match source:
        case BulkSource.UNIT:
            unit = _unit(request.POST.get("unit", ""), actor=actor)
            organization, about = unit.organization, str(unit.pk)
            rows = from_unit(unit, product_code=code, actor=actor, at=at)
        case BulkSource.EXPIRING:
            organization = _organization(request.POST.get("organization", ""), actor=actor)
            before = _day(request.POST.get("before", ""), at=at)
            about = before.isoformat()
            rows = from_expiring(before, organization=organization, product_code=code, actor=actor, at=at)
        case BulkSource.LIST | BulkSource.FILE:
            organization = _organization(request.POST.get("organization", ""), actor=actor)
            lines = read_list(_text(request, source))
            rows = from_list(lines, organization=organization, product_code=code, actor=actor, at=at)
    return prepare_bulk_order(rows, source=source, about=about, organization=organization, actor=actor, at=at)


def _text(request: HttpRequest, source: BulkSource) -> str:
    """Return the list from the field or the file; what is no UTF-8 shows as such."""
    if source is BulkSource.LIST:
        return request.POST.get("list", "")[:_LARGEST]
    file = request.FILES.get("file")
    octets: bytes = file.read(_LARGEST) if file is not None else b""
    return octets.decode("utf-8", errors="replace")


def _organizations(actor: Actor) -> list[Organization]:
    keys = (actor.organization_id,) if actor.unit_id else actor.organization_ids
    return list(Organization.objects.filter(pk__in=keys).order_by("name"))


def _organization(chosen: str, *, actor: Actor) -> Organization:
    """Return the organization that was chosen, or the only one."""
    found = _organizations(actor)
    if len(found) == 1 and not chosen:
        return found[0]
    for one in found:
        if str(one.pk) == chosen:
            return one
    raise _unreadable("no_organization")


def _unit(chosen: str, *, actor: Actor) -> Unit:
    try:
        return get_unit(chosen, actor=actor)
    except UnitNotFound as error:
        raise _unreadable("no_unit") from error


def _day(text: str, *, at: datetime) -> date:
    try:
        day = date.fromisoformat(text.strip())
    except ValueError as error:
        raise _unreadable("no_day") from error
    if day <= asking.today(at):
        raise _unreadable("no_day")
    return day


def _units(actor: Actor, chosen: str) -> list[Choice]:
    """Return the units to choose from: those in reach by name, and the one that was asked for."""
    units = list(Unit.objects.filter(units_within(actor)).order_by("name", "pk")[:_MOST_UNITS])
    if chosen and all(str(one.pk) != chosen for one in units):
        try:
            units.insert(0, get_unit(chosen, actor=actor))
        except UnitNotFound:
            chosen = ""
    return [Choice(value=str(one.pk), name=one.name, is_chosen=str(one.pk) == chosen) for one in units]


def _products(source: BulkSource, chosen: str) -> list[Choice]:
    same = Choice(value="", name=_("The same card as each has now"), is_chosen=not chosen)
    items = [
        item
        for item in catalogue().products.values()
        if item.orderable
        and not (item.has_photo or item.has_signature_image)  # taken of each at a visit
        and (item.environment is Environment.PROD or issuers(Environment.QA))
    ]
    if source is not BulkSource.EXPIRING and not chosen:
        chosen = next((item.code for item in items), "")
    offered = [
        Choice(value=item.code, name=words.product_name(item), is_chosen=item.code == chosen)
        for item in items
    ]
    return [same, *offered] if source is BulkSource.EXPIRING else offered


def _source(text: str) -> BulkSource:
    return BulkSource(text) if text in BulkSource.values else BulkSource.LIST


def _unreadable(rule: str) -> BulkListUnreadable:
    return BulkListUnreadable(rule, facts={"rule": rule})


def _answer(request: HttpRequest, page: StartPage, *, status: int = 200) -> HttpResponse:
    response = render(request, "portal/bulk_start.html", {"page": page}, status=status)
    return problems.tagged(response, problems.of_code("bulk_list_unreadable") if page.problem else None)
