"""One order for several: what would happen to each row, placed with a signature, followed, steered."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from cards.bulk.errors import BulkOrderRefused
from cards.bulk.lifecycle import (
    approve_bulk_order,
    cancel_bulk_order,
    pause_bulk_order,
    place_bulk_order,
    resume_bulk_order,
)
from cards.bulk.models import BulkOrder, BulkSource
from cards.bulk.policies import left_alone, may_steer
from cards.bulk.reading import MOST_ROWS
from cards.bulk.selectors import get_bulk_order, rows_of
from cards.bulk.states import WORKED_STATES, BulkOrderState, BulkRowState
from directory.models import Unit
from directory.selectors import names_of
from journal.actor import Actor
from portal import moments
from portal.pages import asking
from portal.pages.bulk import signing
from portal.pages.bulk.acts import BulkAct, acts_of
from portal.pages.bulk.rows import BulkRow, bulk_rows
from portal.pages.central.registers import Progress
from portal.pages.parts import Chip, Crumb, Fact
from portal.signing.step_up import signed
from portal.wordings import bulk as words_of
from portal.words import Tag, Text

_ROWS: Final = 50
_FILTERS: Final[Mapping[str, tuple[Text, frozenset[BulkRowState] | None]]] = {
    "": (gettext_lazy("All rows"), None),
    "good": (gettext_lazy("Ordered or to be"), frozenset({BulkRowState.READY, BulkRowState.ORDERED})),
    "not": (gettext_lazy("Not ordered"), frozenset({BulkRowState.REFUSED, BulkRowState.CANCELLED})),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkOrderPage:
    """What the page shows."""

    title: Text
    tag: Tag
    facts: Sequence[Fact]
    progress: Progress | None
    toll: Sequence[Text]
    acts: Sequence[BulkAct]
    acts_key: str
    """The buttons of one state stay the same while the page asks for news: a click on one is not lost."""
    chips: Sequence[Chip]
    rows: Sequence[BulkRow]
    asks_again: bool
    url: str
    progress_url: str
    export_url: str
    next_url: str
    first_url: str
    crumbs: Sequence[Crumb]


@require_http_methods(["GET", "HEAD", "POST"])
def show_bulk_order(request: HttpRequest, bulk_order_id: UUID) -> HttpResponse:
    """Show an order for several, and take what somebody does with it."""
    actor, at = asking.who(request), asking.now()
    bulk = get_bulk_order(bulk_order_id, actor=actor)
    if request.method != "POST":
        page = bulk_order_page(bulk, actor=actor, at=at, asked=request.GET.dict())
        return render(request, "portal/bulk_order.html", {"page": page})
    if may_steer(actor) is not None:
        raise PermissionDenied
    try:
        told = _act(request, bulk, request.POST.get("act", ""), actor=actor, at=at)
    except BulkOrderRefused as error:
        messages.warning(request, str(words_of.RULES.get(error.facts.get("rule", ""), "")))
    else:
        if told:
            messages.success(request, str(told))
    return HttpResponseRedirect(reverse("bulk-order", args=[bulk.pk]))


@require_safe
def show_bulk_progress(request: HttpRequest, bulk_order_id: UUID) -> HttpResponse:
    """Show how far it has come and the rows on this page, for htmx."""
    actor = asking.who(request)
    bulk = get_bulk_order(bulk_order_id, actor=actor)
    page = bulk_order_page(bulk, actor=actor, at=asking.now(), asked=request.GET.dict())
    return render(request, "portal/parts/bulk_result.html", {"page": page})


def bulk_order_page(
    bulk: BulkOrder, *, actor: Actor, at: datetime, asked: Mapping[str, str] | None = None
) -> BulkOrderPage:
    """Return the page of an order for several; ``asked`` is its query: which rows, from which on."""
    asked = asked or {}
    show = asked.get("show", "")
    show = show if show in _FILTERS else ""
    after = (
        int(asked["after"]) if asked.get("after", "").isascii() and asked.get("after", "").isdigit() else 0
    )
    after = min(after, MOST_ROWS * 10)
    listed = rows_of(bulk, states=_FILTERS[show][1], after=after, limit=_ROWS)
    here, state = reverse("bulk-order", args=[bulk.pk]), BulkOrderState(bulk.state)
    progress_url = reverse("bulk-order-progress", args=[bulk.pk])
    return BulkOrderPage(
        title=_("Order for several"),
        tag=words_of.state_tag(state, was_placed=bulk.placed_at is not None),
        facts=_facts(bulk),
        progress=_progress(bulk, state),
        toll=_toll(bulk, state, actor=actor, at=at),
        acts=acts_of(bulk, actor=actor),
        acts_key=f"acts-{state.value.lower()}",
        chips=[
            Chip(label=label, url=_address(here, key), is_chosen=key == show)
            for key, (label, _states) in _FILTERS.items()
        ],
        rows=bulk_rows(listed.rows, bulk, actor=actor),
        asks_again=state in WORKED_STATES,
        url=here,
        progress_url=_address(progress_url, show, after),
        export_url=reverse("bulk-order-export", args=[bulk.pk]),
        next_url=_address(here, show, listed.after) if listed.after else "",
        first_url=_address(here, show) if after else "",
        crumbs=(
            Crumb(label=_("Orders"), url=reverse("orders")),
            Crumb(label=_("For several"), url=reverse("bulk-orders")),
            Crumb(label=moments.moment(bulk.started_at, now=at)),
        ),
    )


def _act(request: HttpRequest, bulk: BulkOrder, act: str, *, actor: Actor, at: datetime) -> Text:
    """Do what a button says and return what is said of it; nothing for a form that says nothing."""
    match act:
        case "place":
            _signed(request, bulk, place_bulk_order, actor=actor, at=at)
            return _("Placed. Each row gets its result here.")
        case "approve":
            _signed(request, bulk, approve_bulk_order, actor=actor, at=at)
            return _("Approved. Each row gets its result here.")
        case "pause":
            pause_bulk_order(bulk.pk, actor=actor, at=at)
            return _("Paused. Nothing more is ordered until somebody lets it go on.")
        case "resume":
            resume_bulk_order(bulk.pk, actor=actor, at=at)
            return _("It goes on where it stopped.")
        case "cancel":
            cancel_bulk_order(bulk.pk, actor=actor, at=at)
            stays = _("Cancelled. What was ordered before stays ordered.")
            return stays if bulk.placed_at is not None else _("Discarded. Nothing was ordered.")
        case _:
            return ""


def _signed(
    request: HttpRequest,
    bulk: BulkOrder,
    verb: Callable[..., BulkOrder],
    *,
    actor: Actor,
    at: datetime,
) -> None:
    """Place or approve; what is more than one card is signed by who does it."""
    if not signing.is_signed(bulk):
        verb(bulk.pk, actor=actor, at=at)
        return
    what = signing.placing(bulk) if verb is place_bulk_order else signing.approving(bulk)
    with signed(request, what, actor=actor, at=at) as doer:
        verb(bulk.pk, actor=doer, at=at)


def _address(here: str, show: str, after: int = 0) -> str:
    query = urlencode({key: value for key, value in (("show", show), ("after", after)) if value})
    return f"{here}?{query}" if query else here


def _facts(bulk: BulkOrder) -> list[Fact]:
    names = names_of({bulk.started_by, bulk.approved_by})
    now = asking.now()
    facts = [
        Fact(name=_("Chosen"), value=_source(bulk)),
        Fact(name=_("Organization"), value=bulk.organization.name),
        Fact(
            name=_("Prepared"), value=_by(bulk.started_at, names.get(bulk.started_by, bulk.started_by), now)
        ),
    ]
    if bulk.placed_at is not None:
        facts.append(Fact(name=_("Placed"), value=moments.moment(bulk.placed_at, now=now)))
    if bulk.approved_at is not None:
        who = names.get(bulk.approved_by, bulk.approved_by)
        facts.append(Fact(name=_("Approved"), value=_by(bulk.approved_at, who, now)))
    if bulk.ended_at is not None:
        facts.append(Fact(name=_("Ended"), value=moments.moment(bulk.ended_at, now=now)))
    return facts


def _by(at: datetime, who: str, now: datetime) -> str:
    return f"{moments.moment(at, now=now)}, {who}"


def _source(bulk: BulkOrder) -> Text:
    source = BulkSource(bulk.source)
    if source is BulkSource.UNIT:
        unit = Unit.objects.filter(pk=bulk.about).values_list("name", flat=True).first()
        return _("The unit %(unit)s with all below it") % {"unit": unit or ""}
    if source is BulkSource.EXPIRING:
        return _("Cards that end before %(day)s") % {"day": bulk.about}
    return words_of.SOURCES[source]


def _progress(bulk: BulkOrder, state: BulkOrderState) -> Progress | None:
    url = reverse("bulk-order-progress", args=[bulk.pk])
    if state is BulkOrderState.CHECKING:
        told = _("%(done)d of %(total)d rows checked") % {"done": bulk.checked, "total": bulk.total}
        return Progress(key="bulk", label=told, done=bulk.checked, total=bulk.total, detail="", url=url)
    if bulk.placed_at is None or state is BulkOrderState.WAITING or not bulk.ready:
        return None
    left = bulk.ready - bulk.ordered - (bulk.refused - (bulk.total - bulk.ready))
    told = _("%(done)d of %(total)d cards ordered") % {"done": bulk.ordered, "total": bulk.ready}
    detail = (
        ngettext("%(count)d row was not ordered", "%(count)d rows were not ordered", bulk.refused)
        % {"count": bulk.refused}
        if bulk.refused
        else ""
    )
    return Progress(
        key="bulk", label=told, done=bulk.ready - max(left, 0), total=bulk.ready, detail=detail, url=url
    )


def _toll(bulk: BulkOrder, state: BulkOrderState, *, actor: Actor, at: datetime) -> list[Text]:
    """Return what would happen, while it can still be decided about."""
    if state not in {BulkOrderState.READY, BulkOrderState.WAITING}:
        return []
    left_out = bulk.total - bulk.ready
    told: list[Text] = [
        ngettext(
            "%(count)d card is ordered: %(products)s", "%(count)d cards are ordered: %(products)s", bulk.ready
        )
        % {"count": bulk.ready, "products": signing.products_told(bulk)}
        if bulk.ready
        else _("No card can be ordered.")
    ]
    if replaced := signing.replaced_told(bulk):
        told.append(replaced)
    if left_out:
        told.append(
            ngettext("%(count)d row is left out", "%(count)d rows are left out", left_out)
            % {"count": left_out}
        )
    is_mine = actor.person_id == bulk.started_person_id
    if state is BulkOrderState.READY and is_mine and bulk.ready > left_alone(actor=actor, at=at):
        told.append(_("It is so many that a second person must approve it first."))
    return told
