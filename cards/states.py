"""The state tables of the card world: which action leads from which state to which, and nothing else."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class CardOrderState(StrEnum):
    """Where an order stands (domain.md 2.4)."""

    DRAFT = "DRAFT"
    PLACED = "PLACED"
    SENT = "SENT"
    IN_PRODUCTION = "IN_PRODUCTION"
    SHIPPED = "SHIPPED"
    ACTIVATED = "ACTIVATED"
    CANCELLED = "CANCELLED"
    REJECTED = "REJECTED"
    LAPSED = "LAPSED"


class CardOrderAction(StrEnum):
    """What can happen to an order."""

    PLACE = "PLACE"
    CANCEL = "CANCEL"
    SEND = "SEND"
    START_PRODUCTION = "START_PRODUCTION"
    SHIP = "SHIP"
    REJECT = "REJECT"
    ACTIVATE = "ACTIVATE"
    LAPSE = "LAPSE"


class CardState(StrEnum):
    """Where a card stands; an expired card is computed from its last day of validity, never stored."""

    ORDERED = "ORDERED"
    SHIPPED = "SHIPPED"
    ACTIVE = "ACTIVE"
    BLOCKED = "BLOCKED"
    DISCARDED = "DISCARDED"


class CardAction(StrEnum):
    """What can happen to a card."""

    SHIP = "SHIP"
    ACTIVATE = "ACTIVATE"
    BLOCK = "BLOCK"
    DISCARD = "DISCARD"


class ActivationState(StrEnum):
    """How far the activation of a card has come."""

    OPENED = "OPENED"
    CLAIMED = "CLAIMED"
    KEYS_MADE = "KEYS_MADE"
    ISSUED = "ISSUED"
    WRITTEN = "WRITTEN"
    ACTIVE = "ACTIVE"
    ABORTED = "ABORTED"


class ActivationAction(StrEnum):
    """What can happen to an activation."""

    CLAIM = "CLAIM"
    ANSWER = "ANSWER"
    REGISTER_KEYS = "REGISTER_KEYS"
    ISSUE = "ISSUE"
    CONFIRM_WRITTEN = "CONFIRM_WRITTEN"
    SIGN_RECEIPT = "SIGN_RECEIPT"
    ABORT = "ABORT"


class UnlockState(StrEnum):
    """How far the unlocking of a card at the desk has come."""

    OPENED = "OPENED"
    CLAIMED = "CLAIMED"
    ANSWERED = "ANSWERED"
    UNLOCKED = "UNLOCKED"
    ABORTED = "ABORTED"


class UnlockAction(StrEnum):
    """What can happen to an unlocking."""

    CLAIM = "CLAIM"
    ANSWER = "ANSWER"
    CONFIRM = "CONFIRM"
    ABORT = "ABORT"


class PukLetterState(StrEnum):
    """Where a letter with a card's PUK stands."""

    PLACED = "PLACED"
    SENT = "SENT"
    POSTED = "POSTED"
    ENDED = "ENDED"


class PukLetterAction(StrEnum):
    """What can happen to a letter."""

    SEND = "SEND"
    POST = "POST"
    END = "END"


CARD_ORDER_MOVES: Final[Mapping[tuple[CardOrderState, CardOrderAction], CardOrderState]] = {
    (CardOrderState.DRAFT, CardOrderAction.PLACE): CardOrderState.PLACED,
    (CardOrderState.DRAFT, CardOrderAction.CANCEL): CardOrderState.CANCELLED,
    (CardOrderState.PLACED, CardOrderAction.CANCEL): CardOrderState.CANCELLED,
    (CardOrderState.PLACED, CardOrderAction.LAPSE): CardOrderState.LAPSED,
    (CardOrderState.PLACED, CardOrderAction.SEND): CardOrderState.SENT,
    (CardOrderState.SENT, CardOrderAction.START_PRODUCTION): CardOrderState.IN_PRODUCTION,
    (CardOrderState.SENT, CardOrderAction.REJECT): CardOrderState.REJECTED,
    (CardOrderState.SENT, CardOrderAction.LAPSE): CardOrderState.LAPSED,
    (CardOrderState.IN_PRODUCTION, CardOrderAction.SHIP): CardOrderState.SHIPPED,
    (CardOrderState.IN_PRODUCTION, CardOrderAction.REJECT): CardOrderState.REJECTED,
    (CardOrderState.IN_PRODUCTION, CardOrderAction.LAPSE): CardOrderState.LAPSED,
    (CardOrderState.SHIPPED, CardOrderAction.ACTIVATE): CardOrderState.ACTIVATED,
    (CardOrderState.SHIPPED, CardOrderAction.LAPSE): CardOrderState.LAPSED,
}

