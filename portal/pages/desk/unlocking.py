"""Unlocking at the desk: the identity check, then the live steps while the client works on the card."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cards.errors import CardsError
from cards.lifecycle import cancel_unlock, open_unlock, report_unlock_suspicion
from cards.models import Card
from cards.products import assurance_level
from cards.selectors import get_card
from cards.states import OPEN_UNLOCK_STATES, UnlockState
from cards.unlock_models import Unlock
from cards.unlock_policies import in_use_refusal, may_unlock
from cards.unlocking import get_unlock
from portal import moments, problems, words
from portal.pages import asking
from portal.pages.auditor.reach import reads_only
from portal.pages.desk.activating import ActivationPage, IdentityPage
from portal.pages.desk.identity_form import IdentityForm
from portal.pages.parts import Crumb, Fact, Step, grouped
from portal.problems import Problem
from portal.words import Text

_TOKENS: Final = "unlock-tokens"


@require_http_methods(["GET", "HEAD", "POST"])
def check_identity(request: HttpRequest, card_id: str) -> HttpResponse:
    """Take the identity check; open the unlocking when it is enough, or break off on suspicion."""
    actor, at = asking.who(request), asking.now()
    card = get_card(str(card_id), actor=actor)
    level = assurance_level(card.loa)
    form = IdentityForm(request.POST, level=level)
    if request.POST.get("act") == "suspect":
        report_unlock_suspicion(card_id=str(card.pk), facts=form.suspicion(), actor=actor, at=at)
        return render(request, "portal/unlock_suspicion.html", {"page": _identity_page(card, problem=None)})
    # Before the form, by whatever method: it shows what only those who may unlock shall read.
    refusal = may_unlock(card, actor=actor, at=at)
    if refusal is not None:
        return problems.page(request, problems.explain(refusal))
    if request.method != "POST":
        return _ask(request, card, IdentityForm(level=level), problem=None)
    if not form.is_valid():
        return _ask(request, card, form, problem=None)
    try:
        opened = open_unlock(card_id=str(card.pk), identity_check=form.facts(), actor=actor, at=at)
    except CardsError as error:
        return _ask(request, card, form, problem=problems.explain(error))
    unlock_id = str(opened.unlock.pk)
    # The token is nowhere else: it lives in this session until the client has taken it.
    request.session[_TOKENS] = {unlock_id: opened.start_url}
    return HttpResponseRedirect(reverse("unlock", args=[unlock_id]))


@require_safe
def show_unlock(request: HttpRequest, unlock_id: str) -> HttpResponse:
    """Show the live steps of an unlocking."""
    return render(request, "portal/unlock.html", {"page": _live(request, unlock_id)})


@require_safe
def show_status(request: HttpRequest, unlock_id: str) -> HttpResponse:
    """Show the part that changes, for htmx."""
    return render(request, "portal/parts/unlock.html", {"page": _live(request, unlock_id)})


@require_POST
def cancel(request: HttpRequest, unlock_id: str) -> HttpResponse:
    """End an unlocking at the desk."""
    unlock = cancel_unlock(unlock_id=str(unlock_id), actor=asking.who(request), at=asking.now())
    messages.success(request, _("The unlocking was ended."))
    return HttpResponseRedirect(reverse("person", args=[unlock.card.person_id]))


def _live(request: HttpRequest, unlock_id: str) -> ActivationPage:
    actor, at = asking.who(request), asking.now()
    unlock = get_unlock(str(unlock_id), actor=actor)
    tokens = request.session.get(_TOKENS, {})
    start_url = str(tokens.get(str(unlock.pk), ""))
    return unlock_page(unlock, start_url=start_url, is_reader=reads_only(actor), at=at)


def unlock_page(unlock: Unlock, *, start_url: str, is_reader: bool, at: datetime) -> ActivationPage:
    """Return what the live steps show."""
    card, state = unlock.card, UnlockState(unlock.state)
    refusal = in_use_refusal(card, at=at)
    is_running = state in OPEN_UNLOCK_STATES
    is_late = is_running and unlock.expires_at <= at
    is_open = is_running and not is_late and refusal is None
    is_done = state is UnlockState.UNLOCKED
    has_link = bool(start_url) and state is UnlockState.OPENED and is_open
    is_lost = state is UnlockState.OPENED and is_open and not start_url
    problem = problems.of_code("unlock_expired") if is_late else None
    if is_running and refusal is not None:
        problem = problems.explain(refusal)
    may_go_on = not is_reader and ((not is_open and not is_done) or is_lost)
    return ActivationPage(
        id=str(unlock.pk),
        name=card.person.full_name,
        card_number=card.card_number or "",
        look="",
        is_open=is_open,
        is_done=is_done,
        heading=_("The card is unlocked") if is_done else _("Right now"),
        status_line=words.UNLOCK_STATES[state] if is_open or not is_running else _("It stopped here"),
        explanation=_explanation(unlock, state=state, is_open=is_open),
        steps=_steps(unlock, is_open=is_open, now=at),
        facts=_facts(unlock),
        crumbs=_crumbs(card),
        person_url=reverse("person", args=[card.person_id]),
        start_url=start_url if has_link else "",
        client_url=f"{settings.SIGILL_CLIENT_URL}/open?{urlencode({'url': start_url})}" if has_link else "",
        expires_at=unlock.expires_at,
        problem=None if is_reader else problem,
        again_url=reverse("unlock-card", args=[card.pk]) if may_go_on else "",
        again_label=_("Check the identity again and start anew"),
    )


def _explanation(unlock: Unlock, *, state: UnlockState, is_open: bool) -> Text:
    if state is UnlockState.ABORTED:
        return words.UNLOCK_REASONS.get(unlock.abort_reason, unlock.abort_reason)
    if not is_open and state is not UnlockState.UNLOCKED:
        return _("Start again when you are ready.")
    return {
        UnlockState.OPENED: _("Put the card in the reader and open the card client on this computer."),
        UnlockState.CLAIMED: _("The holder types a new PIN of their own, twice. Turn away meanwhile."),
        UnlockState.ANSWERED: _("The card gets its new PIN and signs with it that it is open again."),
        UnlockState.UNLOCKED: _(
            "The holder uses the new PIN from now on. Keys and certificates are the same."
        ),
    }[state]


def _steps(unlock: Unlock, *, is_open: bool, now: datetime) -> list[Step]:
    reached: list[tuple[Text, datetime | None]] = [
        (_("Identity checked"), unlock.opened_at),
        (_("Card client opened"), unlock.claimed_at),
        (_("Card opened for a new PIN"), unlock.answered_at),
        (_("New PIN confirmed by the card"), unlock.unlocked_at),
    ]
    steps, is_next = [], True
    for name, at in reached:
        if at is not None:
            steps.append(Step(name=name, text=moments.moment(at, now=now), progress="done"))
            continue
        progress = ("now" if is_open else "failed") if is_next else "later"
        steps.append(Step(name=name, progress=progress))
        is_next = False
    return steps


def _facts(unlock: Unlock) -> list[Fact]:
    facts = [Fact(name=_("Card number"), value=grouped(unlock.card.card_number or ""))]
    if unlock.client_name:
        facts.append(Fact(name=_("Card client"), value=f"{unlock.client_name} {unlock.client_version}"))
    return facts


def _ask(request: HttpRequest, card: Card, form: IdentityForm, *, problem: Problem | None) -> HttpResponse:
    status = problem.status if problem else 422 if form.is_bound and form.errors else 200
    context = {"page": _identity_page(card, problem=problem), "form": form}
    return problems.tagged(render(request, "portal/unlock_check.html", context, status=status), problem)


def _identity_page(card: Card, *, problem: Problem | None) -> IdentityPage:
    number = card.person.personal_identity_number
    return IdentityPage(
        name=card.person.full_name,
        card_number=card.card_number or "",
        facts=(
            Fact(name=_("Name"), value=card.person.full_name),
            Fact(name=_("Personal number"), value=f"{number[:8]}-{number[8:]}"),
            Fact(name=_("Organization"), value=card.organization.name),
        ),
        steps=check_steps(),
        crumbs=_crumbs(card),
        person_url=reverse("person", args=[card.person_id]),
        block_url=reverse("block-card", args=[card.pk]),
        letter_url=reverse("puk-letter", args=[card.pk]),
        problem=problem,
    )


def check_steps() -> Sequence[Step]:
    """Return the steps as they stand before the identity is checked."""
    return (
        Step(name=_("Check the identity"), progress="now"),
        Step(name=_("Card client opened")),
        Step(name=_("Card opened for a new PIN")),
        Step(name=_("New PIN confirmed by the card")),
    )


def _crumbs(card: Card) -> tuple[Crumb, ...]:
    return (
        Crumb(label=_("People"), url=reverse("people-search")),
        Crumb(label=card.person.full_name, url=reverse("person", args=[card.person_id])),
        Crumb(label=_("Unlock a card")),
    )
