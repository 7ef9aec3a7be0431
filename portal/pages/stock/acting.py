"""What is done at a place: receive a box, send, receive what was sent, count, report loss."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from cards.errors import CardsError
from cards.stock_boxes import receive_box
from cards.stock_counts import count_place, difference, report_loss
from cards.stock_models import StockPlace
from cards.stock_policies import may_keep
from cards.stock_selectors import get_place, get_transfer, places_beside
from cards.stock_states import LossReason, StockTransferState
from cards.stock_transfers import receive_cards, send_cards
from portal import problems
from portal.pages import asking
from portal.pages.parts import Crumb, Fact, grouped
from portal.pages.stock.forms import ArrivalForm, BoxForm, CountForm, LossForm, SendForm
from portal.pages.stock.place import crumbs
from portal.problems import Problem
from portal.words import Text

_METHODS = ["GET", "HEAD", "POST"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ActPage:
    """A form at a place, and what one should know before one sends it."""

    title: Text
    lead: Text
    button: Text
    icon: str
    style: str
    place_url: str
    crumbs: Sequence[Crumb]
    facts: Sequence[Fact] = ()
    findings: Sequence[Text] = ()
    problem: Problem | None = None


@require_http_methods(_METHODS)
def receive(request: HttpRequest, stock_place_id: str) -> HttpResponse:
    """Receive a box by its serial list."""
    actor, at = asking.who(request), asking.now()
    place = get_place(str(stock_place_id), actor=actor)
    if (answer := _refused(request, place)) is not None:
        return answer
    form = BoxForm(*([request.POST, request.FILES] if request.method == "POST" else []))
    problem = None
    if form.is_bound and form.is_valid() and (serial_list := form.serial_list()) is not None:
        try:
            box = receive_box(
                place_id=str(place.pk),
                serial_list=serial_list,
                counted=form.cleaned_data["counted"],
                missing=form.cleaned_data["missing"],
                actor=actor,
                at=at,
            )
        except CardsError as error:
            problem = problems.explain(error)
        else:
            return _done(request, place, _("Box %(box)s is in stock.") % {"box": box.number})
    page = ActPage(
        title=_("Receive a box"),
        lead=_("Count the sealed envelopes and compare with the list that came with the box."),
        button=_("Put in stock"),
        icon="inbox",
        style="btn-primary",
        place_url=reverse("stock-place", args=[place.pk]),
        crumbs=crumbs(place, _("Receive a box")),
        problem=problem,
    )
    return _ask(request, page, form)


@require_http_methods(_METHODS)
def send(request: HttpRequest, stock_place_id: str) -> HttpResponse:
    """Send cards to another place."""
    actor, at = asking.who(request), asking.now()
    place = get_place(str(stock_place_id), actor=actor)
    if (answer := _refused(request, place)) is not None:
        return answer
    targets = [(str(one.pk), one.name) for one in places_beside(place)]
    form = SendForm(*([request.POST] if request.method == "POST" else []), targets=targets)
    problem = None
    if form.is_bound and form.is_valid():
        try:
            transfer = send_cards(
                source_id=str(place.pk),
                target_id=form.cleaned_data["target"],
                card_numbers=form.cleaned_data["numbers"],
                actor=actor,
                at=at,
            )
        except CardsError as error:
            problem = problems.explain(error)
        else:
            told = ngettext(
                "%(count)d card is on its way.", "%(count)d cards are on their way.", transfer.quantity
            )
            return _done(request, place, told % {"count": transfer.quantity})
    page = ActPage(
        title=_("Send to another place"),
        lead=_("The other place receives them here; until then they are nobody's to hand out."),
        button=_("Send"),
        icon="send",
        style="btn-primary",
        place_url=reverse("stock-place", args=[place.pk]),
        crumbs=crumbs(place, _("Send to another place")),
        problem=problem,
    )
    return _ask(request, page, form)


@require_http_methods(_METHODS)
def transfer(request: HttpRequest, stock_transfer_id: str) -> HttpResponse:
    """Show a hand-over, and receive it at the place that it goes to."""
    actor, at = asking.who(request), asking.now()
    found = get_transfer(str(stock_transfer_id), actor=actor)
    refusal = may_keep(found.target, actor=actor)
    form = ArrivalForm(*([request.POST] if request.method == "POST" else []))
    problem = None
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
            arrived = received.quantity - received.missing
            told = ngettext("%(count)d card is in stock here.", "%(count)d cards are in stock here.", arrived)
            return _done(request, found.target, told % {"count": arrived})
    is_open = found.state == StockTransferState.SENT.value and refusal is None
    numbers = [grouped(card.card_number) for card in found.cards.order_by("card_number")]
    page = ActPage(
        title=_("Hand-over of reserve cards"),
        lead=_("Compare the envelopes with the numbers below before you take them into stock."),
        button=_("Take into stock") if is_open else "",
        icon="inbox",
        style="btn-primary",
        place_url=reverse("stock"),
        crumbs=(Crumb(label=_("Reserve cards"), url=reverse("stock")), Crumb(label=_("Hand-over"))),
        facts=(
            Fact(name=_("From"), value=found.source.name),
            Fact(name=_("To"), value=found.target.name),
            Fact(name=_("Cards"), value=str(found.quantity)),
            *(
                (Fact(name=_("Did not come"), value=f"{found.missing}: {found.note}"),)
                if found.missing
                else ()
            ),
        ),
        findings=numbers,
        problem=problem,
    )
    return _ask(request, page, form)


@require_http_methods(_METHODS)
def count(request: HttpRequest, stock_place_id: str) -> HttpResponse:
    """Count a place: the difference is shown first, then registered with a reason."""
    actor, at = asking.who(request), asking.now()
    place = get_place(str(stock_place_id), actor=actor)
    if (answer := _refused(request, place)) is not None:
        return answer
    form = CountForm(*([request.POST] if request.method == "POST" else []))
    problem, findings = None, []
    if form.is_bound and form.is_valid():
        numbers = form.cleaned_data["numbers"]
        try:
            made = count_place(
                place_id=str(place.pk),
                counted=numbers,
                reason=form.cleaned_data["reason"],
                actor=actor,
                at=at,
            )
        except CardsError as error:
            problem = problems.explain(error)
            findings = _findings(place, numbers)
        else:
            return _done(
                request, place, _("The count is registered: %(found)d found.") % {"found": made.found}
            )
    page = ActPage(
        title=_("Count the reserve cards"),
        lead=_(
            "What is not found is missing from now on. What had been missing and is found is in stock again."
        ),
        button=_("Register the count"),
        icon="check-lg",
        style="btn-primary",
        place_url=reverse("stock-place", args=[place.pk]),
        crumbs=crumbs(place, _("Count the cards")),
        findings=findings,
        problem=problem,
    )
    return _ask(request, page, form)


@require_http_methods(_METHODS)
def loss(request: HttpRequest, stock_place_id: str) -> HttpResponse:
    """Report cards that nobody shall be handed any more."""
    actor, at = asking.who(request), asking.now()
    place = get_place(str(stock_place_id), actor=actor)
    if (answer := _refused(request, place)) is not None:
        return answer
    form = LossForm(*([request.POST] if request.method == "POST" else []))
    problem = None
    if form.is_bound and form.is_valid():
        try:
            lost = report_loss(
                place_id=str(place.pk),
                card_numbers=form.cleaned_data["numbers"],
                reason=LossReason(form.cleaned_data["reason"]),
                actor=actor,
                at=at,
            )
        except CardsError as error:
            problem = problems.explain(error)
        else:
            told = ngettext("%(count)d card is blocked.", "%(count)d cards are blocked.", lost)
            return _done(request, place, told % {"count": lost})
    page = ActPage(
        title=_("Report loss"),
        lead=_(
            "This cannot be undone: a card that is reported is never handed out, also when it turns up again."
        ),
        button=_("Block these cards for ever"),
        icon="slash-circle",
        style="btn-danger0",
        place_url=reverse("stock-place", args=[place.pk]),
        crumbs=crumbs(place, _("Report loss")),
        problem=problem,
    )
    return _ask(request, page, form)


def _findings(place: StockPlace, numbers: Sequence[str]) -> list[Text]:
    """Return in words how a count differs."""
    found = difference(place, numbers)
    return [
        *(_("Not found: %(number)s") % {"number": grouped(card.card_number)} for card in found.missing),
        *(_("Found again: %(number)s") % {"number": grouped(card.card_number)} for card in found.found_again),
        *(_("Not expected here: %(number)s") % {"number": grouped(one)} for one in found.unexpected),
    ]


def _refused(request: HttpRequest, place: StockPlace) -> HttpResponse | None:
    refusal = may_keep(place, actor=asking.who(request))
    return None if refusal is None else problems.page(request, problems.explain(refusal))


def _done(request: HttpRequest, place: StockPlace, told: str) -> HttpResponse:
    messages.success(request, told)
    return HttpResponseRedirect(reverse("stock-place", args=[place.pk]))


def _ask(request: HttpRequest, page: ActPage, form: Form) -> HttpResponse:
    status = page.problem.status if page.problem else 422 if form.is_bound else 200
    answer = render(request, "portal/stock_act.html", {"page": page, "form": form}, status=status)
    return problems.tagged(answer, page.problem)
