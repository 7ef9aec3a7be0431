"""The rows of the report on reserve cards in stock: each envelope's place and state, replayed to a moment."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.conf import settings

from cards.stock_models import StockBox, StockCard, StockPlace
from journal.models import Entry
from reports.catalogue import Filter
from reports.conditions import CHUNK, Raw
from reports.question import Question

_TYPES: Final = (
    "stock.box_received", "stock.sent", "stock.arrived", "stock.counted", "stock.lost",
    "reserve_card.handed_out", "stock.returned", "stock.destroyed",
)  # fmt: skip


@dataclass(slots=True)
class _Lying:
    """Where an envelope is, and how it stands; gone for good when it has no state."""

    place_id: str
    state: str


def s9(question: Question) -> Iterator[Raw]:
    """Yield the envelopes of the places asked about: in stock, on their way, missing, or come back."""
    lying = _replayed(question.as_of)
    places = {str(one.pk): one for one in _places(question)}
    chosen, product = question.filters.get(Filter.STATE.value), question.filters.get(Filter.PRODUCT.value)
    told: list[tuple[Any, ...]] = []
    boxes = StockBox.objects.filter(received_at__lte=question.as_of)
    if product:
        boxes = boxes.filter(product_code=product)
    cards = StockCard.objects.filter(box__in=boxes).values_list(
        "pk", "card_number", "box__product_code", "box__number", "box__received_at", "box__valid_until"
    )
    for pk, number, code, box, received_at, valid_until in cards.iterator(chunk_size=CHUNK):
        one = lying.get(str(pk))
        place = places.get(one.place_id) if one else None
        if one is None or place is None or not one.state or (chosen and one.state != chosen):
            continue
        told.append(
            (
                number,
                code,
                box,
                place.name,
                one.state,
                received_at,
                valid_until,
                str(place.organization_id),
                settings.SIGILL_ENVIRONMENT,
            )
        )
    yield from sorted(told, key=lambda row: (row[3], row[0]))


def _places(question: Question) -> list[StockPlace]:
    found = StockPlace.objects.all()
    if (reached := question.reached()) is not None:
        found = found.filter(organization_id__in=reached)
    for units in (question.unit_ids, question.units_asked()):
        if units is not None:
            found = found.filter(unit_id__in=units)
    return list(found)


def _replayed(at: datetime) -> dict[str, _Lying]:
    """Return each envelope as the journal leaves it at a moment."""
    lying: dict[str, _Lying] = {}
    entries = Entry.objects.filter(type__in=_TYPES, at__lte=at).order_by("at", "id")
    for entry in entries.iterator(chunk_size=CHUNK):
        event = json.loads(entry.content)["event"]
        match entry.type:
            case "stock.box_received":
                _receive(event, lying)
            case "stock.sent":
                _move(event["stock_card_ids"], lying, state="IN_TRANSIT", place_id=event["stock_place_id"])
            case "stock.arrived":
                _move(event["stock_card_ids"], lying, state="IN_STOCK", place_id=event["stock_place_id"])
                _move(event["missing_card_ids"], lying, state="MISSING")
            case "stock.counted":
                _move(event["missing_card_ids"], lying, state="MISSING")
                _move(
                    event["found_again_card_ids"], lying, state="IN_STOCK", place_id=event["stock_place_id"]
                )
            case "stock.returned":
                _move(event["stock_card_ids"], lying, state="RETURNED", place_id=event["stock_place_id"])
            case "stock.lost" | "stock.destroyed":
                _move(event["stock_card_ids"], lying, state="")
            case "reserve_card.handed_out":
                _move([event["stock_card_id"]], lying, state="")
    return lying


def _receive(event: dict[str, Any], lying: dict[str, _Lying]) -> None:
    missing = set(event["missing_card_ids"])
    held = StockCard.objects.filter(box_id=event["stock_box_id"]).values_list("pk", flat=True)
    for pk in held:
        state = "MISSING" if str(pk) in missing else "IN_STOCK"
        lying[str(pk)] = _Lying(place_id=event["stock_place_id"], state=state)


def _move(card_ids: list[str], lying: dict[str, _Lying], *, state: str, place_id: str = "") -> None:
    for card_id in card_ids:
        if card_id in lying:
            lying[card_id].state = state
            lying[card_id].place_id = place_id or lying[card_id].place_id
