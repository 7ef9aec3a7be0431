"""What the journal keeps of reserve cards in stock: by ids alone, as a card becomes a person's."""

from dataclasses import dataclass
from typing import ClassVar

from journal.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class _AboutAPlace(Event):
    stock_place_id: str
    organization_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StockPlaceSet(_AboutAPlace):
    """A place for reserve cards was opened, or is warned of at another number."""

    TYPE: ClassVar[str] = "stock.place_set"
    threshold: int
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StockBoxReceived(_AboutAPlace):
    """A box from the producer was received; the cards on its list that were not in it are missing."""

    TYPE: ClassVar[str] = "stock.box_received"
    IS_PRIVILEGED: ClassVar[bool] = True
    stock_box_id: str
    listed: int
    missing_card_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StockSent(_AboutAPlace):
    """Reserve cards left a place for another."""

    TYPE: ClassVar[str] = "stock.sent"
    stock_transfer_id: str
    target_place_id: str
    stock_card_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StockArrived(_AboutAPlace):
    """Reserve cards came to a place; those that did not come are missing."""

    TYPE: ClassVar[str] = "stock.arrived"
    stock_transfer_id: str
    source_place_id: str
    stock_card_ids: tuple[str, ...]
    missing_card_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StockCounted(_AboutAPlace):
    """A place was counted: what was expected, found, missing, found again, and there without a reason."""

    TYPE: ClassVar[str] = "stock.counted"
    stock_count_id: str
    expected: int
    found: int
    missing_card_ids: tuple[str, ...]
    found_again_card_ids: tuple[str, ...]
    unexpected: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StockLost(_AboutAPlace):
    """Reserve cards are lost, for ever: nobody can be handed one of them."""

    TYPE: ClassVar[str] = "stock.lost"
    reason: str
    stock_card_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StockReturned(_AboutAPlace):
    """Reserve cards came back from people; they are ended and wait here to be destroyed."""

    TYPE: ClassVar[str] = "stock.returned"
    stock_card_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StockDestroyed(_AboutAPlace):
    """Reserve cards that had come back were destroyed."""

    TYPE: ClassVar[str] = "stock.destroyed"
    stock_card_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StockRunningLow(_AboutAPlace):
    """A place has fewer reserve cards than it should: those responsible are to be told."""

    TYPE: ClassVar[str] = "stock.running_low"
    left: int
    threshold: int
