"""One reading of a register: what it changed or would change, for whom, and the decision about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from cards.models import Card
from cards.states import BLOCKABLE_CARD_STATES
from directory.errors import SyncDecisionRefused
from directory.models import RegistrationStatus, SyncRun, SyncState
from directory.selectors import names_of
from directory.sync_decisions import accept_run, discard_run, may_decide, refusal_of, rows_for, undo_run
from directory.sync_models import ChangeKind, ChangeState, SyncChange, SyncDecision, SyncDecisionKind
from journal.actor import Actor
from portal import words
from portal.pages import asking
from portal.pages.central.registers import Progress, progress_of, run_row, run_tag
from portal.pages.parts import Chip, Crumb, Fact
from portal.wordings import registers as words_of
from portal.words import Tag, Text

_ROWS: Final = 50
_NAME_FIELDS: Final = ("calling_name", "given_name", "middle_name", "surname")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRow:
    """One difference."""

    person: Text
    person_url: str
    place: str
    kind: Text
    what: Text
    consequence: Text
    tag: Tag


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionText:
    """What was decided, by whom and why."""

    tag: Tag
    by: str
    at: datetime
    reason: str
    result: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPage:
    """What the page shows."""

    title: Text
    tag: Tag
    started_at: datetime
    facts: Sequence[Fact]
    detail: Text
    progress: Progress | None
    waiting: int
    toll: Sequence[Text]
    undoable: int
    undo_refusal: Text
    decisions: Sequence[DecisionText]
    chips: Sequence[Chip]
    rows: Sequence[ChangeRow]
    next_url: str
    first_url: str
    problem: Text
    url: str
    crumbs: Sequence[Crumb]


@require_http_methods(["GET", "HEAD", "POST"])
def show_run(request: HttpRequest, run_id: str) -> HttpResponse:
    """Show a reading, and take the decision about it."""
    actor, at = asking.who(request), asking.now()
    run = _run(run_id, actor)
    if request.method != "POST":
        return render(request, "portal/register_run.html", {"page": _page(request, run, actor=actor, at=at)})
    problem = _decide(request, run, actor=actor, at=at)
    if problem:
        page = _page(request, run, actor=actor, at=at, problem=problem)
        return render(request, "portal/register_run.html", {"page": page}, status=422)
    messages.success(request, _("Decided. It is carried out within seconds, row by row."))
    return HttpResponseRedirect(reverse("register-run", args=[run.pk]))


@require_safe
def show_run_progress(request: HttpRequest, run_id: str) -> HttpResponse:
    """Show how far the reading, or a decision about it, is: for htmx."""
    progress = _progress(_run(run_id, asking.who(request)), at=asking.now())
    return render(request, "portal/parts/progress.html", {"progress": progress})


def _run(run_id: str, actor: Actor) -> SyncRun:
    run = SyncRun.objects.filter(pk=run_id).first()
    if run is None or may_decide(actor) is not None:
        raise Http404  # to others it does not exist
    return run


def _decide(request: HttpRequest, run: SyncRun, *, actor: Actor, at: datetime) -> Text:
    """Decide as the form says, and return what stops it."""
    try:
        kind = SyncDecisionKind(request.POST.get("kind", ""))
    except ValueError:
        return words_of.RULES["nothing_waits"]
    if request.POST.get("confirmed") != "on":
        return words_of.RULES["not_confirmed"]
    reason = request.POST.get("reason", "")
    try:
        match kind:
            case SyncDecisionKind.ACCEPT:
                accept_run(run.pk, reason=reason, actor=actor, at=at)
            case SyncDecisionKind.DISCARD:
                discard_run(run.pk, reason=reason, actor=actor, at=at)
            case SyncDecisionKind.UNDO:
                undo_run(run.pk, reason=reason, actor=actor, at=at)
    except SyncDecisionRefused as error:
        return words_of.RULES.get(error.facts.get("rule", ""), words_of.RULES["decided"])
    return ""


def _page(request: HttpRequest, run: SyncRun, *, actor: Actor, at: datetime, problem: Text = "") -> RunPage:
    kind = request.GET.get("kind", "")
    after = request.GET.get("after", "")
    counts = _counts(run)
    rows = run.changes.select_related("person", "employment__organization").order_by("pk")
    rows = rows.filter(kind=kind) if kind in counts else rows.filter(is_costly=True)
    if after.isdigit():
        rows = rows.filter(pk__gt=int(after))
    found = list(rows[: _ROWS + 1])
    shown = found[:_ROWS]
    undo_rule = refusal_of(run, SyncDecisionKind.UNDO, at=at)
    listed = run_row(run, at=at)
    return RunPage(
        title=_("Reading of %(register)s") % {"register": run.register.upper()},
        tag=run_tag(run),
        started_at=run.started_at,
        facts=(
            Fact(name=_("Asked about"), value=str(run.asked)),
            Fact(name=_("Read"), value=str(run.read)),
            Fact(name=_("New"), value=str(run.imported)),
            Fact(name=_("Changed"), value=str(run.changed)),
            Fact(name=_("Absent"), value=str(run.absent)),
            Fact(name=_("Held back"), value=str(run.held)),
        ),
        detail=listed.detail,
        progress=_progress(run, at=at),
        waiting=rows_for(run, SyncDecisionKind.ACCEPT).count()
        if not refusal_of(run, SyncDecisionKind.ACCEPT, at=at)
        else 0,
        toll=_toll(run),
        undoable=0 if undo_rule else rows_for(run, SyncDecisionKind.UNDO).count(),
        undo_refusal=words_of.RULES.get(undo_rule, "") if undo_rule else "",
        decisions=_decisions(run),
        chips=[
            Chip(label=_("What costs somebody a card"), url=_address(run), is_chosen=kind not in counts),
            *(
                Chip(
                    label=f"{words_of.CHANGE_KINDS[ChangeKind(one)]} ({number})",
                    url=_address(run, kind=one),
                    is_chosen=kind == one,
                )
                for one, number in counts.items()
            ),
        ],
        rows=_rows(shown, actor=actor),
        next_url=_address(run, kind=kind, after=str(shown[-1].pk)) if len(found) > _ROWS else "",
        first_url=_address(run, kind=kind) if after else "",
        problem=problem,
        url=reverse("register-run", args=[run.pk]),
        crumbs=(Crumb(label=_("Registers"), url=reverse("registers")), Crumb(label=_("Reading"))),
    )


def _counts(run: SyncRun) -> Mapping[str, int]:
    counted = run.changes.values_list("kind").annotate(number=Count("pk")).order_by("kind")
    found = dict(counted)
    return {kind.value: found[kind.value] for kind in ChangeKind if kind.value in found}


def _progress(run: SyncRun, *, at: datetime) -> Progress | None:
    url = reverse("register-run-progress", args=[run.pk])
    decision = SyncDecision.objects.filter(run=run, finished_at__isnull=True).first()
    if decision is not None:
        return Progress(
            key="decision",
            label=_("%(done)d of %(total)d rows done") % {"done": decision.done, "total": decision.total},
            done=decision.done,
            total=max(decision.total, 1),
            detail=_("%(count)d left alone so far") % {"count": decision.left_out}
            if decision.left_out
            else "",
            url=url,
        )
    if run.state in {SyncState.REQUESTED.value, SyncState.RUNNING.value}:
        told = progress_of(run, at=at)
        return Progress(
            key="run", label=told.label, done=told.done, total=told.total, detail=told.detail, url=url
        )
    return None


def _toll(run: SyncRun) -> list[Text]:
    """Return what accepting means, in numbers."""
    waiting = run.changes.filter(state=ChangeState.WAITING.value)
    lines: list[Text] = []
    for kind, number in waiting.values_list("kind").annotate(number=Count("pk")).order_by("kind"):
        told = ChangeKind(kind)
        lines.append(
            _("%(kind)s: %(people)s, %(cards)s in use. %(consequence)s")
            % {
                "kind": words_of.CHANGE_KINDS[told],
                "people": ngettext("%d person", "%d people", number) % number,
                "cards": _cards(waiting.filter(kind=kind)),
                "consequence": words_of.CONSEQUENCES[told],
            }
        )
    return lines


def _cards(rows: QuerySet[SyncChange]) -> str:
    usable = [state.value for state in BLOCKABLE_CARD_STATES]
    number = Card.objects.filter(person_id__in=rows.values("person_id"), state__in=usable).count()
    return ngettext("%d card", "%d cards", number) % number


def _decisions(run: SyncRun) -> list[DecisionText]:
    rows = list(SyncDecision.objects.filter(run=run).order_by("decided_at"))
    names = names_of({row.decided_by for row in rows})
    return [
        DecisionText(
            tag=words_of.DECIDED[SyncDecisionKind(row.kind)],
            by=names.get(row.decided_by, row.decided_by),
            at=row.decided_at,
            reason=row.reason,
            result=_("%(done)d of %(total)d rows done")
            % {"done": row.done - row.left_out, "total": row.total},
        )
        for row in rows
    ]


def _rows(changes: Sequence[SyncChange], *, actor: Actor) -> list[ChangeRow]:
    usable = [state.value for state in BLOCKABLE_CARD_STATES]
    cards = dict(
        Card.objects.filter(person_id__in={one.person_id for one in changes}, state__in=usable)
        .values_list("person_id")
        .annotate(number=Count("pk"))
    )
    return [_row(one, cards.get(one.person_id, 0), actor=actor) for one in changes]


def _row(change: SyncChange, cards: int, *, actor: Actor) -> ChangeRow:
    is_hidden = change.person.protected_identity  # no list names one; whoever may opens them for a reason
    may_open = not is_hidden or actor.may_see_protected
    kind = ChangeKind(change.kind)
    carries = ngettext("%d card in use.", "%d cards in use.", cards) % cards
    return ChangeRow(
        person=_("Protected particulars") if is_hidden else change.person.full_name,
        person_url=reverse("person", args=[change.person_id]) if may_open else "",
        place=change.employment.organization.name if change.employment is not None else "",
        kind=words_of.CHANGE_KINDS[kind],
        what="" if is_hidden else _what(change),
        consequence=f"{carries} {words_of.CONSEQUENCES[kind]}" if change.is_costly else "",
        tag=words_of.CHANGE_STATES[ChangeState(change.state)],
    )


def _what(change: SyncChange) -> Text:
    """Return the difference in words: from what to what, where that is kept and can be read."""
    before, after = change.before, change.after
    if any(name in after for name in _NAME_FIELDS):
        was = " ".join(before[name] for name in _NAME_FIELDS if before.get(name))
        now = " ".join(after[name] for name in _NAME_FIELDS if after.get(name))
        return f"{was} → {now}"
    if "registration_status" in after:
        return f"{_status(before['registration_status'])} → {_status(after['registration_status'])}"
    if after.get("ends_on"):
        return _("until %(day)s") % {"day": after["ends_on"]}
    return ""


def _status(value: str | None) -> str:
    return str(words.REGISTRATION[RegistrationStatus(value or RegistrationStatus.UNKNOWN.value)].label)


def _address(run: SyncRun, *, kind: str = "", after: str = "") -> str:
    query = urlencode({key: value for key, value in (("kind", kind), ("after", after)) if value})
    url = reverse("register-run", args=[run.pk])
    return f"{url}?{query}" if query else url
