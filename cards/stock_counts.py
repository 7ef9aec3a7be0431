"""Inventory counts of a place, and reports of loss: what is gone is handed out to nobody."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from cards.stock_errors import NoReserveCardsNamed, NotInStock, StockReasonMissing
from cards.stock_events import StockCounted, StockLost
from cards.stock_models import StockCard, StockCount, StockPlace
from cards.stock_moves import ids_of, locked_place, move_cards
from cards.stock_selectors import cards_at, get_place
from cards.stock_states import LossReason, StockCardAction, StockCardState
from journal.actor import Actor
from journal.recording import record


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What a count found: envelopes not there, those that had been missing, and those of other places."""

    expected: tuple[StockCard, ...]
    missing: tuple[StockCard, ...]
    found_again: tuple[StockCard, ...]
    unexpected: tuple[str, ...]

    @property
    def differs(self) -> bool:
        """Tell whether anything is not as expected."""
        return bool(self.missing or self.found_again or self.unexpected)


def difference(place: StockPlace, counted: Sequence[str]) -> Difference:
    """Compare the numbers that were read at a place with what should be there; nothing changes."""
    expected = tuple(cards_at(place, StockCardState.IN_STOCK))
    there = set(counted)
    known = {card.card_number for card in expected}
    lost_track_of = StockCard.objects.filter(
        card_number__in=sorted(there - known),
        state=StockCardState.MISSING.value,
        place__organization_id=place.organization_id,
    )
    found_again = tuple(lost_track_of.order_by("card_number"))
    return Difference(
        expected=expected,
        missing=tuple(card for card in expected if card.card_number not in there),
        found_again=found_again,
        unexpected=tuple(sorted(there - known - {card.card_number for card in found_again})),
    )


def count_place(
    *, place_id: str, counted: Sequence[str], reason: str = "", actor: Actor, at: datetime
) -> StockCount:
    """Register a count: what is not there is missing from now on, what was missing and is there is found.

    Cards that should be elsewhere are told and stay where they are known to be. Raises StockPlaceNotFound,
    Refused, and StockReasonMissing when the count differs and nobody says why.
    """
    with transaction.atomic():
        place = locked_place(get_place(place_id, actor=actor), actor=actor)
        found = difference(place, counted)
        if found.differs and not reason.strip():
            facts = {
                "expected": str(len(found.expected)),
                "missing": str(len(found.missing)),
                "found_again": str(len(found.found_again)),
                "unexpected": str(len(found.unexpected)),
            }
            raise StockReasonMissing("the count differs", facts=facts)
        move_cards(found.missing, StockCardAction.MISS, at=at)
        move_cards(found.found_again, StockCardAction.FIND, place=place, at=at)
        count = StockCount.objects.create(
            place=place,
            counted_at=at,
            counted_by=actor.identifier,
            expected=len(found.expected),
            found=len(set(counted)),
            missing=_numbers(found.missing),
            unexpected=" ".join(found.unexpected),
            reason=reason.strip()[:200],
        )
        event = StockCounted(
            stock_place_id=str(place.pk),
            organization_id=str(place.organization_id),
            stock_count_id=str(count.pk),
            expected=count.expected,
            found=count.found,
            missing_card_ids=ids_of(found.missing),
            found_again_card_ids=ids_of(found.found_again),
            unexpected=len(found.unexpected),
        )
        record(event, actor=actor, at=at)
    return count


def report_loss(
    *, place_id: str, card_numbers: Sequence[str], reason: LossReason, actor: Actor, at: datetime
) -> int:
    """Block envelopes of a place for ever, in stock, missing or on their way from it; return how many.

    Raises StockPlaceNotFound, Refused, NoReserveCardsNamed, and NotInStock for cards of elsewhere, and for
    those handed out: a person's card is blocked as every card is.
    """
    if not card_numbers:
        raise NoReserveCardsNamed("none", facts={"text": ""})
    with transaction.atomic():
        place = locked_place(get_place(place_id, actor=actor), actor=actor)
        held = cards_at(place, StockCardState.IN_STOCK, StockCardState.IN_TRANSIT, StockCardState.MISSING)
        cards = list(held.filter(card_number__in=list(card_numbers)))
        if lacking := set(card_numbers) - {card.card_number for card in cards}:
            raise NotInStock.of(sorted(lacking))
        move_cards(cards, StockCardAction.LOSE, loss_reason=reason.value, at=at)
        event = StockLost(
            stock_place_id=str(place.pk),
            organization_id=str(place.organization_id),
            reason=reason.value,
            stock_card_ids=ids_of(cards),
        )
        record(event, actor=actor, at=at)
    return len(cards)


def _numbers(cards: Sequence[StockCard]) -> str:
    return " ".join(card.card_number for card in cards)
