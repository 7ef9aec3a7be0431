"""Reads of cards, orders and activations, inside the bounds of the actor's role; nothing changes here."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeVar

from django.db import models
from django.db.models import Q, QuerySet
from django.utils.dateparse import parse_datetime

from ca.models import Certificate
from ca.selectors import certificates_of_person
from cards import policies
from cards.errors import ActivationNotFound, CardNotFound, CardOrderNotFound
from cards.manufacturing.models import FactoryCursor
from cards.models import Activation, Card, CardOrder, OrderStop
from cards.states import OPEN_ACTIVATION_STATES, CardOrderState, CardState
from directory.reach import held_within
from directory.row_ids import row_id
from directory.swedish_time import swedish_day
from journal.actor import Actor, ActorKind
from journal.errors import Refusal

CARRIER_KIND: Final = "card"
MOST_ON_A_PAGE: Final = 200

_Row = TypeVar("_Row", bound=models.Model)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPage:
    """Some orders, newest first; ``after`` fetches the next page, empty at the end."""

    orders: tuple[CardOrder, ...]
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CardView:
    """A card with what is on it, what may be done with it now, and why not."""

    card: Card
    certificates: tuple[Certificate, ...]
    open_activation: Activation | None
    is_expired: bool
    activation_refusal: Refusal | None
    block_refusal: Refusal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonCardsView:
    """Everything that the person page shows of a person's cards."""

    cards: tuple[CardView, ...]
    orders: tuple[CardOrder, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivationView:
    """An activation as the desk follows it."""

    activation: Activation
    card: Card
    is_open: bool
    is_expired: bool
    refusal: Refusal | None


def is_card_active(card_number: str, at: datetime) -> bool:
    """Tell whether the card is in use now: activated, not blocked, not past its last day."""
    return Card.objects.filter(
        card_number=card_number,
        state=CardState.ACTIVE.value,
        valid_until__gte=swedish_day(at),
    ).exists()


def get_card(card_id: str, *, actor: Actor) -> Card:
    """Return the card; raise CardNotFound, also when it is outside the actor's scope."""
    card = _one(Card.objects.select_related("order", "person", "organization"), card_id, actor=actor)
    if card is None:
        raise CardNotFound(str(card_id))
    return card


def get_card_by_number(card_number: str, *, actor: Actor) -> Card:
    """Return the card with this number; raise CardNotFound, also when it is outside the actor's scope."""
    cards = _visible(Card.objects.select_related("order", "person", "organization"), actor=actor)
    card = cards.filter(card_number=card_number).first()
    if card is None:
        raise CardNotFound(card_number)
    return card


def get_order(card_order_id: str, *, actor: Actor) -> CardOrder:
    """Return the order; raise CardOrderNotFound, also when it is outside the actor's scope."""
    order = _one(
        CardOrder.objects.select_related("card", "person", "organization"), card_order_id, actor=actor
    )
    if order is None:
        raise CardOrderNotFound(str(card_order_id))
    return order


def get_activation(activation_id: str, *, actor: Actor) -> Activation:
    """Return the activation; raise ActivationNotFound, also when it is outside the actor's scope."""
    found = Activation.objects.select_related("card__order", "card__person", "identity_check").filter(
        pk=row_id(activation_id),
    )
    activation = found.first()
    if activation is None or not _sees(activation.card, actor=actor):
        raise ActivationNotFound(str(activation_id))
    return activation


def list_orders(
    *,
    actor: Actor,
    states: frozenset[CardOrderState] | None = None,
    after: str = "",
    limit: int = 50,
) -> OrderPage:
    """Return orders in scope, newest first, from ``after`` on; an unreadable one begins at the start."""
    orders = _visible(CardOrder.objects.select_related("card", "person", "organization"), actor=actor)
    if states is not None:
        orders = orders.filter(state__in=sorted(state.value for state in states))
    if (key := _read_key(after)) is not None:
        placed_at, pk = key
        orders = orders.filter(Q(placed_at__lt=placed_at) | Q(placed_at=placed_at, pk__lt=pk))
    limit = max(1, min(limit, MOST_ON_A_PAGE))
    rows = list(orders.order_by("-placed_at", "-pk")[: limit + 1])
    shown = rows[:limit]
    more = len(rows) > limit
    return OrderPage(orders=tuple(shown), after=_write_key(shown[-1]) if more else "")


def orders_in_reach(actor: Actor) -> QuerySet[CardOrder]:
    """Return the orders that the actor may see, unordered, for queries of others to build on."""
    return _visible(CardOrder.objects.all(), actor=actor)


def count_orders(*, actor: Actor) -> Mapping[CardOrderState, int]:
    """Return how many orders in scope are in each state; states without orders are left out."""
    counted = _visible(CardOrder.objects.all(), actor=actor).values_list("state").annotate(models.Count("pk"))
    return {CardOrderState(state): number for state, number in counted}


def person_cards(person_id: str, *, actor: Actor, at: datetime) -> PersonCardsView:
    """Return all cards and orders of a person that the actor may see, newest first, in a few queries."""
    cards = list(
        _visible(Card.objects.select_related("order", "person", "organization"), actor=actor)
        .filter(person_id=row_id(person_id))
        .order_by("-ordered_at", "-pk"),
    )
    return PersonCardsView(
        cards=tuple(_views(cards, actor=actor, at=at)),
        orders=tuple(card.order for card in cards),
    )


def card_view(card_id: str, *, actor: Actor, at: datetime) -> CardView:
    """Return one card as the person page shows it; raise CardNotFound."""
    return _views([get_card(card_id, actor=actor)], actor=actor, at=at)[0]


def activation_view(activation_id: str, *, actor: Actor, at: datetime) -> ActivationView:
    """Return an activation as the desk follows it; raise ActivationNotFound."""
    activation = get_activation(activation_id, actor=actor)
    is_open = activation.state in {state.value for state in OPEN_ACTIVATION_STATES}
    return ActivationView(
        activation=activation,
        card=activation.card,
        is_open=is_open,
        is_expired=is_open and activation.expires_at <= at,
        refusal=policies.usable_refusal(activation.card, at=at) if is_open else None,
    )


def shipped_and_waiting(*, actor: Actor, limit: int = 50) -> tuple[Card, ...]:
    """Return cards that are with their holders and not activated, the oldest first."""
    cards = _visible(Card.objects.select_related("order", "person", "organization"), actor=actor)
    waiting = cards.filter(state=CardState.SHIPPED.value, order__from_stock=False)
    return tuple(waiting.order_by("shipped_at")[:limit])


def factory_contact() -> FactoryCursor:
    """Return how the last contact with the card factory went."""
    return FactoryCursor.objects.filter(pk=1).first() or FactoryCursor()


def order_stops(*, at: datetime, organization_id: str = "") -> QuerySet[OrderStop]:
    """Return the order stops in force or to come: those of an organization, or without id those of all."""
    stops = OrderStop.objects.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=at))
    if not organization_id:
        return stops.filter(organization__isnull=True).order_by("starts_at")
    return stops.filter(organization_id=organization_id).order_by("starts_at")


