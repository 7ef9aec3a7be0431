"""The readings of the registers: the last ones, what waits for a decision, and asking for one now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from directory.errors import SyncRunTaken
from directory.models import SyncRun, SyncState
from directory.nightly import NIGHTLY
from directory.swedish_time import SWEDEN
from directory.sync_decisions import REGISTERS, may_decide, request_run
from directory.sync_models import ChangeState, SyncDecisionKind
from journal.actor import Actor
from portal import moments
from portal.pages import asking
from portal.pages.parts import Fact
from portal.wordings import registers as words_of
from portal.words import Tag, Text

_RUNS: Final = 10
_SILENT_AFTER: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far something has come; ``url`` is where the page asks again."""

    key: str
    label: Text
    done: int
    total: int
    detail: Text
    url: str
    asks_again: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """One reading in a list."""

    url: str
    started_at: datetime
    tag: Tag
    figures: Text
    detail: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterPanel:
    """One register."""

    key: str
    name: str
    facts: Sequence[Fact]
    progress: Progress | None
    waiting: RunRow | None
    waiting_count: int
    runs: Sequence[RunRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistersPage:
    """What the page shows."""

    registers: Sequence[RegisterPanel]


def central(request: HttpRequest) -> Actor:
    """Return who is logged in, when they decide about readings; raises ``PermissionDenied`` for others."""
    actor = asking.who(request)
    if may_decide(actor) is not None:
        raise PermissionDenied
    return actor


@require_http_methods(["GET", "HEAD", "POST"])
def show_registers(request: HttpRequest) -> HttpResponse:
    """Show the registers, and take the wish for a reading now."""
    actor, at = central(request), asking.now()
    if request.method == "POST":
        is_preview = request.POST.get("preview") == "1"
        try:
            request_run(request.POST.get("register", ""), is_preview=is_preview, actor=actor, at=at)
        except SyncRunTaken:
            messages.warning(request, _("A reading is asked for already. It begins within seconds."))
        else:
            messages.success(request, _("The reading is asked for. It begins within seconds."))
        return HttpResponseRedirect(reverse("registers"))
    return render(request, "portal/registers.html", {"page": registers_page(at=at)})


@require_safe
def show_register_progress(request: HttpRequest, register: str) -> HttpResponse:
    """Show how far a reading is, for htmx."""
    central(request)
    panel = _panel(register if register in REGISTERS else REGISTERS[0], at=asking.now())
    return render(request, "portal/parts/progress.html", {"progress": panel.progress})


def registers_page(*, at: datetime) -> RegistersPage:
    """Return the page as of a moment."""
    return RegistersPage(registers=[_panel(register, at=at) for register in REGISTERS])


def _panel(register: str, *, at: datetime) -> RegisterPanel:
    waiting = Count("changes", filter=Q(changes__state=ChangeState.WAITING.value))
    found = SyncRun.objects.filter(register=register).order_by("-started_at")
    runs = list(found.prefetch_related("decisions")[:_RUNS])
    held = (
        SyncRun.objects.filter(register=register, state=SyncState.QUARANTINED.value)
        .annotate(waiting=waiting)
        .filter(waiting__gt=0)
        .order_by("-started_at")
        .first()
    )
    newest = next((run for run in runs if run.ended_at is not None), None)
    whole = SyncRun.objects.filter(register=register, state__in=_WHOLE).order_by("-started_at").first()
    under_way = next((run for run in runs if run.ended_at is None), None)
    rows = {run.pk: run_row(run, at=at) for run in runs}
    return RegisterPanel(
        key=register,
        name=register.upper(),
        facts=(
            Fact(name=_("Last reading"), value=_when(newest, at=at)),
            Fact(name=_("Last complete reading"), value=_when(whole, at=at)),
            Fact(
                name=_("Next reading"),
                value=moments.moment(next_run(register, at=at), now=at),
            ),
        ),
        progress=progress_of(under_way, at=at) if under_way is not None else None,
        waiting=run_row(held, at=at) if held is not None else None,
        waiting_count=held.waiting if held is not None else 0,
        runs=[rows[run.pk] for run in runs],
    )


_WHOLE: Final = (SyncState.COMPLETE.value, SyncState.QUARANTINED.value)


def next_run(register: str, *, at: datetime) -> datetime:
    """Return when the register is read by itself the next time."""
    local = at.astimezone(SWEDEN)
    clock = NIGHTLY[register]
    planned = local.replace(hour=clock.hour, minute=clock.minute, second=0, microsecond=0)
    return planned if planned > local else planned + timedelta(days=1)


def run_row(run: SyncRun, *, at: datetime) -> RunRow:
    """Return a reading as a line of a list."""
    facts = {"read": run.read, "asked": run.asked, "imported": run.imported, "changed": run.changed}
    return RunRow(
        url=reverse("register-run", args=[run.pk]),
        started_at=run.started_at,
        tag=run_tag(run),
        figures=_("%(read)d of %(asked)d read, %(imported)d new, %(changed)d changed") % facts,
        detail=_detail(run, at=at),
    )


def run_tag(run: SyncRun) -> Tag:
    """Return how a reading ended, or what was decided about it last."""
    decided = max(run.decisions.all(), key=lambda one: one.decided_at, default=None)
    if decided is not None:
        return words_of.DECIDED[SyncDecisionKind(decided.kind)]
    state = SyncState(run.state)
    if state is SyncState.QUARANTINED and not run.changes.filter(state=ChangeState.WAITING.value).exists():
        return words_of.CHANGE_STATES[ChangeState.SUPERSEDED]
    return words_of.RUN_STATES[state]


def progress_of(run: SyncRun, *, at: datetime) -> Progress:
    """Return how far a reading under way is."""
    beat = run.heartbeat_at or run.started_at
    if run.state == SyncState.REQUESTED.value:
        detail = _("It begins within seconds.")
    elif at - beat > _SILENT_AFTER:
        detail = _("Nothing heard since %(when)s. The next reading takes its place.") % {
            "when": moments.moment(beat, now=at)
        }
    else:
        detail = str(_left(run, beat))
    return Progress(
        key=run.register,
        label=_("Reading %(register)s: %(read)d of %(asked)d")
        % {"register": run.register.upper(), "read": run.read, "asked": run.asked},
        done=run.read,
        total=max(run.asked, 1),
        detail=detail,
        url=reverse("register-progress", args=[run.register]),
    )


def _left(run: SyncRun, beat: datetime) -> Text:
    spent = (beat - run.started_at).total_seconds()
    if not run.read or spent < 1:
        return ""
    left = spent / run.read * (run.asked - run.read)
    return _("About %(time)s left.") % {"time": moments.span(max(left, 10))}


def _when(run: SyncRun | None, *, at: datetime) -> Text:
    return moments.moment(run.started_at, now=at) if run is not None else _("none yet")


def _detail(run: SyncRun, *, at: datetime) -> Text:  # noqa: ARG001 - same shape as its neighbours
    if run.failure:
        return (
            _("Not whole: %(why)s. Nobody counts as absent for it.") % {"why": words_of.failure(run.failure)}
            if run.state == SyncState.INCOMPLETE.value
            else ""
        )
    if run.held:
        return _("%(held)d differences were held for a decision") % {"held": run.held}
    return ""
