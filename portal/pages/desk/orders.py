"""The list of orders, and one order with its production step by step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from cards import policies
from cards.bulk.policies import may_order_for_several
from cards.lifecycle import cancel_order
from cards.manufacturing.reconciliation import dispatch_of
from cards.models import CardOrder
from cards.products import product
from cards.replacement_reasons import ReplacementReason
from cards.selectors import get_order, list_orders
from cards.states import RUNNING_ORDER_STATES, CardOrderState
from journal.actor import Actor
from portal import moments, problems, words
from portal.pages import asking
from portal.pages.auditor.reach import reads_only
from portal.pages.desk.history import name_or_system, timeline
from portal.pages.desk.person import order_row
from portal.pages.desk.production import rejection_text
from portal.pages.parts import Act, Chip, Crumb, Fact, OrderRow, Step, TimelineItem, grouped
from portal.problems import Problem
from portal.words import Tag, Text

_ROWS: Final = 30
_BEING_MADE: Final = frozenset({CardOrderState.PLACED, CardOrderState.SENT, CardOrderState.IN_PRODUCTION})
_FILTERS: Final[Mapping[str, tuple[Text, frozenset[CardOrderState] | None]]] = {
    "": (gettext_lazy("All"), None),
    "making": (gettext_lazy("Being made"), _BEING_MADE),
    "sent": (gettext_lazy("Sent, not activated"), frozenset({CardOrderState.SHIPPED})),
    "failed": (gettext_lazy("Refused by the producer"), frozenset({CardOrderState.REJECTED})),
    "done": (gettext_lazy("Activated"), frozenset({CardOrderState.ACTIVATED})),
    "ended": (
        gettext_lazy("Cancelled or lapsed"),
        frozenset({CardOrderState.CANCELLED, CardOrderState.LAPSED}),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OrdersPage:
    """What the list shows."""

    chips: Sequence[Chip]
    rows: Sequence[OrderRow]
    next_url: str
    first_url: str
    may_order_for_several: bool = False
    shows_several: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPage:
    """What the view of one order shows."""

    title: str
    url: str
    person: str
    person_url: str
    tag: Tag
    is_running: bool
    steps: Sequence[Step]
    failure: Problem | None
    next: Act | None
    cancel: Act | None
    facts: Sequence[Fact]
    events: Sequence[TimelineItem]
    crumbs: Sequence[Crumb]
    environment: Tag | None = None


@require_safe
def show_orders(request: HttpRequest) -> HttpResponse:
    """Show orders, newest first, by keyset: no page counts rows."""
    chosen = request.GET.get("state", "")
    chosen = chosen if chosen in _FILTERS else ""
    after = request.GET.get("after", "")
    actor = asking.who(request)
    listed = list_orders(actor=actor, states=_FILTERS[chosen][1], after=after, limit=_ROWS)
    page = OrdersPage(
        chips=[
            Chip(label=label, url=_address(key), is_chosen=key == chosen)
            for key, (label, _states) in _FILTERS.items()
        ],
        rows=[order_row(order) for order in listed.orders],
        next_url=_address(chosen, after=listed.after) if listed.after else "",
        first_url=_address(chosen) if after else "",
        may_order_for_several=may_order_for_several(actor) is None,
        shows_several=actor.role in policies.MAY_READ,
    )
    return render(request, "portal/orders.html", {"page": page})


@require_safe
def show_order(request: HttpRequest, order_id: str) -> HttpResponse:
    """Show one order."""
    actor, at = asking.who(request), asking.now()
    order = get_order(str(order_id), actor=actor)
    return render(request, "portal/order.html", {"page": order_page(order, actor=actor, at=at)})


@require_safe
def show_production(request: HttpRequest, order_id: str) -> HttpResponse:
    """Show the part that changes, for htmx, which asks again and again until the production has ended."""
    actor, at = asking.who(request), asking.now()
    order = get_order(str(order_id), actor=actor)
    return render(request, "portal/parts/production.html", {"page": order_page(order, actor=actor, at=at)})


@require_POST
def cancel(request: HttpRequest, order_id: str) -> HttpResponse:
    """Cancel an order that has not left for the producer."""
    order = cancel_order(card_order_id=str(order_id), actor=asking.who(request), at=asking.now())
    messages.success(request, _("The order is cancelled. No card will be made."))
    return HttpResponseRedirect(reverse("order", args=[order.pk]))


def order_page(order: CardOrder, *, actor: Actor, at: datetime) -> OrderPage:
    """Return what the view of one order shows to this actor at this moment."""
    item = product(order.product_code)
    name = words.product_name(item) if item else order.product_code
    state = CardOrderState(order.state)
    return OrderPage(
        title=name,
        url=reverse("order-status", args=[order.pk]),
        person=order.person.full_name,
        person_url=reverse("person", args=[order.person_id]),
        tag=words.ORDER_STATES[state],
        environment=words.environment_tag(order.environment),
        is_running=state in RUNNING_ORDER_STATES - {CardOrderState.SHIPPED},
        steps=_steps(order, now=at),
        failure=_failure(order),
        next=_next(order, actor=actor),
        cancel=_cancel_act(order, actor=actor, at=at)
        if state in _BEING_MADE and not reads_only(actor)
        else None,
        facts=_facts(order, now=at),
        events=timeline("card_order", str(order.pk), actor=actor),
        crumbs=(
            Crumb(label=_("Orders"), url=reverse("orders")),
            Crumb(label=f"{order.person.full_name}, {name}"),
        ),
    )


def _address(state: str, *, after: str = "") -> str:
    query = urlencode({key: value for key, value in (("state", state), ("after", after)) if value})
    return f"{reverse('orders')}?{query}" if query else reverse("orders")


def _steps(order: CardOrder, *, now: datetime) -> list[Step]:
    reached: list[tuple[Text, datetime | None]] = [
        (_("Ordered"), order.placed_at),
        (_("Received by the producer"), order.sent_at),
        (_("In production"), order.production_started_at),
        (_("Sent to the holder"), order.shipped_at),
        (_("Activated at the desk"), order.activated_at),
    ]
    ended = order.cancelled_at or order.rejected_at or order.lapsed_at
    steps, is_next = [], True
    for name, at in reached:
        if at is not None:
            steps.append(Step(name=name, text=moments.moment(at, now=now), progress="done"))
        elif is_next and ended:
            label = words.ORDER_STATES[CardOrderState(order.state)].label
            steps.append(Step(name=label, text=moments.moment(ended, now=now), progress="failed"))
            break
        else:
            steps.append(Step(name=name, progress="now" if is_next else "later"))
            is_next = False
    return steps


def _failure(order: CardOrder) -> Problem | None:
    if order.state == CardOrderState.REJECTED.value:
        told = problems.of_code("order_refused_by_factory", facts={"reason": order.rejection_reason})
        return replace(told, text=f"{rejection_text(order.rejection_reason)} {told.text}")
    if order.state == CardOrderState.PLACED.value and order.last_problem:
        return problems.of_code("factory_unavailable", facts={"problem": order.last_problem})
    return None


def _next(order: CardOrder, *, actor: Actor) -> Act | None:
    """Return what comes next: the activation, or after a refusal another order."""
    if reads_only(actor):
        return None
    if order.state == CardOrderState.SHIPPED.value:
        url = reverse("activate-card", args=[order.card.pk])
        return Act(label=_("Activate the card"), icon="key", url=url)
    if order.state == CardOrderState.REJECTED.value:
        url = reverse("order-card", args=[order.person_id])
        return Act(label=_("Correct and order again"), icon="arrow-repeat", url=url)
    return None


def _cancel_act(order: CardOrder, *, actor: Actor, at: datetime) -> Act:
    refusal = policies.may_cancel_order(order, actor=actor, at=at)
    return Act(
        label=_("Cancel the order"),
        icon="x-circle",
        url=reverse("order-cancel", args=[order.pk]),
        why=problems.explain(refusal) if refusal else None,
    )


def _facts(order: CardOrder, *, now: datetime) -> list[Fact]:
    placed_by = name_or_system(order.placed_by)
    facts = [
        Fact(name=_("Name on the card"), value=order.printed_name),
        Fact(name=_("Organization"), value=order.organization_name),
        Fact(name=_("HSA-id"), value=order.hsa_id),
        Fact(name=_("Assurance level"), value=str(order.loa)),
        Fact(name=_("Valid through"), value=order.valid_until.isoformat()),
        Fact(name=_("Ordered"), value=f"{moments.moment(order.placed_at, now=now)}, {placed_by}"),
    ]
    if order.card.card_number:
        facts.append(Fact(name=_("Card number"), value=grouped(order.card.card_number)))
    if order.replaces is not None:
        reason = words.REPLACEMENT_REASONS[ReplacementReason(order.replacement_reason)]
        replaced = f"{grouped(order.replaces.card_number or '')}: {reason}"
        facts.append(Fact(name=_("Takes the place of"), value=replaced))
    return [*facts, *_dispatch(order, now=now)]


def _dispatch(order: CardOrder, *, now: datetime) -> list[Fact]:
    """Return how the card was sent: when, and by what number it can be followed."""
    row = dispatch_of(order)
    if row is None or row.dispatched_at is None:
        return []
    if order.person.protected_identity:
        followed = _("By way of the Swedish Tax Agency, not followed")
    else:
        followed = row.tracking_number or _("Not followed")
    return [
        Fact(name=_("Sent by the producer"), value=moments.moment(row.dispatched_at, now=now)),
        Fact(name=_("Tracking number"), value=followed),
    ]
