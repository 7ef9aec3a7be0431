"""A hand-over of reserve cards between two places: shown to both, received at the one that it goes to."""

from collections.abc import Sequence
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from cards.errors import CardsError
from cards.stock_models import StockTransfer
from cards.stock_policies import may_keep
from cards.stock_selectors import get_transfer
from cards.stock_states import StockTransferState
from cards.stock_transfers import receive_cards
from portal import moments, problems
from portal.pages import asking
from portal.pages.desk.history import name_or_system
from portal.pages.parts import Crumb, Fact, grouped
from portal.pages.stock.acting import METHODS, ActPage, ask, done_at
from portal.pages.stock.forms import ArrivalForm
from portal.problems import Problem


@require_http_methods(METHODS)
def transfer(request: HttpRequest, stock_transfer_id: str) -> HttpResponse:
    """Show a hand-over, and receive it at the place that it goes to."""
    actor, at = asking.who(request), asking.now()
    found = get_transfer(str(stock_transfer_id), actor=actor)
    refusal = may_keep(found.target, actor=actor)
    numbers = list(found.cards.order_by("card_number").values_list("card_number", flat=True))
    form = ArrivalForm(*([request.POST] if request.method == "POST" else []), numbers=numbers)
    problem = problems.explain(refusal) if refusal else None
    if form.is_bound and form.is_valid():
        try:
            received = receive_cards(
                transfer_id=str(found.pk),
                missing=form.cleaned_data["missing"],
                note=form.cleaned_data["note"],
                actor=actor,
                at=at,
            )
        except CardsError as error:
            problem = problems.explain(error)
        else:
            return done_at(found.target, _told(received), request=request)
    is_open = found.state == StockTransferState.SENT.value and refusal is None
    page = _page(found, numbers, is_open=is_open, problem=problem, at=at)
    return ask(request, page, form)


def _told(received: StockTransfer) -> str:
    arrived = received.quantity - received.missing
    told = ngettext("%(count)d card is in stock here.", "%(count)d cards are in stock here.", arrived)
    lost = ngettext(
        "%(count)d card is missing at %(place)s.",
        "%(count)d cards are missing at %(place)s.",
        received.missing,
    )
    parts = [told % {"count": arrived}]
    if received.missing:
        parts.append(lost % {"count": received.missing, "place": received.source.name})
    return " ".join(parts)


def _page(
    found: StockTransfer,
    numbers: Sequence[str],
    *,
    is_open: bool,
    problem: Problem | None,
    at: datetime,
) -> ActPage:
    """Return what both places see; the form is there for whoever receives.

    The numbers stand in the form, or by themselves: whoever sent them looks for theirs while they are on the
    way. Once received they are of the place.
    """
    facts = [
        Fact(name=_("From"), value=found.source.name),
        Fact(name=_("To"), value=found.target.name),
        Fact(name=_("Cards"), value=str(found.quantity)),
        Fact(name=_("Sent"), value=_when_and_who(found.sent_at, found.sent_by, at=at)),
    ]
    if found.received_at is not None:
        facts.append(
            Fact(name=_("Received"), value=_when_and_who(found.received_at, found.received_by, at=at))
        )
    if found.missing:
        facts.append(Fact(name=_("Did not come"), value=f"{found.missing}: {found.note}"))
    lead = _("Compare the envelopes with the numbers below before you take them into stock.")
    return ActPage(
        title=_("Hand-over of reserve cards"),
        lead=lead if is_open else "",
        button=_("Take into stock") if is_open else "",
        icon="inbox",
        style="btn-primary",
        place_url=reverse("stock-place", args=[found.target_id]),
        crumbs=(Crumb(label=_("Reserve cards"), url=reverse("stock")), Crumb(label=_("Hand-over"))),
        facts=facts,
        findings=() if is_open else [grouped(one) for one in numbers],
        problem=problem,
    )


def _when_and_who(when: datetime, who: str, *, at: datetime) -> str:
    return f"{moments.moment(when, now=at)}, {name_or_system(who)}"
