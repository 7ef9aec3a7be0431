"""Reserve cards that come back from people: ended with all their certificates, kept apart, destroyed.

A reserve card is used for one person only (domain.md 2.1): it never comes into stock again, whoever had it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.db import transaction

from cards.blocking import block_card
from cards.errors import CardNotFound
from cards.reasons import BlockReason
from cards.selectors import get_card
from cards.states import CardState
from cards.stock_errors import NoReserveCardsNamed, NotInStock
from cards.stock_events import StockDestroyed, StockReturned
from cards.stock_models import StockCard
from cards.stock_moves import ids_of, locked_place, move_cards
from cards.stock_selectors import cards_at, get_place
from cards.stock_states import StockCardAction, StockCardState
from journal.actor import Actor
from journal.recording import record

_LIVING: Final = frozenset({CardState.SHIPPED.value, CardState.ACTIVE.value})


def take_back(*, place_id: str, card_numbers: Sequence[str], actor: Actor, at: datetime) -> int:
    """Take back cards that were handed out, end those in somebody's use, and keep them here; return how many.

    All or none. Raises StockPlaceNotFound, Refused (also by the rule for blocking), NoReserveCardsNamed, and
    NotInStock for cards that were not handed out, or to people out of reach.
    """
    if not card_numbers:
        raise NoReserveCardsNamed("none", facts={"text": ""})
    with transaction.atomic():
        place = locked_place(get_place(place_id, actor=actor), actor=actor)
        handed_out = StockCard.objects.select_related("reserve_hand_out__card").filter(
            card_number__in=list(card_numbers), state=StockCardState.HANDED_OUT.value
        )
        cards = list(handed_out.order_by("card_number"))
        if lacking := set(card_numbers) - {card.card_number for card in cards}:
            raise NotInStock.of(sorted(lacking))
        for stock_card in cards:
            try:
                card = get_card(str(stock_card.reserve_hand_out.card_id), actor=actor)
            except CardNotFound:
                raise NotInStock.of([stock_card.card_number]) from None  # as a number that nobody has
            if card.state in _LIVING:
                block_card(
                    card_id=str(card.pk), reason=BlockReason.REPLACED, requested_at=at, actor=actor, at=at
                )
        move_cards(cards, StockCardAction.RETURN, place=place, at=at)
        event = StockReturned(
            stock_place_id=str(place.pk),
            organization_id=str(place.organization_id),
            stock_card_ids=ids_of(cards),
        )
        record(event, actor=actor, at=at)
    return len(cards)


def destroy_returned(*, place_id: str, card_numbers: Sequence[str], actor: Actor, at: datetime) -> int:
    """Note that cards which came back to a place were destroyed there; return how many.

    Raises StockPlaceNotFound, Refused, NoReserveCardsNamed, and NotInStock for any other card.
    """
    if not card_numbers:
        raise NoReserveCardsNamed("none", facts={"text": ""})
    with transaction.atomic():
        place = locked_place(get_place(place_id, actor=actor), actor=actor)
        cards = list(cards_at(place, StockCardState.RETURNED).filter(card_number__in=list(card_numbers)))
        if lacking := set(card_numbers) - {card.card_number for card in cards}:
            raise NotInStock.of(sorted(lacking))
        move_cards(cards, StockCardAction.DESTROY, at=at)
        event = StockDestroyed(
            stock_place_id=str(place.pk),
            organization_id=str(place.organization_id),
            stock_card_ids=ids_of(cards),
        )
        record(event, actor=actor, at=at)
    return len(cards)
