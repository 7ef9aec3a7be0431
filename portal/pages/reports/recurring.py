"""Reports that recur for a role: which, how often, when they ran and run next; made and ended here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from directory.models import Role
from journal.actor import Actor
from portal.pages import asking
from portal.pages.parts import Choice, Crumb
from portal.pages.reports.catalogue import name_of, reader
from portal.words import ROLES, Text
from reports.catalogue import ReportKind, report_kind
from reports.errors import ReportRefused
from reports.models import ReportFormat, ReportSchedule
from reports.periods import Period
from reports.schedules import end_schedule, may_schedule, recipient_roles, schedule_report
from reports.selectors import get_schedule, list_schedules, reports_for

PERIODS: Final[Mapping[Period, Text]] = {
    Period.WEEKLY: gettext_lazy("Every week"),
    Period.MONTHLY: gettext_lazy("Every month"),
    Period.QUARTERLY: gettext_lazy("Every quarter"),
    Period.YEARLY: gettext_lazy("Every year"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleRow:
    """A recurring report."""

    name: str
    role: Text
    period: Text
    format: str
    last: datetime | None
    next: datetime
    end_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulesPage:
    """What the page shows; without kinds the role changes nothing here."""

    rows: Sequence[ScheduleRow]
    kinds: Sequence[Choice]
    roles: Sequence[Choice]
    periods: Sequence[Choice]
    crumbs: Sequence[Crumb]


@require_http_methods(["GET", "HEAD", "POST"])
def show_schedules(request: HttpRequest) -> HttpResponse:
    """Show the role's recurring reports; by POST let another recur."""
    actor = reader(request)
    kinds = [kind for kind in reports_for(actor) if may_schedule(kind, actor) is None]
    if request.method == "POST":
        _may_change(actor)
        sent = request.POST
        kind, period, form = sent.get("report", ""), sent.get("period", ""), sent.get("format", "")
        if period in {one.value for one in Period} and form in {one.value for one in ReportFormat}:
            schedule_report(
                report_kind(kind), period=Period(period), format=ReportFormat(form),
                role=sent.get("role", ""), actor=actor, at=asking.now(),
            )  # fmt: skip
            messages.success(request, _("The report recurs from now on, for everybody with the role here."))
        else:
            messages.warning(request, _("Choose report, period and format."))
        return HttpResponseRedirect(reverse("report-schedules"))
    page = SchedulesPage(
        rows=[_row(one, actor) for one in list_schedules(actor=actor)],
        kinds=[Choice(value=kind.code, name=f"{kind.code} {name_of(kind)}") for kind in kinds],
        roles=_roles(kinds, actor),
        periods=[Choice(value=period.value, name=name) for period, name in PERIODS.items()],
        crumbs=(Crumb(label=_("Reports"), url=reverse("reports")), Crumb(label=_("Recurring reports"))),
    )
    return render(request, "portal/report_schedules.html", {"page": page})


@require_POST
def end(request: HttpRequest, schedule_id: str) -> HttpResponse:
    """End a recurrence."""
    actor = reader(request)
    schedule = get_schedule(str(schedule_id), actor=actor)
    end_schedule(schedule, actor=actor, at=asking.now())
    messages.success(request, _("The report does not recur any more. What was made stays its 30 days."))
    return HttpResponseRedirect(reverse("report-schedules"))


def _may_change(actor: Actor) -> None:
    """Raise ``ReportRefused`` for a role that lets no report recur: an auditor takes reports out, no more."""
    refusals = [may_schedule(kind, actor) for kind in reports_for(actor)]
    stops = [one for one in refusals if one is not None]
    if stops and len(stops) == len(refusals):
        raise ReportRefused(stops[0])


def _roles(kinds: Sequence[ReportKind], actor: Actor) -> list[Choice]:
    """Return the roles that some of the reports may recur for, the actor's own first."""
    roles = dict.fromkeys(role for kind in kinds for role in recipient_roles(kind, actor))
    return [Choice(value=role, name=ROLES[Role(role)]) for role in roles]


def _row(schedule: ReportSchedule, actor: Actor) -> ScheduleRow:
    kind = report_kind(schedule.code)
    may_end = schedule.role in recipient_roles(kind, actor)
    return ScheduleRow(
        name=f"{kind.code} {name_of(kind)}",
        role=ROLES[Role(schedule.role)],
        period=PERIODS[Period(schedule.period)],
        format=schedule.format.upper(),
        last=schedule.last_run_at,
        next=schedule.next_run_at,
        end_url=reverse("report-schedule-end", args=[schedule.pk]) if may_end else "",
    )
