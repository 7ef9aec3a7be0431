"""The reports that a role may pull, and those that the person has ordered, with how far each has come."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from urllib.parse import quote

from django.conf import settings
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from directory.swedish_time import SWEDEN
from journal.actor import Actor
from portal import moments, problems
from portal.pages import asking
from portal.words import Tag, Text
from reports import vault
from reports.catalogue import CATALOGUE, ReportKind, ReportNature
from reports.errors import ReportNotFound, ReportRefused
from reports.lifecycle import pull_file
from reports.models import OrderedReport, ReportFormat
from reports.old_reports import content_type, list_old, pull_old
from reports.protected_reads import record_protected_in
from reports.queries import organization_names
from reports.question import Question, may_pull
from reports.selectors import get_ordered, list_ordered, reports_for
from reports.states import AWAITED, ReportState

_CONTENT_TYPES = {
    ReportFormat.CSV.value: "text/csv; charset=utf-8",
    ReportFormat.XLSX.value: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ReportFormat.PDF.value: "application/pdf",
}
_TAGS: Final[Mapping[ReportState, Tag]] = {
    ReportState.ORDERED: Tag(tone="info", icon="hourglass-split", label=_("Being written")),
    ReportState.MADE: Tag(tone="info", icon="hourglass-split", label=_("Being proved")),
    ReportState.READY: Tag(tone="ok", icon="check-circle", label=_("Ready")),
    ReportState.FAILED: Tag(tone="bad", icon="exclamation-octagon", label=_("Failed")),
    ReportState.DELETED: Tag(tone="mute", icon="x-circle", label=_("Deleted after 30 days")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class KindRow:
    """A report in the catalogue."""

    code: str
    name: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderedRow:
    """A report that was ordered."""

    name: str
    detail: Text
    ordered_at: datetime
    tag: Tag
    format: str
    rows: str = ""
    progress: int | None = None
    expected: int = 0
    why: Text = ""
    file_url: str = ""
    proof_url: str = ""
    until: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderedPart:
    """The part of the page that asks again while the worker is at it."""

    rows: Sequence[OrderedRow]
    is_awaited: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OldRow:
    """A report that the old portal made."""

    name: str
    organization: str
    made_on: date
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CataloguePage:
    """What the page shows."""

    status: Sequence[KindRow]
    events: Sequence[KindRow]
    ordered: OrderedPart
    old: Sequence[OldRow] = ()
    old_until: str = ""


def reader(request: HttpRequest) -> Actor:
    """Return who reads. Raises ``ReportRefused`` when the role pulls no report at all."""
    actor = asking.who(request)
    refusals = [may_pull(kind, actor) for kind in CATALOGUE.values()]
    if refusals[0] is not None and None not in refusals:
        raise ReportRefused(refusals[0])
    return actor


def name_of(kind: ReportKind) -> str:
    """Return the report's name in the language of the page."""
    return kind.name[0 if get_language() == "sv" else 1]


@require_safe
def show_reports(request: HttpRequest) -> HttpResponse:
    """Show which reports there are for this role, and which were ordered."""
    actor = reader(request)
    kinds = reports_for(actor)
    page = CataloguePage(
        status=[_kind(kind) for kind in kinds if kind.nature is ReportNature.STATUS],
        events=[_kind(kind) for kind in kinds if kind.nature is ReportNature.EVENT],
        ordered=_ordered(actor, now=asking.now()),
        old=_old(actor, at=asking.now()),
        old_until=moments.day(settings.SIGILL_OLD_REPORTS_UNTIL) if settings.SIGILL_OLD_REPORTS_UNTIL else "",
    )
    return render(request, "portal/reports.html", {"page": page})


def _old(actor: Actor, *, at: datetime) -> list[OldRow]:
    names = organization_names()
    return [
        OldRow(
            name=row.name,
            organization=names.get(row.organization_id, ""),
            made_on=row.made_on,
            url=reverse("old-report", args=[row.pk]),
        )
        for row in list_old(actor=actor, at=at)
    ]


@require_safe
def show_progress(request: HttpRequest) -> HttpResponse:
    """Show the part that changes, for htmx, which asks again until everything is made."""
    part = _ordered(reader(request), now=asking.now())
    return render(request, "portal/parts/ordered_reports.html", {"part": part})


