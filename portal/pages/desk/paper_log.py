"""Blocking requests noted on paper: sent, looked at line by line, then registered, all or none (POR-15)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from cards.errors import CardsError
from cards.paper_log import COLUMNS, LogUnreadable, read_log
from cards.paper_registration import register_rows
from cards.paper_rows import CheckedRow, check_row
from cards.policies import MAY_BLOCK, REQUIRED_LOA
from journal.actor import Actor
from portal import problems
from portal.pages import asking
from portal.pages.desk.paper_log_page import (
    EXAMPLE,
    PaperLogPage,
    digest_of,
    paper_log_page,
    reason_words,
    signed_line,
)
from portal.signing.acts import Act, ActKind
from portal.signing.listing import facts_of, listed
from portal.signing.step_up import signed

_LARGEST: Final = 200_000


@require_http_methods(["GET", "HEAD", "POST"])
def show_paper_log(request: HttpRequest) -> HttpResponse:
    """Show the form; with a log, show what each line means; then register those that are right."""
    actor, at = asking.who(request), asking.now()
    if not may_register(actor):
        raise PermissionDenied
    if request.method != "POST":
        return _answer(request, paper_log_page(actor=actor, at=at))
    text = _text(request)
    try:
        rows = [check_row(row, words=reason_words(), actor=actor, at=at) for row in read_log(text)]
    except LogUnreadable as error:
        told = problems.explain(error)
        return _answer(request, paper_log_page(actor=actor, at=at, text=text, problem=told.text), status=422)
    good = [row for row in rows if row.is_good]
    page = paper_log_page(rows, actor=actor, at=at, text=text)
    if request.POST.get("step") != "register":
        return _answer(request, page)
    if not good or request.POST.get("digest") != digest_of(good):
        changed = _("What the lines mean has changed since you looked. Look again.")
        return _answer(
            request, paper_log_page(rows, actor=actor, at=at, text=text, problem=changed), status=422
        )
    try:
        _register(request, good, actor=actor, at=at)
    except CardsError as error:
        told = problems.explain(error)
        return _answer(
            request,
            paper_log_page(rows, actor=actor, at=at, text=text, problem=told.text),
            status=told.status,
        )
    messages.success(
        request,
        ngettext("%(count)d request is registered.", "%(count)d requests are registered.", len(good))
        % {"count": len(good)},
    )
    return HttpResponseRedirect(reverse("paper-log"))


@require_safe
def get_form(request: HttpRequest) -> HttpResponse:
    """Return an empty log with its header and one example line, for a spreadsheet."""
    if not may_register(asking.who(request)):
        raise PermissionDenied
    answer = HttpResponse(
        f"\ufeff{';'.join(COLUMNS)}\r\n{EXAMPLE}\r\n", content_type="text/csv; charset=utf-8"
    )
    answer["Content-Disposition"] = 'attachment; filename="sparrbegaran.csv"'
    return answer


def may_register(actor: Actor) -> bool:
    """Tell whether this role registers what others received on paper."""
    return actor.role in MAY_BLOCK and actor.loa >= REQUIRED_LOA


def _register(request: HttpRequest, good: Sequence[CheckedRow], *, actor: Actor, at: datetime) -> None:
    """Register the lines, all or none; more than one block is signed by whoever registers it."""
    if sum(not row.is_blocked_already for row in good) <= 1:
        register_rows(good, actor=actor, at=at)
        return
    rows = [signed_line(row) for row in good if not row.is_blocked_already]
    act = Act(
        kind=ActKind.CARDS_BLOCK,
        text=listed(
            ngettext(
                "I register %(count)d request to block that was noted on paper. It cannot be undone.",
                "I register %(count)d requests to block that were noted on paper. It cannot be undone.",
                len(good),
            )
            % {"count": len(good)},
            rows,
        ),
        facts={"digest": digest_of(good), **facts_of(rows)},
    )
    with signed(request, act, actor=actor, at=at) as doer:
        register_rows(good, actor=doer, at=at)


def _text(request: HttpRequest) -> str:
    """Return the log from the file, if one was sent, or from the field; what is no UTF-8 shows as such."""
    file = request.FILES.get("file")
    if file is not None and not request.POST.get("log", "").strip():
        octets: bytes = file.read(_LARGEST)
        return octets.decode("utf-8", errors="replace")
    return request.POST.get("log", "")[:_LARGEST]


def _answer(request: HttpRequest, page: PaperLogPage, *, status: int = 200) -> HttpResponse:
    return render(request, "portal/paper_log.html", {"page": page}, status=status)
