"""The state table of a renewal: which action leads from which state to which, and nothing else."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class RenewalState(StrEnum):
    """How far the new certificates of a card in use have come."""

    OPENED = "OPENED"
    CLAIMED = "CLAIMED"
    KEYS_MADE = "KEYS_MADE"
    ISSUED = "ISSUED"
    WRITTEN = "WRITTEN"
    RENEWED = "RENEWED"
    ABORTED = "ABORTED"


class RenewalAction(StrEnum):
    """What can happen to a renewal."""

    CLAIM = "CLAIM"
    REGISTER_KEYS = "REGISTER_KEYS"
    ISSUE = "ISSUE"
    CONFIRM_WRITTEN = "CONFIRM_WRITTEN"
    SIGN_RECEIPT = "SIGN_RECEIPT"
    ABORT = "ABORT"


RENEWAL_MOVES: Final[Mapping[tuple[RenewalState, RenewalAction], RenewalState]] = {
    (RenewalState.OPENED, RenewalAction.CLAIM): RenewalState.CLAIMED,
    (RenewalState.OPENED, RenewalAction.ABORT): RenewalState.ABORTED,
    (RenewalState.CLAIMED, RenewalAction.REGISTER_KEYS): RenewalState.KEYS_MADE,
    (RenewalState.CLAIMED, RenewalAction.ABORT): RenewalState.ABORTED,
    (RenewalState.KEYS_MADE, RenewalAction.ISSUE): RenewalState.ISSUED,
    (RenewalState.KEYS_MADE, RenewalAction.ABORT): RenewalState.ABORTED,
    (RenewalState.ISSUED, RenewalAction.CONFIRM_WRITTEN): RenewalState.WRITTEN,
    (RenewalState.ISSUED, RenewalAction.ABORT): RenewalState.ABORTED,
    (RenewalState.WRITTEN, RenewalAction.SIGN_RECEIPT): RenewalState.RENEWED,
    (RenewalState.WRITTEN, RenewalAction.ABORT): RenewalState.ABORTED,
}

# A renewal in which a client may still do something: at most one per card.
OPEN_RENEWAL_STATES: Final = frozenset(RenewalState) - {RenewalState.RENEWED, RenewalState.ABORTED}
