"""Activation at the desk: the identity check, then the live steps while the client works on the card."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cards import policies
from cards.identity import IdentityCheckFacts
from cards.lifecycle import cancel_activation, open_activation, report_suspicion
from cards.models import Activation, Card
from cards.selectors import ActivationView, activation_view
from cards.states import ActivationState
from journal.actor import Actor
from portal import problems, words
from portal.pages import asking
from portal.pages.auditor.reach import reads_only
from portal.pages.desk import visit
from portal.pages.desk.identity_form import signed_facts
from portal.pages.desk.visit import Started, Visit, VisitPage
from portal.pages.desk.vouching import identified_by
from portal.pages.parts import Fact, Step, grouped
from portal.problems import Problem
from portal.signing.acts import Act, ActKind
from portal.signing.step_up import signed
from portal.words import Text


@require_http_methods(["GET", "HEAD", "POST"])
def check_identity(request: HttpRequest, card_id: str) -> HttpResponse:
    """Take the identity check; open the activation when it is enough, or break off on suspicion."""
    return visit.check_identity(request, card_id, _visit())


@require_safe
def show_activation(request: HttpRequest, activation_id: str) -> HttpResponse:
    """Show the live steps of an activation."""
    return render(request, "portal/activation.html", {"page": _live(request, activation_id)})


@require_safe
def show_status(request: HttpRequest, activation_id: str) -> HttpResponse:
    """Show the part that changes, for htmx."""
    return render(request, "portal/parts/visit.html", {"page": _live(request, activation_id)})


@require_POST
def cancel(request: HttpRequest, activation_id: str) -> HttpResponse:
    """End an activation at the desk; it can be taken up again."""
    activation = cancel_activation(
        activation_id=str(activation_id), actor=asking.who(request), at=asking.now()
    )
    messages.success(request, _("The activation was ended. What is on the card is kept for the next time."))
    return HttpResponseRedirect(reverse("person", args=[activation.card.person_id]))


def _begin(
    request: HttpRequest, card: Card, check: IdentityCheckFacts, actor: Actor, at: datetime
) -> Started:
    with signed(request, _act(card, check), actor=actor, at=at) as doer:
        opened = open_activation(card_id=str(card.pk), identity_check=check, actor=doer, at=at)
    return Started(
        id=str(opened.activation.pk),
        page_url=reverse("activation", args=[opened.activation.pk]),
        start_url=opened.start_url,
    )


def _act(card: Card, check: IdentityCheckFacts) -> Act:
    """Return what the administrator signs: that they checked this person, and hand out this card."""
    return Act(
        kind=ActKind.CARD_HAND_OUT,
        text=_(
            "I have checked the identity of %(person)s (%(document)s) and hand out card %(card)s to this"
            " person. The card may be activated."
        )
        % {
            "person": card.person.full_name,
            "document": identified_by(check),
            "card": grouped(card.card_number or ""),
        },
        facts={
            "card_id": str(card.pk),
            "card_number": card.card_number or "",
            "person_id": str(card.person_id),
            "organization_id": str(card.organization_id),
            **signed_facts(check),
        },
    )


def _live(request: HttpRequest, activation_id: str) -> VisitPage:
    actor, at = asking.who(request), asking.now()
    view = activation_view(str(activation_id), actor=actor, at=at)
    page = activation_page(view, start_url=visit.start_kept(request, view.activation), at=at)
    return replace(page, again_url="", problem=None) if reads_only(actor) else page


def activation_page(view: ActivationView, *, start_url: str, at: datetime) -> VisitPage:
    """Return what the live steps show."""
    activation, card = view.activation, view.card
    state = ActivationState(activation.state)
    is_done = state is ActivationState.ACTIVE
    is_open = view.is_open and not view.is_expired and view.refusal is None
    start_url = start_url if state is ActivationState.OPENED and is_open else ""
    # Always a way on but while the link waits to be taken: the client may have gone away at any step.
    may_begin_again = not is_done and not start_url
    return VisitPage(
        id=str(activation.pk),
        name=card.person.full_name,
        card_number=card.card_number or "",
        look="" if is_done else "waiting",
        is_open=is_open,
        is_done=is_done,
        heading=_("The card is ready") if is_done else _("Right now"),
        status_line=words.ACTIVATION_STATES[state] if is_open or not view.is_open else _("It stopped here"),
        explanation=_explanation(view, state=state, is_open=is_open),
        steps=_steps(activation, is_open=is_open, now=at),
        facts=[*visit.visit_facts(activation), Fact(name=_("Terms"), value=activation.terms_version)],
        crumbs=visit.crumbs(card, _("Activate a card")),
        person_url=reverse("person", args=[card.person_id]),
        status_url=reverse("activation-status", args=[activation.pk]),
        receipt_url=reverse("activation-receipt", args=[activation.pk]),
        start_url=start_url,
        client_url=visit.client_url(start_url),
        expires_at=activation.expires_at,
        problem=_problem(view),
        again_url=reverse("activate-card", args=[card.pk]) if may_begin_again else "",
        again_label=_("Check the identity again and go on"),
    )


def _explanation(view: ActivationView, *, state: ActivationState, is_open: bool) -> Text:
    if state is ActivationState.ABORTED:
        return words.ABORT_REASONS.get(view.activation.abort_reason, view.activation.abort_reason)
    if not is_open and state is not ActivationState.ACTIVE:
        return _("Start again when you are ready. What is already on the card is kept and used.")
    return {
        ActivationState.OPENED: _("Put the card in the reader and open the card client on this computer."),
        ActivationState.CLAIMED: _(
            "The holder types a PIN of their own, twice. Then the card makes its keys."
        ),
        ActivationState.KEYS_MADE: _(
            "The card has shown that it holds its keys. This takes a second or two."
        ),
        ActivationState.ISSUED: _("Leave the card in the reader until everything has been read back."),
        ActivationState.WRITTEN: _("The holder reads the terms in the client and signs with the new PIN."),
        ActivationState.ACTIVE: _("Hand over the card. The holder can log in with it from now on."),
    }[state]


def _problem(view: ActivationView) -> Problem | None:
    if view.is_expired:
        return problems.of_code("activation_expired")
    return problems.explain(view.refusal) if view.refusal else None


def _steps(activation: Activation, *, is_open: bool, now: datetime) -> list[Step]:
    reached = (
        activation.claimed_at,
        activation.keys_made_at,
        activation.issued_at,
        activation.written_at,
        activation.finished_at,
    )
    named = zip(_step_names(), reached, strict=True)
    return visit.live_steps([(_("Identity checked"), activation.opened_at), *named], is_open=is_open, now=now)


def _step_names() -> Sequence[Text]:
    return (
        _("Card in the reader"),
        _("PIN chosen, keys made"),
        _("Certificates issued"),
        _("Written and read back"),
        _("Receipt signed"),
    )


def _visit() -> Visit:
    return Visit(
        title=lambda: _("Activate a card"),
        steps=_step_names,
        may=lambda card, actor, at: policies.may_activate(card, actor=actor, at=at),
        suspect=lambda card, facts, actor, at: report_suspicion(
            card_id=str(card.pk), facts=facts, actor=actor, at=at
        ),
        begin=_begin,
        template="portal/activate.html",
        suspicion_template="portal/suspicion.html",
    )
