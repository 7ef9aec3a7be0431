"""A new card in the place of another: why, and what that does to the old one, before the order is made."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cards.models import Card
from cards.replacement_policies import Replacement, may_replace
from cards.replacement_reasons import ENDINGS, ReplacementReason
from cards.selectors import get_card
from cards.states import CardState
from directory.models import Person
from journal.actor import Actor
from portal import problems, words
from portal.pages import asking
from portal.pages.parts import Choice, Crumb, grouped
from portal.problems import Problem
from portal.words import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplacePage:
    """What the question shows."""

    name: str
    card_number: str
    reasons: Sequence[Choice]
    crumbs: Sequence[Crumb]
    person_url: str
    is_blocked: bool = False
    problem: Problem | None = None


@require_http_methods(["GET", "HEAD", "POST"])
def replace_card(request: HttpRequest, card_id: str) -> HttpResponse:
    """Ask why; then block what somebody else may use, or go to the order."""
    actor, at = asking.who(request), asking.now()
    card = get_card(str(card_id), actor=actor)
    if (refusal := may_replace(card, actor=actor, at=at)) is not None:
        return problems.page(request, problems.explain(refusal))
    if request.method != "POST":
        return _ask(request, card, actor=actor, at=at)
    reason = _reason(request.POST.get("reason", ""))
    if reason is None:
        return _ask(request, card, problem=problems.of_code("no_replacement_reason"), actor=actor, at=at)
    if (refusal := may_replace(card, reason, actor=actor, at=at)) is not None:
        return _ask(request, card, problem=problems.explain(refusal), actor=actor, at=at)
    if ENDINGS[reason].is_at_once and card.state == CardState.ACTIVE.value:
        asked = urlencode({"replace": reason.value})
        return HttpResponseRedirect(f"{reverse('block-card', args=[card.pk])}?{asked}")
    return HttpResponseRedirect(order_url(card, reason))


def order_url(card: Card, reason: ReplacementReason) -> str:
    """Return where a new card in the place of this one is ordered."""
    asked = urlencode({"replaces": str(card.pk), "reason": reason.value})
    return f"{reverse('order-card', args=[card.person_id])}?{asked}"


def renamed_url(card: Card, *, actor: Actor, at: datetime) -> str:
    """Return where the card with a former name is replaced, or else where its holder is seen."""
    if may_replace(card, ReplacementReason.NAME_CHANGED, actor=actor, at=at) is None:
        return order_url(card, ReplacementReason.NAME_CHANGED)
    return reverse("person", args=[card.person_id])


def card_says(card: Card) -> Text:
    """Return in a list what name a card with a former one bears: nobody's whose data are protected."""
    if card.person.protected_identity:
        return ""
    return _("The card says %(name)s") % {"name": card.holder_name}


def replacement_asked(request: HttpRequest, person: Person, *, actor: Actor) -> Replacement | None:
    """Return which card of the person the address says is replaced, and why; None for neither.

    Raises CardNotFound for one outside the actor's scope.
    """
    reason = _reason(request.GET.get("reason", ""))
    if reason is None or not request.GET.get("replaces"):
        return None
    card = get_card(request.GET["replaces"], actor=actor)
    return Replacement(card=card, reason=reason) if card.person_id == person.pk else None


def reason_asked(request: HttpRequest) -> ReplacementReason | None:
    """Return the reason for which a card is blocked before a new one takes its place."""
    reason = _reason(request.GET.get("replace", ""))
    return reason if reason is not None and ENDINGS[reason].is_at_once else None


def effect(card: Card, reason: ReplacementReason) -> Text:
    """Return what becomes of the old card."""
    if card.state == CardState.BLOCKED.value:
        return _("It is blocked already.")
    if ENDINGS[reason].is_at_once:
        return _("It is blocked at once, also if the new card is never made.")
    return _("It works until the new card is activated and is blocked in that moment.")


def _reason(text: str) -> ReplacementReason | None:
    return next((one for one in ReplacementReason if one.value == text), None)


def _ask(
    request: HttpRequest, card: Card, *, problem: Problem | None = None, actor: Actor, at: datetime
) -> HttpResponse:
    number, person_url = card.card_number or "", reverse("person", args=[card.person_id])
    page = ReplacePage(
        name=card.person.full_name,
        card_number=number,
        reasons=[_choice(card, reason, actor=actor, at=at) for reason in ReplacementReason],
        crumbs=(
            Crumb(label=_("People"), url=reverse("people-search")),
            Crumb(label=card.person.full_name, url=person_url),
            Crumb(label=_("Replace card …%(number)s") % {"number": grouped(number)[-3:]}),
        ),
        person_url=person_url,
        is_blocked=card.state == CardState.BLOCKED.value,
        problem=problem,
    )
    status = problem.status if problem else 200
    return problems.tagged(
        render(request, "portal/replace_card.html", {"page": page}, status=status), problem
    )


def _choice(card: Card, reason: ReplacementReason, *, actor: Actor, at: datetime) -> Choice:
    refusal = may_replace(card, reason, actor=actor, at=at)
    return Choice(
        value=reason.value,
        name=words.REPLACEMENT_REASONS[reason],
        detail=effect(card, reason),
        whys=(problems.explain(refusal),) if refusal else (),
    )
