"""Activation at the desk: the identity check, then the live steps while the client works on the card."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
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

from cards import policies
from cards.errors import CardsError
from cards.identity import IdentityCheckFacts
from cards.lifecycle import cancel_activation, open_activation, report_suspicion
from cards.models import Card
from cards.products import assurance_level
from cards.selectors import ActivationView, activation_view, get_card
from cards.states import ActivationState
from portal import moments, problems, words
from portal.pages import asking
from portal.pages.auditor.reach import reads_only
from portal.pages.desk.identity_form import IdentityForm
from portal.pages.parts import Crumb, Fact, Step, grouped
from portal.problems import Problem
from portal.signing.acts import Act, ActKind
from portal.signing.step_up import signed
from portal.words import Text

_TOKENS: Final = "activation-tokens"


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityPage:
    """What the identity check shows around its form."""

    name: str
    card_number: str
    facts: Sequence[Fact]
    steps: Sequence[Step]
    crumbs: Sequence[Crumb]
    person_url: str
    block_url: str
    letter_url: str = ""
    problem: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivationPage:
    """What the live steps show."""

    id: str
    name: str
    card_number: str
    look: str
    is_open: bool
    is_done: bool
    heading: Text
    status_line: Text
    explanation: Text
    steps: Sequence[Step]
    facts: Sequence[Fact]
    crumbs: Sequence[Crumb]
    person_url: str
    receipt_url: str = ""
    start_url: str = ""
    client_url: str = ""
    expires_at: datetime | None = None
    problem: Problem | None = None
    again_url: str = ""
    again_label: Text = ""


@require_http_methods(["GET", "HEAD", "POST"])
def check_identity(request: HttpRequest, card_id: str) -> HttpResponse:
    """Take the identity check; open the activation when it is enough, or break off on suspicion."""
    actor, at = asking.who(request), asking.now()
    card = get_card(str(card_id), actor=actor)
    level = assurance_level(card.loa)
    form = IdentityForm(request.POST, level=level)
    if request.POST.get("act") == "suspect":
        report_suspicion(card_id=str(card.pk), facts=form.suspicion(), actor=actor, at=at)
        return render(request, "portal/suspicion.html", {"page": _identity_page(card, problem=None)})
    # Before the form, by whatever method: it shows what only those who may activate shall read.
    refusal = policies.may_activate(card, actor=actor, at=at)
    if refusal is not None:
        return problems.page(request, problems.explain(refusal))
    if request.method != "POST":
        return _ask(request, card, IdentityForm(level=level), problem=None)
    if not form.is_valid():
        return _ask(request, card, IdentityForm(request.POST, level=level), problem=None)
    try:
        with signed(request, _act(card, form.facts()), actor=actor, at=at) as doer:
            opened = open_activation(card_id=str(card.pk), identity_check=form.facts(), actor=doer, at=at)
    except CardsError as error:
        return _ask(request, card, form, problem=problems.explain(error))
    activation_id = str(opened.activation.pk)
    # The token is nowhere else: it lives in this session until the client has taken it.
    request.session[_TOKENS] = {activation_id: opened.start_url}
    return HttpResponseRedirect(reverse("activation", args=[activation_id]))


@require_safe
def show_activation(request: HttpRequest, activation_id: str) -> HttpResponse:
    """Show the live steps of an activation."""
    return render(request, "portal/activation.html", {"page": _live(request, activation_id)})


@require_safe
def show_status(request: HttpRequest, activation_id: str) -> HttpResponse:
    """Show the part that changes, for htmx."""
    return render(request, "portal/parts/activation.html", {"page": _live(request, activation_id)})


@require_POST
def cancel(request: HttpRequest, activation_id: str) -> HttpResponse:
    """End an activation at the desk; it can be taken up again."""
    activation = cancel_activation(
        activation_id=str(activation_id), actor=asking.who(request), at=asking.now()
    )
    messages.success(request, _("The activation was ended. What is on the card is kept for the next time."))
    return HttpResponseRedirect(reverse("person", args=[activation.card.person_id]))


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
            "document": words.DOCUMENT_KINDS[check.document_kind],
            "card": grouped(card.card_number or ""),
        },
        facts={
            "card_id": str(card.pk),
            "card_number": card.card_number or "",
            "person_id": str(card.person_id),
            "organization_id": str(card.organization_id),
            "method": check.method.value,
            "document_kind": check.document_kind.value,
            "document_valid_until": check.document_valid_until.isoformat(),
            "steps": ",".join(sorted(step.value for step in check.steps)),
        },
    )


def _live(request: HttpRequest, activation_id: str) -> ActivationPage:
    actor, at = asking.who(request), asking.now()
    view = activation_view(str(activation_id), actor=actor, at=at)
    tokens = request.session.get(_TOKENS, {})
    page = activation_page(view, start_url=str(tokens.get(str(view.activation.pk), "")), at=at)
    return replace(page, again_url="", problem=None) if reads_only(actor) else page


def activation_page(view: ActivationView, *, start_url: str, at: datetime) -> ActivationPage:
    """Return what the live steps show."""
    activation, card = view.activation, view.card
    state = ActivationState(activation.state)
    is_open = view.is_open and not view.is_expired and view.refusal is None
    has_link = bool(start_url) and state is ActivationState.OPENED and is_open
    is_lost = state is ActivationState.OPENED and is_open and not start_url
    return ActivationPage(
        id=str(activation.pk),
        name=card.person.full_name,
        card_number=card.card_number or "",
        look="" if state is ActivationState.ACTIVE else "waiting",
        is_open=is_open,
        is_done=state is ActivationState.ACTIVE,
        heading=_("The card is ready") if state is ActivationState.ACTIVE else _("Right now"),
        status_line=words.ACTIVATION_STATES[state] if is_open or not view.is_open else _("It stopped here"),
        explanation=_explanation(view, state=state, is_open=is_open),
        steps=_steps(view, is_open=is_open, now=at),
        facts=_facts(view),
        crumbs=_crumbs(card),
        person_url=reverse("person", args=[card.person_id]),
        receipt_url=reverse("activation-receipt", args=[activation.pk]),
        start_url=start_url if has_link else "",
        client_url=f"{settings.SIGILL_CLIENT_URL}/open?{urlencode({'url': start_url})}" if has_link else "",
        expires_at=activation.expires_at,
        problem=_problem(view),
        again_url=reverse("activate-card", args=[card.pk])
        if (not is_open and state is not ActivationState.ACTIVE) or is_lost
        else "",
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


def _steps(view: ActivationView, *, is_open: bool, now: datetime) -> list[Step]:
    activation = view.activation
    reached: list[tuple[Text, datetime | None]] = [
        (_("Identity checked"), activation.opened_at),
        (_("Card in the reader"), activation.claimed_at),
        (_("PIN chosen, keys made"), activation.keys_made_at),
        (_("Certificates issued"), activation.issued_at),
        (_("Written and read back"), activation.written_at),
        (_("Receipt signed"), activation.finished_at),
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


def _facts(view: ActivationView) -> list[Fact]:
    activation = view.activation
    facts = [Fact(name=_("Card number"), value=grouped(view.card.card_number or ""))]
    if activation.client_name:
        facts.append(
            Fact(name=_("Card client"), value=f"{activation.client_name} {activation.client_version}")
        )
    facts.append(Fact(name=_("Terms"), value=activation.terms_version))
    return facts


def _ask(request: HttpRequest, card: Card, form: IdentityForm, *, problem: Problem | None) -> HttpResponse:
    status = problem.status if problem else 422 if form.is_bound and form.errors else 200
    context = {"page": _identity_page(card, problem=problem), "form": form}
    return problems.tagged(render(request, "portal/activate.html", context, status=status), problem)


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
        steps=(
            Step(name=_("Check the identity"), progress="now"),
            Step(name=_("Card in the reader")),
            Step(name=_("PIN chosen, keys made")),
            Step(name=_("Certificates issued")),
            Step(name=_("Written and read back")),
            Step(name=_("Receipt signed")),
        ),
        crumbs=_crumbs(card),
        person_url=reverse("person", args=[card.person_id]),
        block_url=reverse("block-card", args=[card.pk]),
        problem=problem,
    )


def _crumbs(card: Card) -> tuple[Crumb, ...]:
    return (
        Crumb(label=_("People"), url=reverse("people-search")),
        Crumb(label=card.person.full_name, url=reverse("person", args=[card.person_id])),
        Crumb(label=_("Activate a card")),
    )