@require_safe
def download_file(request: HttpRequest, report_id: str) -> HttpResponseBase:
    """Answer the file of an ordered report; recorded before the first octet leaves."""
    actor = reader(request)
    ordered = get_ordered(str(report_id), actor=actor)
    pull_file(ordered, actor=actor, at=asking.now())
    record_protected_in(
        Question.read(ordered.question),
        reason="report_ordered",
        page="report-file",
        actor=actor,
        at=asking.now(),
    )
    try:
        pieces = vault.read(ordered.file_name, bytes(ordered.wrapped_key))
        first = next(pieces, b"")
    except vault.FileGone as error:
        raise ReportNotFound("the file is gone") from error
    response = StreamingHttpResponse(piece for part in ([first], pieces) for piece in part)
    response["Content-Type"] = _CONTENT_TYPES[ordered.format]
    response["Content-Disposition"] = _named(ordered, ordered.format)
    return response


@require_safe
def download_old(request: HttpRequest, old_report_id: str) -> HttpResponseBase:
    """Answer a report of the old portal as it was; recorded before the first octet leaves."""
    row, pieces = pull_old(str(old_report_id), actor=reader(request), at=asking.now())
    try:
        first = next(pieces, b"")
    except vault.FileGone as error:
        raise ReportNotFound("the file is gone") from error
    response = StreamingHttpResponse(piece for part in ([first], pieces) for piece in part)
    response["Content-Type"] = content_type(row)
    response["Content-Disposition"] = f'attachment; filename="{quote(row.original_name)}"'
    return response


@require_safe
def download_proof(request: HttpRequest, report_id: str) -> HttpResponse:
    """Answer the proof that journal/verify.py checks together with the file."""
    ordered = get_ordered(str(report_id), actor=reader(request))
    if ordered.state != ReportState.READY.value:
        raise ReportNotFound("there is no proof")
    response = HttpResponse(ordered.proof, content_type="application/jsonl")
    response["Content-Disposition"] = _named(ordered, f"{ordered.format}.proof.jsonl")
    return response


def _named(ordered: OrderedReport, ending: str) -> str:
    as_of = Question.read(ordered.question).as_of.astimezone(SWEDEN)
    return f'attachment; filename="{quote(ordered.code)}-{as_of:%Y%m%d-%H%M}.{ending}"'


def _kind(kind: ReportKind) -> KindRow:
    return KindRow(code=kind.code, name=name_of(kind), url=reverse("report", args=[kind.code.lower()]))


def _ordered(actor: Actor, *, now: datetime) -> OrderedPart:
    rows = list_ordered(actor=actor)
    return OrderedPart(
        rows=[ordered_row(one, now=now) for one in rows],
        is_awaited=any(one.state in {state.value for state in AWAITED} for one in rows),
    )


def ordered_row(ordered: OrderedReport, *, now: datetime) -> OrderedRow:
    """Return an ordered report as the list shows it."""
    question, state = Question.read(ordered.question), ReportState(ordered.state)
    is_ready, is_awaited = state is ReportState.READY, state in AWAITED
    return OrderedRow(
        name=f"{ordered.code} {name_of(question.kind)}",
        detail=period(question, now=now),
        ordered_at=ordered.ordered_at,
        tag=_TAGS[state],
        format=ordered.format.upper(),
        rows="" if ordered.rows is None else str(ordered.rows),
        progress=ordered.progress if is_awaited else None,
        expected=max(ordered.expected, ordered.progress, 1),
        why=problems.of_code(ordered.failure).text if ordered.failure else "",
        file_url=reverse("report-file", args=[ordered.pk]) if is_ready else "",
        proof_url=reverse("report-proof", args=[ordered.pk]) if is_ready else "",
        until=moments.day(ordered.expires_at) if is_ready and ordered.expires_at else "",
    )


def period(question: Question, *, now: datetime) -> str:
    """Return the moment or period of a question."""
    until = moments.moment(question.as_of, now=now)
    if question.since:
        return f"{moments.day(question.since)} – {until}"  # noqa: RUF001 - from, through
    return until
