"""One report: its form, how many rows there are and of what, the first of them, and its order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from authn.rate_limits import count_request
from cards.products import catalogue as products
from directory.models import Organization, Unit
from directory.reach import units_within
from journal.actor import Actor
from portal import words
from portal.pages import asking
from portal.pages.parts import Choice, Crumb
from portal.pages.reports.asked import AskedReport, Misread
from portal.pages.reports.catalogue import name_of, period, reader
from portal.pages.reports.picture import Picture, picture
from portal.words import Text
from reports.catalogue import Filter, ReportKind, ReportNature, report_kind, states_of
from reports.errors import ReportRefused
from reports.lifecycle import order_report, tell_pulled
from reports.models import ReportFormat
from reports.protected_reads import record_protected_in
from reports.queries import Row
from reports.question import DEFAULT_DAYS, Question, may_have_numbers, may_pull
from reports.summary import summary_of
from reports.tables import first_rows
from reports.words import vocabulary

_SHOWN: Final = 10
_MOST_UNITS: Final = 200
"""With more of them, a unit is named by its HSA-id."""
ORDERS_PER_MINUTE: Final = 10
"""For one person: each is work for the worker and a file that is kept for 30 days."""
COUNTS_PER_MINUTE: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterField:
    """A filter of the form: a choice, or a text where there are no choices."""

    name: str
    label: Text
    value: str
    choices: Sequence[Choice] = ()
    hint: str = ""
    """What counts while nothing is written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the report says in short: how many rows, of what, and the first of them."""

    rows: int
    when: str
    pictures: Sequence[Picture]
    columns: Sequence[str]
    first: Sequence[Sequence[tuple[str, str]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPage:
    """What the page shows."""

    code: str
    title: str
    url: str
    is_event: bool
    asked: AskedReport
    filters: Sequence[FilterField]
    crumbs: Sequence[Crumb]
    may_name_protected: bool = False
    may_have_numbers: bool = False
    error: Text = ""
    told: Told | None = None


@require_http_methods(["GET", "HEAD", "POST"])
def show_report(request: HttpRequest, code: str) -> HttpResponse:
    """Show the form; by POST the count and the first rows, or order the whole report."""
    actor, at = reader(request), asking.now()
    kind = report_kind(code)
    if (refusal := may_pull(kind, actor)) is not None:
        raise ReportRefused(refusal)
    asked = AskedReport.read(kind, request.POST)
    if request.method != "POST":
        return _page(request, report_page(kind, asked, actor=actor))
    try:
        question = asked.question(kind, actor=actor, now=at)
    except Misread as error:
        return _page(request, report_page(kind, asked, actor=actor, error=str(error)), status=422)
    chosen = request.POST.get("order", "")
    record_protected_in(question, reason=asked.why, page="report", actor=actor, at=at)
    if chosen in {one.value for one in ReportFormat}:
        count_request(f"report-order:{actor.person_id}", limit=ORDERS_PER_MINUTE, at=at)
        order_report(question, format=ReportFormat(chosen), actor=actor, at=at)
        messages.success(request, _("The report is ordered. It lies here when it is written and proved."))
        return HttpResponseRedirect(reverse("reports"))
    count_request(f"report-count:{actor.person_id}", limit=COUNTS_PER_MINUTE, at=at)
    told = told_of(question, now=at)
    tell_pulled(question, format="count", rows=told.rows, actor=actor, at=at)
    return _page(request, report_page(kind, asked, actor=actor, told=told))


def _page(request: HttpRequest, page: ReportPage, *, status: int = 200) -> HttpResponse:
    return render(request, "portal/report.html", {"page": page}, status=status)


def told_of(question: Question, *, now: datetime) -> Told:
    """Return the count and the first rows."""
    summary = summary_of(question, language=_language())
    columns = [_column((one.swedish, one.english)) for one in question.fields]
    return Told(
        rows=summary.rows,
        when=period(question, now=now),
        pictures=[
            picture(one, title=_column((one.column.swedish, one.column.english)), key=f"b{place}")
            for place, one in enumerate(summary.breakdowns)
        ],
        columns=columns,
        first=[_cells(columns, row) for row in first_rows(question, _SHOWN, language=_language())],
    )


def _language() -> int:
    """Return the place of the page's language where reports have both."""
    return 0 if get_language() == "sv" else 1


def _column(pair: tuple[str, str]) -> str:
    return pair[_language()]


def _cells(columns: Sequence[str], row: Row) -> list[tuple[str, str]]:
    return list(zip(columns, row, strict=True))


def report_page(
    kind: ReportKind, asked: AskedReport, *, actor: Actor, error: Text = "", told: Told | None = None
) -> ReportPage:
    """Return what the page shows to this actor."""
    return ReportPage(
        code=kind.code,
        title=name_of(kind),
        url=reverse("report", args=[kind.code.lower()]),
        is_event=kind.nature is ReportNature.EVENT,
        asked=asked,
        may_name_protected=actor.may_see_protected,
        may_have_numbers=may_have_numbers(kind, actor) is None,
        filters=[_filter(one, kind, asked, actor=actor) for one in kind.filters],
        crumbs=(Crumb(label=_("Reports"), url=reverse("reports")), Crumb(label=name_of(kind))),
        error=error,
        told=told,
    )


def _filter(one: Filter, kind: ReportKind, asked: AskedReport, *, actor: Actor) -> FilterField:
    value = asked.filters.get(one.value, "")
    return FilterField(
        name=one.value,
        label=words.REPORT_FILTERS[one.value],
        value=value,
        hint=str(DEFAULT_DAYS) if one is Filter.DAYS and kind.code == "S4" else "",
        choices=[
            Choice(value=key, name=name, is_chosen=key == value)
            for key, name in _choices(one, kind, actor=actor)
        ],
    )


def _choices(one: Filter, kind: ReportKind, *, actor: Actor) -> list[tuple[str, str]]:
    match one:
        case Filter.ORGANIZATION | Filter.AREA | Filter.UNIT:
            return _places(one, actor=actor)
        case Filter.PRODUCT:
            return [(item.code, words.product_name(item)) for item in products().products.values()]
        case Filter.LOA:
            return [("3", "3"), ("2", "2")]
        case Filter.STATE:
            words_of = vocabulary("State", _language())
            return [(state, words_of.get(state, state)) for state in states_of(kind)]
        case Filter.OPERATOR | Filter.DAYS:
            return []


def _places(one: Filter, *, actor: Actor) -> list[tuple[str, str]]:
    """Return the areas, organizations or units in reach; no units where there are too many to choose from."""
    reached = Organization.objects.filter(pk__in=actor.organization_ids)
    if one is Filter.ORGANIZATION:
        return [(str(pk), name) for pk, name in reached.order_by("name").values_list("pk", "name")]
    if one is Filter.AREA:
        areas = reached.order_by("issuance_area__name").values_list("issuance_area__name", flat=True)
        return [(name, name) for name in areas.distinct()]
    found = Unit.objects.filter(units_within(actor)).order_by("organization__name", "name", "pk")
    units = list(found.values_list("hsa_id", "name")[: _MOST_UNITS + 1])
    return units if len(units) <= _MOST_UNITS else []
