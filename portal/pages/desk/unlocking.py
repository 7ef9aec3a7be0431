"""Unlocking at the desk: the identity check, then the live steps while the client works on the card."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cards.identity import IdentityCheckFacts
from cards.lifecycle import cancel_unlock, open_unlock, report_unlock_suspicion
from cards.models import Card
from cards.own_policies import own_unlock_refusal
from cards.states import OPEN_UNLOCK_STATES, UnlockState
from cards.unlock_models import Unlock
from cards.unlock_policies import in_use_refusal, may_unlock
from cards.unlocking import get_unlock
from journal.actor import Actor
from portal import problems, words
from portal.pages import asking
from portal.pages.auditor.reach import reads_only
from portal.pages.desk import visit
from portal.pages.desk.visit import Started, Visit, VisitPage
from portal.pages.parts import Step
from portal.words import Text


@require_http_methods(["GET", "HEAD", "POST"])
def check_identity(request: HttpRequest, card_id: str) -> HttpResponse:
    """Take the identity check; open the unlocking when it is enough, or break off on suspicion."""
    return visit.check_identity(request, card_id, _visit())


@require_safe
def show_unlock(request: HttpRequest, unlock_id: str) -> HttpResponse:
    """Show the live steps of an unlocking."""
    return render(request, "portal/unlock.html", {"page": _live(request, unlock_id)})


@require_safe
def show_status(request: HttpRequest, unlock_id: str) -> HttpResponse:
    """Show the part that changes, for htmx."""
    return render(request, "portal/parts/visit.html", {"page": _live(request, unlock_id)})


@require_POST
def cancel(request: HttpRequest, unlock_id: str) -> HttpResponse:
    """End an unlocking at the desk."""
    unlock = cancel_unlock(unlock_id=str(unlock_id), actor=asking.who(request), at=asking.now())
    messages.success(request, _("The unlocking was ended."))
    return HttpResponseRedirect(reverse("person", args=[unlock.card.person_id]))


def _begin(
    _request: HttpRequest, card: Card, check: IdentityCheckFacts, actor: Actor, at: datetime
) -> Started:
    opened = open_unlock(card_id=str(card.pk), identity_check=check, actor=actor, at=at)
    return Started(
        id=str(opened.unlock.pk),
        page_url=reverse("unlock", args=[opened.unlock.pk]),
        start_url=opened.start_url,
    )


def _live(request: HttpRequest, unlock_id: str) -> VisitPage:
    actor, at = asking.who(request), asking.now()
    unlock = get_unlock(str(unlock_id), actor=actor)
    start_url = visit.start_kept(request, unlock)
    return unlock_page(unlock, start_url=start_url, is_reader=reads_only(actor), at=at)


def unlock_page(unlock: Unlock, *, start_url: str, is_reader: bool, at: datetime) -> VisitPage:
    """Return what the live steps show at the desk."""
    card = unlock.card
    shown = live_page(unlock, start_url=start_url, expired="unlock_expired", at=at)
    # Always a way on but while the link waits to be taken: the client may have gone away at any step.
    may_begin_again = not is_reader and not shown.is_done and not shown.start_url
    return replace(
        shown,
        explanation=shown.explanation or _explanation(UnlockState(unlock.state)),
        crumbs=visit.crumbs(card, _("Unlock a card")),
        person_url=reverse("person", args=[card.person_id]),
        status_url=reverse("unlock-status", args=[unlock.pk]),
        problem=None if is_reader else shown.problem,
        again_url=reverse("unlock-card", args=[card.pk]) if may_begin_again else "",
        again_label=_("Check the identity again and start anew"),
    )


def live_page(
    unlock: Unlock, *, start_url: str, expired: str, is_own: bool = False, at: datetime
) -> VisitPage:
    """Return what the live steps show whoever looks; without an explanation while it goes on, or when done.

    ``expired`` is the code of what is said when the time is out.
    """
    card, state = unlock.card, UnlockState(unlock.state)
    refusal = in_use_refusal(card, at=at) or own_unlock_refusal(unlock, at=at)
    is_running = state in OPEN_UNLOCK_STATES
    is_late = is_running and unlock.expires_at <= at
    is_open = is_running and not is_late and refusal is None
    is_done = state is UnlockState.UNLOCKED
    start_url = start_url if state is UnlockState.OPENED and is_open else ""
    problem = problems.of_code(expired) if is_late else None
    if is_running and refusal is not None:
        problem = problems.explain(refusal)
    return VisitPage(
        id=str(unlock.pk),
        name=card.person.full_name,
        card_number=card.card_number or "",
        look="",
        is_open=is_open,
        is_done=is_done,
        heading=_("The card is unlocked") if is_done else _("Right now"),
        status_line=words.UNLOCK_STATES[state] if is_open or not is_running else _("It stopped here"),
        explanation=_why_ended(unlock, state=state, is_open=is_open, is_own=is_own),
        steps=_steps(unlock, is_open=is_open, now=at),
        facts=visit.visit_facts(unlock),
        crumbs=(),
        person_url="",
        start_url=start_url,
        client_url=visit.client_url(start_url),
        expires_at=unlock.expires_at,
        problem=problem,
    )


def _why_ended(unlock: Unlock, *, state: UnlockState, is_open: bool, is_own: bool) -> Text:
    if state is UnlockState.ABORTED:
        reason = visit.told_to_holder(unlock.abort_reason) if is_own else unlock.abort_reason
        return words.UNLOCK_REASONS.get(reason, reason)
    if not is_open and state is not UnlockState.UNLOCKED:
        return _("Start again when you are ready.")
    return ""


def _explanation(state: UnlockState) -> Text:
    return {
        UnlockState.OPENED: _("Put the card in the reader and open the card client on this computer."),
        UnlockState.CLAIMED: _("The holder types a new PIN of their own, twice. Turn away meanwhile."),
        UnlockState.ANSWERED: _("The card gets its new PIN and signs with it that it is open again."),
        UnlockState.UNLOCKED: _(
            "The holder uses the new PIN from now on. Keys and certificates are the same."
        ),
        UnlockState.ABORTED: "",
    }[state]


def _steps(unlock: Unlock, *, is_open: bool, now: datetime) -> list[Step]:
    begun = _("Identity checked") if unlock.mobile_id is None else _("Begun with a mobile eID")
    named = zip(_step_names(), (unlock.claimed_at, unlock.answered_at, unlock.unlocked_at), strict=True)
    return visit.live_steps([(begun, unlock.opened_at), *named], is_open=is_open, now=now)


def _step_names() -> Sequence[Text]:
    return _("Card client opened"), _("Card opened for a new PIN"), _("New PIN confirmed by the card")


def _visit() -> Visit:
    return Visit(
        title=lambda: _("Unlock a card"),
        steps=_step_names,
        may=lambda card, actor, at: may_unlock(card, actor=actor, at=at),
        suspect=lambda card, facts, actor, at: report_unlock_suspicion(
            card_id=str(card.pk), facts=facts, actor=actor, at=at
        ),
        begin=_begin,
        template="portal/unlock_check.html",
        suspicion_template="portal/unlock_suspicion.html",
        letter_url_name="puk-letter",
    )
