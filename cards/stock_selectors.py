"""Reads of reserve cards in stock, inside the bounds of the actor's role; nothing changes here."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from django.db.models import Count, Q, QuerySet

from cards import policies
from cards.stock_errors import StockPlaceNotFound, StockTransferNotFound
from cards.stock_models import StockCard, StockCount, StockPlace, StockTransfer
from cards.stock_policies import MAY_READ_STOCK
from cards.stock_states import StockCardState, StockTransferState
from directory.reach import placed_within
from journal.actor import Actor, ActorKind

MOST_PLACES: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceStanding:
    """A place and how many envelopes it has, awaits and lacks."""

    place: StockPlace
    in_stock: int
    coming: int
    missing: int

    @property
    def is_low(self) -> bool:
        """Tell whether there are fewer than the place should have."""
        return self.in_stock < self.place.threshold


def standings(*, actor: Actor) -> tuple[PlaceStanding, ...]:
    """Return the places in scope, by organization and name, in two queries."""
    return standings_of(visible_places(actor=actor).order_by("organization__name", "name")[:MOST_PLACES])


def low_standings(*, actor: Actor) -> tuple[PlaceStanding, ...]:
    """Return the places in scope that have too few."""
    return tuple(one for one in standings(actor=actor) if one.is_low)


def standings_of(places: Iterable[StockPlace]) -> tuple[PlaceStanding, ...]:
    """Return how these places stand, in two queries."""
    found = list(places)
    counted = _counted(found)
    coming = dict(
        StockCard.objects.filter(state=StockCardState.IN_TRANSIT.value, transfer__target__in=found)
        .values_list("transfer__target")
        .annotate(Count("pk"))
    )
    return tuple(
        PlaceStanding(
            place=place,
            in_stock=counted.get((place.pk, StockCardState.IN_STOCK.value), 0),
            coming=coming.get(place.pk, 0),
            missing=counted.get((place.pk, StockCardState.MISSING.value), 0),
        )
        for place in found
    )


def has_stock(*, actor: Actor) -> bool:
    """Tell whether any place in scope has a reserve card to hand out."""
    in_stock = StockCard.objects.filter(state=StockCardState.IN_STOCK.value)
    return in_stock.filter(place__in=visible_places(actor=actor)).exists()


def get_place(place_id: str, *, actor: Actor) -> StockPlace:
    """Return the place; raise StockPlaceNotFound, also when it is outside the actor's scope."""
    place = visible_places(actor=actor).filter(pk=_uuid_or_nil(place_id)).first()
    if place is None:
        raise StockPlaceNotFound(str(place_id))
    return place


def get_transfer(transfer_id: str, *, actor: Actor) -> StockTransfer:
    """Return the hand-over; raise StockTransferNotFound, also when neither of its places is in scope."""
    rows = StockTransfer.objects.select_related("source__organization", "target__organization")
    transfer = rows.filter(_touching(actor), pk=_uuid_or_nil(transfer_id)).first()
    if transfer is None:
        raise StockTransferNotFound(str(transfer_id))
    return transfer


def cards_at(place: StockPlace, *states: StockCardState) -> QuerySet[StockCard]:
    """Return the envelopes at a place in these states, by number."""
    rows = StockCard.objects.filter(place=place, state__in=[state.value for state in states])
    return rows.select_related("box").order_by("card_number")


def transfers_of(place: StockPlace) -> tuple[StockTransfer, ...]:
    """Return what is under way to and from a place, the oldest first."""
    rows = StockTransfer.objects.filter(
        Q(source=place) | Q(target=place), state=StockTransferState.SENT.value
    )
    return tuple(rows.select_related("source", "target").order_by("sent_at"))


def counts_of(place: StockPlace, *, limit: int = 5) -> tuple[StockCount, ...]:
    """Return the last counts of a place, newest first."""
    return tuple(StockCount.objects.filter(place=place).order_by("-counted_at", "-pk")[:limit])


def places_beside(place: StockPlace) -> tuple[StockPlace, ...]:
    """Return the other places of the same organization: those that cards can be sent to."""
    rows = StockPlace.objects.filter(organization_id=place.organization_id).exclude(pk=place.pk)
    return tuple(rows.order_by("name"))


def visible_places(*, actor: Actor) -> QuerySet[StockPlace]:
    """Return the places that the actor's role reaches."""
    rows = StockPlace.objects.select_related("organization", "unit")
    if actor.kind is not ActorKind.SYSTEM and not policies.has_role(actor, MAY_READ_STOCK):
        return rows.none()
    return rows.filter(placed_within(actor))


def _touching(actor: Actor) -> Q:
    if actor.kind is not ActorKind.SYSTEM and not policies.has_role(actor, MAY_READ_STOCK):
        return Q(pk__in=[])
    return placed_within(actor, "source__") | placed_within(actor, "target__")


def _counted(places: list[StockPlace]) -> Mapping[tuple[uuid.UUID, str], int]:
    rows = StockCard.objects.filter(place__in=places).values_list("place_id", "state").annotate(Count("pk"))
    return {(place_id, state): number for place_id, state, number in rows}


def _uuid_or_nil(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(str(text))
    except ValueError:
        return uuid.UUID(int=0)
