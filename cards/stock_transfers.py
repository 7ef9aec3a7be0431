"""Reserve cards handed over from one place to another: sent, received, and what did not come is missing."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from cards.errors import IllegalTransition, Refused
from cards.stock_errors import NoReserveCardsNamed, NotInStock, StockPlaceNotFound, StockReasonMissing
from cards.stock_events import StockArrived, StockSent
from cards.stock_models import StockCard, StockTransfer
from cards.stock_moves import cards_in_stock, ids_of, lock_places, locked_place, move_cards
from cards.stock_policies import may_keep
from cards.stock_selectors import get_place, get_transfer, places_beside
from cards.stock_states import (
    STOCK_TRANSFER_MOVES,
    StockCardAction,
    StockCardState,
    StockTransferAction,
    StockTransferState,
)
from cards.transitions import demand_moved
from journal.actor import Actor
from journal.recording import record


def send_cards(
    *, source_id: str, target_id: str, card_numbers: Sequence[str], actor: Actor, at: datetime
) -> StockTransfer:
    """Send envelopes that are in stock to another place of the organization; return the hand-over.

    Raises StockPlaceNotFound (either place), Refused, NoReserveCardsNamed and NotInStock.
    """
    if not card_numbers:
        raise NoReserveCardsNamed("none", facts={"text": ""})
    source = get_place(source_id, actor=actor)
    target = next((one for one in places_beside(source) if str(one.pk) == str(target_id)), None)
    if target is None:
        raise StockPlaceNotFound(str(target_id))
    with transaction.atomic():
        source = locked_place(source, actor=actor)
        cards = cards_in_stock(source, card_numbers)
        transfer = StockTransfer.objects.create(
            state=StockTransferState.SENT.value,
            source=source,
            target=target,
            quantity=len(cards),
            sent_at=at,
            sent_by=actor.identifier,
        )
        move_cards(cards, StockCardAction.SEND, transfer=transfer, at=at)
        event = StockSent(
            stock_place_id=str(source.pk),
            organization_id=str(source.organization_id),
            stock_transfer_id=str(transfer.pk),
            target_place_id=str(target.pk),
            stock_card_ids=ids_of(cards),
        )
        record(event, actor=actor, at=at)
    return transfer


def receive_cards(
    *, transfer_id: str, missing: Sequence[str] = (), note: str = "", actor: Actor, at: datetime
) -> StockTransfer:
    """Take what came into stock; what did not is missing where it was sent from, and the note says more.

    Raises StockTransferNotFound, Refused (only those of the receiving place receive), IllegalTransition,
    NotInStock (missing cards that were not sent), and StockReasonMissing.
    """
    transfer = get_transfer(transfer_id, actor=actor)
    if (refusal := may_keep(transfer.target, actor=actor)) is not None:
        raise Refused(refusal)
    if missing and not note.strip():
        raise StockReasonMissing("cards are missing", facts={"missing": str(len(set(missing)))})
    with transaction.atomic():
        lock_places([transfer.source_id, transfer.target_id])
        following = STOCK_TRANSFER_MOVES.get(
            (StockTransferState(transfer.state), StockTransferAction.RECEIVE)
        )
        if following is None:
            raise IllegalTransition.of(thing="stock_transfer", state=transfer.state, action="RECEIVE")
        sent = StockCard.objects.filter(transfer=transfer, state=StockCardState.IN_TRANSIT.value)
        cards = list(sent.order_by("card_number"))
        if strange := set(missing) - {card.card_number for card in cards}:
            raise NotInStock.of(sorted(strange))
        arrived = [card for card in cards if card.card_number not in set(missing)]
        gone = [card for card in cards if card.card_number in set(missing)]
        moved = StockTransfer.objects.filter(pk=transfer.pk, state=transfer.state).update(
            state=following.value,
            received_at=at,
            received_by=actor.identifier,
            missing=len(gone),
            note=note.strip()[:200],
        )
        demand_moved(moved, thing="stock_transfer", state=transfer.state, action="RECEIVE")
        move_cards(arrived, StockCardAction.ARRIVE, place=transfer.target, at=at)
        move_cards(gone, StockCardAction.MISS, at=at)
        event = StockArrived(
            stock_place_id=str(transfer.target_id),
            organization_id=str(transfer.target.organization_id),
            stock_transfer_id=str(transfer.pk),
            source_place_id=str(transfer.source_id),
            stock_card_ids=ids_of(arrived),
            missing_card_ids=ids_of(gone),
        )
        record(event, actor=actor, at=at)
    transfer.refresh_from_db()
    return transfer
