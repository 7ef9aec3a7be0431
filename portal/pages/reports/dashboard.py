"""The overview of a role: how its cards and certificates stand, what lies ahead, what the jobs did."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cards.reasons import BlockReason
from cards.states import CardState
from directory.models import Role
from journal.actor import Actor
from journal.models import Entry
from portal import moments, words
from portal.pages import asking
from portal.pages.reports.catalogue import reader
from portal.pages.reports.picture import Picture, bars
from portal.wordings.jobs import job_name, job_outcome
from portal.words import Text
from reports.catalogue import report_kind
from reports.question import Question, may_pull
from reports.summary import summary_of
from reports.tables import count_rows

_STATES: Final[Mapping[str, Text]] = {
    "BESTÄLLT": words.CARD_STATES[CardState.ORDERED].label,
    "SKICKAT": words.CARD_STATES[CardState.SHIPPED].label,
    "AKTIVT": words.CARD_STATES[CardState.ACTIVE].label,
    "SPÄRRAT": words.CARD_STATES[CardState.BLOCKED].label,
    "MAKULERAT": words.CARD_STATES[CardState.DISCARDED].label,
    "UTGÅNGET": words.EXPIRED.label,
}
_SPANS: Final = (30, 60, 90, 180)
_WEEKS: Final = 8
_JOB_READERS: Final = frozenset({Role.CENTRAL_ADMINISTRATOR.value, Role.AUDITOR.value})
_MOST_JOB_EVENTS: Final = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One picture, and the report behind it."""

    picture: Picture
    url: str = ""
    link: Text = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardPage:
    """What the page shows."""

    panels: Sequence[Panel]


@require_safe
def show_dashboard(request: HttpRequest) -> HttpResponse:
    """Show the overview of the role."""
    actor, at = reader(request), asking.now()
    return render(request, "portal/dashboard.html", {"page": dashboard(actor=actor, at=at)})


def dashboard(*, actor: Actor, at: datetime) -> DashboardPage:
    """Return the panels of the actor's role, within its organizations."""
    panels: list[Panel] = []
    if _pulls("S1", actor):
        panels += [
            _of_report("S1", _("Cards by state"), _states(actor, at)),
            _of_report("H2", _("Activations by week"), _activations(actor, at)),
            _of_report("S4", _("Cards and certificates that expire"), _expiries(actor, at)),
            _of_report("H3", _("Blocks of a year by reason"), _blocks(actor, at)),
        ]
    if _pulls("S5", actor):
        panels.append(_of_report("S5", _("Function certificates that expire"), _functions(actor, at)))
    if actor.role in _JOB_READERS:
        title = _("Jobs of a week, as the journal tells")
        panels.append(Panel(picture=bars(_jobs(at), title=title, key="jobs")))
    return DashboardPage(panels=panels)


def _pulls(code: str, actor: Actor) -> bool:
    return may_pull(report_kind(code), actor) is None


def _of_report(code: str, title: str, counts: Sequence[tuple[str, int]]) -> Panel:
    return Panel(
        picture=bars(counts, title=title, key=code.lower()),
        url=reverse("report", args=[code.lower()]),
        link=_("The report"),
    )


def _states(actor: Actor, at: datetime) -> list[tuple[str, int]]:
    found = summary_of(Question.of("S1", actor=actor, as_of=at)).breakdowns
    counts = {bar.code: bar.count for bar in found[0].bars} if found else {}
    return [(str(label), counts.get(state, 0)) for state, label in _STATES.items()]


def _activations(actor: Actor, at: datetime) -> list[tuple[str, int]]:
    counts = []
    for weeks in range(_WEEKS - 1, -1, -1):
        until = at - timedelta(weeks=weeks)
        since = until - timedelta(weeks=1) + timedelta(microseconds=1)
        found = count_rows(Question.of("H2", actor=actor, as_of=until, since=since))
        counts.append((_("the week through %(day)s") % {"day": moments.day(until)}, found))
    return counts


def _expiries(actor: Actor, at: datetime) -> list[tuple[str, int]]:
    within = [
        count_rows(Question.of("S4", actor=actor, as_of=at, filters={"days": str(days)})) for days in _SPANS
    ]
    return _by_span(within)


def _by_span(within: Sequence[int]) -> list[tuple[str, int]]:
    return [
        (_("within %(days)d days") % {"days": days}, count)
        for days, count in zip(_SPANS, within, strict=True)
    ]


def _blocks(actor: Actor, at: datetime) -> list[tuple[str, int]]:
    question = Question.of("H3", actor=actor, as_of=at, since=at - timedelta(days=365))
    found = [one for one in summary_of(question).breakdowns if one.column.english == "Reason"]
    counts = {bar.code: bar.count for one in found for bar in one.bars}
    return [
        (str(words.BLOCK_REASONS[reason]), counts[reason.value])
        for reason in BlockReason
        if reason.value in counts
    ]


def _functions(actor: Actor, at: datetime) -> list[tuple[str, int]]:
    within = [
        count_rows(Question.of("S5", actor=actor, as_of=at, filters={"days": str(days)})) for days in _SPANS
    ]
    return _by_span(within)


def _jobs(at: datetime) -> list[tuple[str, int]]:
    ended = Entry.objects.filter(type="job.ended", at__gte=at - timedelta(days=7)).order_by("-at", "-id")
    counts: Counter[tuple[str, str]] = Counter()
    for content in ended.values_list("content", flat=True)[:_MOST_JOB_EVENTS]:
        event = json.loads(content)["event"]
        counts[(str(event["job"]), str(event["outcome"]))] += 1
    named = [(_job(job, outcome), count) for (job, outcome), count in sorted(counts.items())]
    return sorted(named)


def _job(job: str, outcome: str) -> str:
    """Return what a job is called, and how it ended where that is more than that it did its work."""
    return job_name(job) if outcome == "done" else f"{job_name(job)}: {job_outcome(outcome)}"
