"""A letter with the card's PUK, for a holder who does not come to the desk: what it means, and the order."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cards.errors import CardsError
from cards.lifecycle import order_puk_letter
from cards.models import Card
from cards.selectors import get_card
from cards.unlock_policies import may_order_puk_letter
from portal import problems
from portal.pages import asking
from portal.pages.parts import Crumb, Fact, grouped
from portal.problems import Problem
from portal.signing.acts import Act, ActKind
from portal.signing.step_up import signed
from portal.words import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class PukLetterPage:
    """What the order of a letter shows."""

    name: str
    card_number: str
    facts: Sequence[Fact]
    crumbs: Sequence[Crumb]
    person_url: str
    unlock_url: str
    problem: Problem | None = None


@require_http_methods(["GET", "HEAD", "POST"])
def order(request: HttpRequest, card_id: str) -> HttpResponse:
    """Show what the letter means, and order it when the administrator's card has signed that."""
    actor, at = asking.who(request), asking.now()
    card = get_card(str(card_id), actor=actor)
    refusal = may_order_puk_letter(card, actor=actor, at=at)
    if refusal is not None:
        return problems.page(request, problems.explain(refusal))
    if request.method != "POST":
        return _show(request, card, problem=None)
    try:
        with signed(request, _act(card), actor=actor, at=at) as doer:
            order_puk_letter(card_id=str(card.pk), actor=doer, at=at)
    except CardsError as error:
        return _show(request, card, problem=problems.explain(error))
    messages.success(request, _("The PUK letter is ordered. It is posted within a few days."))
    return HttpResponseRedirect(reverse("person", args=[card.person_id]))


def _act(card: Card) -> Act:
    """Return what the administrator signs."""
    return Act(
        kind=ActKind.PUK_LETTER,
        text=_("I order a letter with the PUK of card %(card)s. It is sent to %(person)s.")
        % {"card": grouped(card.card_number or ""), "person": card.person.full_name},
        facts={
            "card_id": str(card.pk),
            "card_number": card.card_number or "",
            "person_id": str(card.person_id),
            "organization_id": str(card.organization_id),
        },
    )


def _show(request: HttpRequest, card: Card, *, problem: Problem | None) -> HttpResponse:
    page = PukLetterPage(
        name=card.person.full_name,
        card_number=card.card_number or "",
        facts=(
            Fact(name=_("Name"), value=card.person.full_name),
            Fact(name=_("Card number"), value=grouped(card.card_number or "")),
            Fact(name=_("Goes to"), value=str(_destination(card))),
        ),
        crumbs=(
            Crumb(label=_("People"), url=reverse("people-search")),
            Crumb(label=card.person.full_name, url=reverse("person", args=[card.person_id])),
            Crumb(label=_("Order a PUK letter")),
        ),
        person_url=reverse("person", args=[card.person_id]),
        unlock_url=reverse("unlock-card", args=[card.pk]),
        problem=problem,
    )
    status = problem.status if problem else 200
    return problems.tagged(render(request, "portal/puk_letter.html", {"page": page}, status=status), problem)


def _destination(card: Card) -> Text:
    if card.person.protected_identity:
        return _("the holder, by way of Skatteverket")
    return _("the holder's registered address")