def _views(cards: list[Card], *, actor: Actor, at: datetime) -> list[CardView]:
    opened = {
        activation.card_id: activation
        for activation in Activation.objects.filter(
            card__in=cards,
            state__in=sorted(state.value for state in OPEN_ACTIVATION_STATES),
        )
    }
    certificates: dict[str, list[Certificate]] = {}
    for person_id in {str(card.person_id) for card in cards}:
        for certificate in certificates_of_person(person_id):
            certificates.setdefault(certificate.carrier_id, []).append(certificate)
    return [
        CardView(
            card=card,
            certificates=tuple(certificates.get(str(card.pk), [])),
            open_activation=opened.get(card.pk),
            is_expired=policies.is_expired(card, at=at),
            activation_refusal=policies.may_activate(card, actor=actor, at=at),
            block_refusal=policies.may_block(card, actor=actor, at=at),
        )
        for card in cards
    ]


def _visible(rows: QuerySet[_Row], *, actor: Actor) -> QuerySet[_Row]:
    """Keep the rows that the actor's role, organizations and right to protected persons let them see."""
    if actor.kind is ActorKind.SYSTEM:
        return rows
    if not policies.has_role(actor, policies.MAY_READ):
        return rows.none()
    rows = rows.filter(held_within(actor))
    return rows if actor.may_see_protected else rows.filter(person__protected_identity=False)


def _sees(card: Card, *, actor: Actor) -> bool:
    return _visible(Card.objects.filter(pk=card.pk), actor=actor).exists()


def _one(rows: QuerySet[_Row], pk: str, *, actor: Actor) -> _Row | None:
    return _visible(rows, actor=actor).filter(pk=row_id(pk)).first()


def _write_key(order: CardOrder) -> str:
    return f"{order.placed_at.isoformat()}~{order.pk}"


def _read_key(text: str) -> tuple[datetime, uuid.UUID] | None:
    moment_text, _, pk_text = text.partition("~")
    try:
        moment = parse_datetime(moment_text)
        if moment is None or moment.tzinfo is None:
            return None
        return moment.astimezone(UTC), row_id(pk_text)
    except (ValueError, OverflowError):  # no date, or one that is no moment of UTC
        return None
