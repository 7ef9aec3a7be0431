"""Boxes of reserve cards as they come from the producer, received by their serial list."""

from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError, transaction

from cards.models import Card
from cards.serial_lists import SerialList
from cards.stock_errors import BoxAlreadyReceived, BoxCountDiffers, NotInStock
from cards.stock_events import StockBoxReceived
from cards.stock_models import StockBox, StockCard
from cards.stock_moves import ids_of, locked_place
from cards.stock_selectors import get_place
from cards.stock_states import StockCardState
from journal.actor import Actor
from journal.recording import record


def receive_box(
    *,
    place_id: str,
    serial_list: SerialList,
    counted: int,
    missing: Sequence[str] = (),
    actor: Actor,
    at: datetime,
) -> StockBox:
    """Put the cards of a box in stock at a place, once; return the box.

    ``counted`` is how many envelopes were in it; cards of the list that were not are named in ``missing``
    and stay missing. Raises StockPlaceNotFound, Refused, BoxAlreadyReceived, BoxCountDiffers, and NotInStock
    for missing cards that are not on the list.
    """
    listed = serial_list.card_numbers
    if strange := set(missing) - set(listed):
        raise NotInStock.of(sorted(strange))
    if counted != len(listed) - len(set(missing)):
        facts = {"counted": str(counted), "listed": str(len(listed)), "missing": str(len(set(missing)))}
        raise BoxCountDiffers("the box holds another number of cards than its list", facts=facts)
    try:
        with transaction.atomic():
            place = locked_place(get_place(place_id, actor=actor), actor=actor)
            if Card.objects.filter(card_number__in=listed).exists():
                raise BoxAlreadyReceived(serial_list.box, facts={"box": serial_list.box})
            box = StockBox.objects.create(
                number=serial_list.box,
                place=place,
                product_code=serial_list.product_code,
                listed=len(listed),
                valid_until=serial_list.valid_until,
                received_at=at,
                received_by=actor.identifier,
            )
            gone = set(missing)
            cards = StockCard.objects.bulk_create(
                StockCard(
                    state=(StockCardState.MISSING if number in gone else StockCardState.IN_STOCK).value,
                    card_number=number,
                    box=box,
                    place=place,
                    changed_at=at,
                )
                for number in listed
            )
            record(
                StockBoxReceived(
                    stock_place_id=str(place.pk),
                    organization_id=str(place.organization_id),
                    stock_box_id=str(box.pk),
                    listed=len(listed),
                    missing_card_ids=ids_of([card for card in cards if card.card_number in gone]),
                ),
                actor=actor,
                at=at,
            )
    except IntegrityError as error:
        raise BoxAlreadyReceived(serial_list.box, facts={"box": serial_list.box}) from error
    return box
