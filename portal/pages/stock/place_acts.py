"""What is done at a place: receive a box, send, count, report loss, take back and destroy."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from cards.stock_boxes import receive_box
from cards.stock_counts import count_place, difference, report_loss
from cards.stock_returns import destroy_returned, take_back
from cards.stock_selectors import cards_at, places_beside
from cards.stock_states import LossReason, StockCardState
from cards.stock_transfers import send_cards
from journal.actor import Actor
from portal.pages.parts import grouped
from portal.pages.stock.acting import METHODS, Doing, PlaceAct, act_at_place
from portal.pages.stock.forms import BoxForm, CountForm, LossForm, ReturnForm, SendForm
from portal.signing.acts import Act, ActKind
from portal.signing.listing import facts_of, listed
from portal.signing.step_up import signed
from portal.words import Text

_SIGNED_FROM: Final = 2


@require_http_methods(METHODS)
def receive(request: HttpRequest, stock_place_id: str) -> HttpResponse:
    """Receive a box by its serial list."""
    return act_at_place(request, stock_place_id, _RECEIVE)


@require_http_methods(METHODS)
def send(request: HttpRequest, stock_place_id: str) -> HttpResponse:
    """Send cards to another place."""
    return act_at_place(request, stock_place_id, _SEND)


@require_http_methods(METHODS)
def count(request: HttpRequest, stock_place_id: str) -> HttpResponse:
    """Count a place: the difference is shown first, then registered with a reason."""
    return act_at_place(request, stock_place_id, _COUNT)


@require_http_methods(METHODS)
def loss(request: HttpRequest, stock_place_id: str) -> HttpResponse:
    """Report cards that nobody shall be handed any more."""
    return act_at_place(request, stock_place_id, _LOSS)


@require_http_methods(METHODS)
def returned(request: HttpRequest, stock_place_id: str) -> HttpResponse:
    """Take back cards that people had, or note that such were destroyed."""
    return act_at_place(request, stock_place_id, _RETURNED)


def _receive(doing: Doing, form: BoxForm) -> str:
    box = receive_box(
        place_id=str(doing.place.pk),
        serial_list=form.cleaned_data["serial_list"],
        counted=form.cleaned_data["counted"],
        missing=form.cleaned_data["missing"],
        actor=doing.actor,
        at=doing.at,
    )
    return _("Box %(box)s is in stock.") % {"box": box.number}


def _send(doing: Doing, form: SendForm) -> str:
    transfer = send_cards(
        source_id=str(doing.place.pk),
        target_id=form.cleaned_data["target"],
        card_numbers=form.cleaned_data["numbers"],
        actor=doing.actor,
        at=doing.at,
    )
    told = ngettext("%(count)d card is on its way.", "%(count)d cards are on their way.", transfer.quantity)
    return told % {"count": transfer.quantity}


def _count(doing: Doing, form: CountForm) -> str:
    made = count_place(
        place_id=str(doing.place.pk),
        counted=form.cleaned_data["numbers"],
        reason=form.cleaned_data["reason"],
        actor=doing.actor,
        at=doing.at,
    )
    return _("The count is registered: %(found)d found.") % {"found": made.found}


def _difference(doing: Doing, form: CountForm) -> list[Text]:
    """Return in words how a count differs."""
    found = difference(doing.place, form.cleaned_data["numbers"])
    return [
        *(_("Not found: %(number)s") % {"number": grouped(card.card_number)} for card in found.missing),
        *(_("Found again: %(number)s") % {"number": grouped(card.card_number)} for card in found.found_again),
        *(_("Not expected here: %(number)s") % {"number": grouped(one)} for one in found.unexpected),
    ]


def _lose(doing: Doing, form: LossForm) -> str:
    lost = report_loss(
        place_id=str(doing.place.pk),
        card_numbers=form.cleaned_data["numbers"],
        reason=LossReason(form.cleaned_data["reason"]),
        actor=doing.actor,
        at=doing.at,
    )
    return ngettext("%(count)d card is blocked.", "%(count)d cards are blocked.", lost) % {"count": lost}


def _come_back(doing: Doing, form: ReturnForm) -> str:
    numbers, place_id = form.cleaned_data["numbers"], str(doing.place.pk)
    if form.cleaned_data["act"] == "destroy":
        gone = destroy_returned(place_id=place_id, card_numbers=numbers, actor=doing.actor, at=doing.at)
        told = ngettext("%(count)d card is destroyed.", "%(count)d cards are destroyed.", gone)
        return told % {"count": gone}
    with _taking_back(doing, numbers) as doer:
        back = take_back(place_id=place_id, card_numbers=numbers, actor=doer, at=doing.at)
    told = ngettext("%(count)d card is taken back.", "%(count)d cards are taken back.", back)
    return told % {"count": back}


def _taking_back(doing: Doing, numbers: Sequence[str]) -> AbstractContextManager[Actor]:
    """Return what is put around it: from the second card that it blocks on, a signature."""
    if len(numbers) < _SIGNED_FROM:
        return nullcontext(doing.actor)
    lead = ngettext(
        "%(count)d card is blocked, and its certificates are revoked. It cannot be undone.",
        "%(count)d cards are blocked, and their certificates are revoked. It cannot be undone.",
        len(numbers),
    )
    lines = [grouped(number) for number in sorted(numbers)]
    act = Act(
        kind=ActKind.CARDS_BLOCK,
        text=listed(lead % {"count": len(numbers)}, lines),
        facts={
            "stock_place_id": str(doing.place.pk),
            "numbers": ",".join(sorted(numbers)),
            **facts_of(lines),
        },
    )
    return signed(doing.request, act, actor=doing.actor, at=doing.at)


def _send_form(doing: Doing) -> SendForm:
    return SendForm(*doing.sent, targets=[(str(one.pk), one.name) for one in places_beside(doing.place)])


def _return_form(doing: Doing) -> ReturnForm:
    """Return the form; asked for what is destroyed, it begins with all that is here to be destroyed."""
    is_asked = not doing.sent and doing.request.GET.get("act") == "destroy"
    here = cards_at(doing.place, StockCardState.RETURNED).values_list("card_number", flat=True)[:500]
    return ReturnForm(*doing.sent, destroyed=list(here) if is_asked else ())


_RECEIVE: Final = PlaceAct(
    title=gettext_lazy("Receive a box"),
    crumb=gettext_lazy("Receive a box"),
    lead=gettext_lazy("Count the sealed envelopes and compare with the list that came with the box."),
    button=gettext_lazy("Put in stock"),
    icon="inbox",
    form=lambda doing: BoxForm(*doing.sent),
    perform=_receive,
)
_SEND: Final = PlaceAct(
    title=gettext_lazy("Send to another place"),
    crumb=gettext_lazy("Send to another place"),
    lead=gettext_lazy("The other place receives them here; until then they are nobody's to hand out."),
    button=gettext_lazy("Send"),
    icon="send",
    form=_send_form,
    perform=_send,
)
_COUNT: Final = PlaceAct(
    title=gettext_lazy("Count the reserve cards"),
    crumb=gettext_lazy("Count the cards"),
    lead=gettext_lazy(
        "What is not found is missing from now on. What had been missing and is found is in stock again."
    ),
    button=gettext_lazy("Register the count"),
    icon="check-lg",
    form=lambda doing: CountForm(*doing.sent),
    perform=_count,
    findings=_difference,
)
_LOSS: Final = PlaceAct(
    title=gettext_lazy("Report loss"),
    crumb=gettext_lazy("Report loss"),
    lead=gettext_lazy(
        "This cannot be undone: a card that is reported is never handed out, also when it turns up again."
    ),
    button=gettext_lazy("Block these cards for ever"),
    icon="slash-circle",
    style="btn-danger0",
    form=lambda doing: LossForm(*doing.sent),
    perform=_lose,
)
_RETURNED: Final = PlaceAct(
    title=gettext_lazy("Cards that come back"),
    crumb=gettext_lazy("Cards that come back"),
    lead=gettext_lazy(
        "A reserve card is one person's: it is blocked with its certificates, and never handed out again."
    ),
    button=gettext_lazy("Register these cards"),
    icon="slash-circle",
    style="btn-danger0",
    form=_return_form,
    perform=_come_back,
)
