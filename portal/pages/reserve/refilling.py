"""The first administrator's step of new certificates for a reserve card in use that has no valid ones."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cards import policies
from cards.errors import CardsError
from cards.identity import IdentityCheckFacts
from cards.models import Card
from cards.products import assurance_level
from cards.refill_policies import may_order_refill
from cards.refills import order_refill, report_refill_suspicion
from cards.selectors import get_card
from directory.errors import RegisterUnavailable
from portal import problems
from portal.pages import asking
from portal.pages.desk.identity_form import IdentityForm, signed_facts
from portal.pages.desk.vouching import asked, identified_by
from portal.pages.parts import Fact, grouped
from portal.pages.reserve.page import ReservePage, ask, broken_off, crumbs_of, facts_of, steps_of
from portal.problems import Problem
from portal.signing.acts import Act, ActKind
from portal.signing.step_up import signed


@require_http_methods(["GET", "HEAD", "POST"])
def order(request: HttpRequest, card_id: str) -> HttpResponse:
    """Take the identity check and order new certificates for a reserve card when it is signed."""
    actor, at = asking.who(request), asking.now()
    card = get_card(str(card_id), actor=actor)
    data = request.POST if request.method == "POST" else None
    form = IdentityForm(data, level=assurance_level(card.loa))
    number, problem = card.card_number or "", None
    if data is not None and data.get("act") == "suspect" and card.order.from_stock:
        report_refill_suspicion(card_number=number, facts=form.suspicion(), actor=actor, at=at)
        return broken_off(request, card.person)
    if (refusal := may_order_refill(card, actor=actor, at=at)) is not None:
        return problems.page(request, problems.explain(refusal))
    if data is not None and form.is_valid():
        try:
            check = asked(form.facts(), actor=actor, at=at)
            with signed(request, _act(card, check), actor=actor, at=at) as doer:
                order_refill(card_number=number, identity_check=check, actor=doer, at=at)
        except (CardsError, RegisterUnavailable) as error:
            problem = problems.explain(error)
        else:
            messages.success(request, _told(card))
            return HttpResponseRedirect(reverse("person", args=[card.person_id]))
    return ask(request, _page(card, problem=problem), form, None)


def _page(card: Card, *, problem: Problem | None) -> ReservePage:
    return ReservePage(
        title=_("Order new certificates"),
        name=card.person.full_name,
        button=_("Order new certificates"),
        facts=(
            *facts_of(card.person),
            Fact(name=_("Card number"), value=grouped(card.card_number or "")),
            Fact(name=_("Holds until"), value=card.valid_until.isoformat()),
        ),
        steps=steps_of(card.loa, at_second=False, is_refill=True),
        crumbs=crumbs_of(card.person, _("Order new certificates")),
        back_url=reverse("person", args=[card.person_id]),
        problem=problem,
    )


def _told(card: Card) -> str:
    if card.loa == policies.REQUIRED_LOA:
        return _("New certificates are ordered. Another administrator approves before they can be fetched.")
    return _(
        "New certificates are ordered. The holder fetches them on the own pages, with the code in the"
        " envelope."
    )


def _act(card: Card, check: IdentityCheckFacts) -> Act:
    """Return what the administrator signs: whom they checked, and which card gets new certificates."""
    return Act(
        kind=ActKind.CERTIFICATES_RENEW,
        text=_(
            "I have checked the identity of %(person)s (%(document)s) and order new certificates on reserve"
            " card %(card)s for this person, at assurance level %(loa)s."
        )
        % {
            "person": card.person.full_name,
            "document": identified_by(check),
            "card": grouped(card.card_number or ""),
            "loa": card.loa,
        },
        facts={
            "step": "first",
            "purpose": "refill",
            "card_id": str(card.pk),
            "card_number": card.card_number or "",
            "person_id": str(card.person_id),
            "hsa_id": card.hsa_id,
            "organization_id": str(card.organization_id),
            "loa": str(card.loa),
            **signed_facts(check),
        },
    )
