"""The state tables of reserve cards before they are somebody's: envelopes in a stock, and those under way."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class StockCardState(StrEnum):
    """Where a sealed envelope with a reserve card is."""

    IN_STOCK = "IN_STOCK"
    IN_TRANSIT = "IN_TRANSIT"
    MISSING = "MISSING"
    HANDED_OUT = "HANDED_OUT"
    LOST = "LOST"
    RETURNED = "RETURNED"
    DESTROYED = "DESTROYED"


class StockCardAction(StrEnum):
    """What can happen to an envelope."""

    SEND = "SEND"
    ARRIVE = "ARRIVE"
    MISS = "MISS"
    FIND = "FIND"
    HAND_OUT = "HAND_OUT"
    LOSE = "LOSE"
    RETURN = "RETURN"
    DESTROY = "DESTROY"


class StockTransferState(StrEnum):
    """Where a hand-over between two places stands."""

    SENT = "SENT"
    RECEIVED = "RECEIVED"


class StockTransferAction(StrEnum):
    """What can happen to a hand-over."""

    RECEIVE = "RECEIVE"


class ReserveState(StrEnum):
    """Where the hand-out of a reserve card stands, or its re-fill.

    What becomes of a card handed out is the card's state; a re-fill, of a card in use, has ends of its own.
    """

    AWAITING_SECOND = "AWAITING_SECOND"
    READY = "READY"
    REFUSED = "REFUSED"
    LOCKED = "LOCKED"
    FETCHED = "FETCHED"
    ENDED = "ENDED"


class ReserveAction(StrEnum):
    """What can happen to a hand-out or a re-fill."""

    APPROVE = "APPROVE"
    REFUSE = "REFUSE"
    LOCK = "LOCK"
    FETCH = "FETCH"
    END = "END"


class LossReason(StrEnum):
    """Why a reserve card in stock will never be handed out."""

    STOLEN = "stolen"
    LOST = "lost"
    OPENED = "opened"
    DAMAGED = "damaged"


STOCK_CARD_MOVES: Final[Mapping[tuple[StockCardState, StockCardAction], StockCardState]] = {
    (StockCardState.IN_STOCK, StockCardAction.SEND): StockCardState.IN_TRANSIT,
    (StockCardState.IN_STOCK, StockCardAction.MISS): StockCardState.MISSING,
    (StockCardState.IN_STOCK, StockCardAction.HAND_OUT): StockCardState.HANDED_OUT,
    (StockCardState.IN_STOCK, StockCardAction.LOSE): StockCardState.LOST,
    (StockCardState.IN_TRANSIT, StockCardAction.ARRIVE): StockCardState.IN_STOCK,
    (StockCardState.IN_TRANSIT, StockCardAction.MISS): StockCardState.MISSING,
    (StockCardState.IN_TRANSIT, StockCardAction.LOSE): StockCardState.LOST,
    (StockCardState.HANDED_OUT, StockCardAction.RETURN): StockCardState.RETURNED,
    (StockCardState.RETURNED, StockCardAction.DESTROY): StockCardState.DESTROYED,
    (StockCardState.MISSING, StockCardAction.FIND): StockCardState.IN_STOCK,
    (StockCardState.MISSING, StockCardAction.LOSE): StockCardState.LOST,
}

STOCK_TRANSFER_MOVES: Final[Mapping[tuple[StockTransferState, StockTransferAction], StockTransferState]] = {
    (StockTransferState.SENT, StockTransferAction.RECEIVE): StockTransferState.RECEIVED,
}

RESERVE_MOVES: Final[Mapping[tuple[ReserveState, ReserveAction], ReserveState]] = {
    (ReserveState.AWAITING_SECOND, ReserveAction.APPROVE): ReserveState.READY,
    (ReserveState.AWAITING_SECOND, ReserveAction.REFUSE): ReserveState.REFUSED,
    (ReserveState.READY, ReserveAction.LOCK): ReserveState.LOCKED,
}

# The two people's steps are those of a hand-out; the card was in use before it and goes on after it.
REFILL_MOVES: Final[Mapping[tuple[ReserveState, ReserveAction], ReserveState]] = {
    **RESERVE_MOVES,
    (ReserveState.READY, ReserveAction.FETCH): ReserveState.FETCHED,
    (ReserveState.READY, ReserveAction.END): ReserveState.ENDED,
    (ReserveState.AWAITING_SECOND, ReserveAction.END): ReserveState.ENDED,
}

# States of a hand-out: the card's own tell the rest.
HAND_OUT_STATES: Final = tuple(
    state for state in ReserveState if state not in {ReserveState.FETCHED, ReserveState.ENDED}
)

# A re-fill that still may lead to certificates: at most one per card.
OPEN_REFILL_STATES: Final = frozenset({ReserveState.AWAITING_SECOND, ReserveState.READY})
