"""One place for reserve cards: what is there, what is on its way, what is missing, and what one may do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cards.stock_models import StockCard, StockCount, StockPlace, StockTransfer
from cards.stock_places import set_threshold
from cards.stock_policies import may_keep
from cards.stock_selectors import cards_at, counts_of, get_place, standings_of, transfers_of
from cards.stock_states import StockCardState
from journal.actor import Actor
from portal import moments, problems
from portal.pages import asking
from portal.pages.parts import Act, Crumb, grouped
from portal.pages.stock.forms import ThresholdForm
from portal.pages.stock.overview import PlaceRow, place_row
from portal.problems import Problem
from portal.words import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvelopeRow:
    """A reserve card in its envelope."""

    number: str
    box: str
    valid_until: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferRow:
    """A hand-over under way."""

    text: Text
    detail: Text
    url: str
    act: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class CountRow:
    """A count that was made."""

    at: datetime
    text: Text
    detail: Text
    differs: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacePage:
    """What the page of a place shows."""

    id: str
    row: PlaceRow
    cards: Sequence[EnvelopeRow]
    missing: Sequence[EnvelopeRow]
    returned: Sequence[EnvelopeRow]
    transfers: Sequence[TransferRow]
    counts: Sequence[CountRow]
    acts: Sequence[Act]
    crumbs: Sequence[Crumb]
    may_change: bool
    destroy_url: str = ""
    """Where cards that came back are noted as destroyed, for whoever may."""


@require_safe
def show_place(request: HttpRequest, stock_place_id: str) -> HttpResponse:
    """Show one place."""
    actor, at = asking.who(request), asking.now()
    place = get_place(str(stock_place_id), actor=actor)
    return _answer(request, place, ThresholdForm(initial={"threshold": place.threshold}), actor=actor, at=at)


@require_POST
def change_threshold(request: HttpRequest, stock_place_id: str) -> HttpResponse:
    """Tell of the place below another number."""
    actor, at = asking.who(request), asking.now()
    place = get_place(str(stock_place_id), actor=actor)
    form = ThresholdForm(request.POST)
    if not form.is_valid():
        return _answer(request, place, form, actor=actor, at=at, status=422)
    set_threshold(place_id=str(place.pk), threshold=form.cleaned_data["threshold"], actor=actor, at=at)
    messages.success(request, _("The change is made."))
    return HttpResponseRedirect(reverse("stock-place", args=[place.pk]))


def place_page(place: StockPlace, *, actor: Actor, at: datetime) -> PlacePage:
    """Return what the page shows."""
    (standing,) = standings_of([place])
    refusal = may_keep(place, actor=actor)
    why = problems.explain(refusal) if refusal else None
    most = max(standing.in_stock + standing.coming, place.threshold, 1)
    return PlacePage(
        id=str(place.pk),
        row=place_row(standing, most=most),
        cards=[_envelope(card) for card in cards_at(place, StockCardState.IN_STOCK)[:500]],
        missing=[_envelope(card) for card in cards_at(place, StockCardState.MISSING)[:500]],
        returned=[_envelope(card) for card in cards_at(place, StockCardState.RETURNED)[:500]],
        transfers=[_transfer(one, place, at=at) for one in transfers_of(place)],
        counts=[_count(one) for one in counts_of(place)],
        acts=_acts(place, why=why),
        crumbs=crumbs(place),
        may_change=why is None,
        destroy_url="" if why else f"{reverse('stock-returned', args=[place.pk])}?act=destroy",
    )


def crumbs(place: StockPlace, *more: Text) -> tuple[Crumb, ...]:
    """Return the way to a place, or to an act at it."""
    here = Crumb(label=place.name, url=reverse("stock-place", args=[place.pk]) if more else "")
    return (
        Crumb(label=_("Reserve cards"), url=reverse("stock")),
        here,
        *(Crumb(label=one) for one in more),
    )


def _acts(place: StockPlace, *, why: Problem | None) -> tuple[Act, ...]:
    rows: tuple[tuple[Text, str, str, str], ...] = (
        (_("Receive a box"), "inbox", "stock-receive", "btn-primary"),
        (_("Send to another place"), "send", "stock-send", "btn-line"),
        (_("Count the cards"), "check-lg", "stock-count", "btn-line"),
        (_("Cards that come back"), "arrow-repeat", "stock-returned", "btn-line"),
        (_("Report loss"), "slash-circle", "stock-loss", "btn-danger0"),
    )
    return tuple(
        Act(label=label, icon=icon, url=reverse(view, args=[place.pk]), style=style, why=why)
        for label, icon, view, style in rows
    )


def _envelope(card: StockCard) -> EnvelopeRow:
    return EnvelopeRow(
        number=grouped(card.card_number),
        box=card.box.number,
        valid_until=card.box.valid_until.isoformat(),
        since=card.changed_at,
    )


def _transfer(transfer: StockTransfer, place: StockPlace, *, at: datetime) -> TransferRow:
    is_coming = transfer.target_id == place.pk
    other = transfer.source if is_coming else transfer.target
    text = _("%(count)d from %(place)s") if is_coming else _("%(count)d to %(place)s")
    return TransferRow(
        text=text % {"count": transfer.quantity, "place": other.name},
        detail=_("sent %(when)s") % {"when": moments.moment(transfer.sent_at, now=at)},
        url=reverse("stock-transfer", args=[transfer.pk]),
        act=_("Receive") if is_coming else _("Look"),
    )


def _count(count: StockCount) -> CountRow:
    missing, unexpected = len(count.missing.split()), len(count.unexpected.split())
    text = _("%(found)d found, %(expected)d expected") % {
        "found": count.found,
        "expected": count.expected,
    }
    told = []
    if missing:
        told.append(_("%(count)d missing") % {"count": missing})
    if unexpected:
        told.append(_("%(count)d of elsewhere") % {"count": unexpected})
    if count.reason:
        told.append(count.reason)
    return CountRow(
        at=count.counted_at, text=text, detail=" · ".join(told), differs=bool(missing or unexpected)
    )


def _answer(
    request: HttpRequest,
    place: StockPlace,
    form: ThresholdForm,
    *,
    actor: Actor,
    at: datetime,
    status: int = 200,
) -> HttpResponse:
    context = {"page": place_page(place, actor=actor, at=at), "form": form}
    return render(request, "portal/stock_place.html", context, status=status)