CARD_MOVES: Final[Mapping[tuple[CardState, CardAction], CardState]] = {
    (CardState.ORDERED, CardAction.SHIP): CardState.SHIPPED,
    (CardState.ORDERED, CardAction.BLOCK): CardState.BLOCKED,
    (CardState.ORDERED, CardAction.DISCARD): CardState.DISCARDED,
    (CardState.SHIPPED, CardAction.ACTIVATE): CardState.ACTIVE,
    (CardState.SHIPPED, CardAction.BLOCK): CardState.BLOCKED,
    (CardState.SHIPPED, CardAction.DISCARD): CardState.DISCARDED,
    (CardState.ACTIVE, CardAction.BLOCK): CardState.BLOCKED,
}

ACTIVATION_MOVES: Final[Mapping[tuple[ActivationState, ActivationAction], ActivationState]] = {
    (ActivationState.OPENED, ActivationAction.CLAIM): ActivationState.CLAIMED,
    (ActivationState.OPENED, ActivationAction.ABORT): ActivationState.ABORTED,
    (ActivationState.CLAIMED, ActivationAction.ANSWER): ActivationState.CLAIMED,
    (ActivationState.CLAIMED, ActivationAction.REGISTER_KEYS): ActivationState.KEYS_MADE,
    (ActivationState.CLAIMED, ActivationAction.ABORT): ActivationState.ABORTED,
    (ActivationState.KEYS_MADE, ActivationAction.ISSUE): ActivationState.ISSUED,
    (ActivationState.KEYS_MADE, ActivationAction.ABORT): ActivationState.ABORTED,
    (ActivationState.ISSUED, ActivationAction.CONFIRM_WRITTEN): ActivationState.WRITTEN,
    (ActivationState.ISSUED, ActivationAction.ABORT): ActivationState.ABORTED,
    (ActivationState.WRITTEN, ActivationAction.SIGN_RECEIPT): ActivationState.ACTIVE,
    (ActivationState.WRITTEN, ActivationAction.ABORT): ActivationState.ABORTED,
}

UNLOCK_MOVES: Final[Mapping[tuple[UnlockState, UnlockAction], UnlockState]] = {
    (UnlockState.OPENED, UnlockAction.CLAIM): UnlockState.CLAIMED,
    (UnlockState.OPENED, UnlockAction.ABORT): UnlockState.ABORTED,
    (UnlockState.CLAIMED, UnlockAction.ANSWER): UnlockState.ANSWERED,
    (UnlockState.CLAIMED, UnlockAction.ABORT): UnlockState.ABORTED,
    (UnlockState.ANSWERED, UnlockAction.ANSWER): UnlockState.ANSWERED,
    (UnlockState.ANSWERED, UnlockAction.CONFIRM): UnlockState.UNLOCKED,
    (UnlockState.ANSWERED, UnlockAction.ABORT): UnlockState.ABORTED,
}

PUK_LETTER_MOVES: Final[Mapping[tuple[PukLetterState, PukLetterAction], PukLetterState]] = {
    (PukLetterState.PLACED, PukLetterAction.SEND): PukLetterState.SENT,
    (PukLetterState.PLACED, PukLetterAction.END): PukLetterState.ENDED,
    (PukLetterState.SENT, PukLetterAction.POST): PukLetterState.POSTED,
}

# An order that still may end with a card in the holder's hand: at most one per person and organization.
RUNNING_ORDER_STATES: Final = frozenset(
    {
        CardOrderState.DRAFT,
        CardOrderState.PLACED,
        CardOrderState.SENT,
        CardOrderState.IN_PRODUCTION,
        CardOrderState.SHIPPED,
    },
)

# An activation in which a client may still do something: at most one per card.
OPEN_ACTIVATION_STATES: Final = frozenset(
    {
        ActivationState.OPENED,
        ActivationState.CLAIMED,
        ActivationState.KEYS_MADE,
        ActivationState.ISSUED,
        ActivationState.WRITTEN,
    },
)

# An unlocking in which a client may still do something: at most one per card.
OPEN_UNLOCK_STATES: Final = frozenset({UnlockState.OPENED, UnlockState.CLAIMED, UnlockState.ANSWERED})

# A letter that is still to come: at most one per card.
RUNNING_PUK_LETTER_STATES: Final = frozenset({PukLetterState.PLACED, PukLetterState.SENT})

BLOCKABLE_CARD_STATES: Final = frozenset(
    state for (state, action) in CARD_MOVES if action is CardAction.BLOCK
)
