"""The state table of a mobile eID: which action leads from which state to which, and nothing else."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class MobileState(StrEnum):
    """How far a mobile eID has come; that it is past its last moment is computed, never stored."""

    OPENED = "OPENED"
    CLAIMED = "CLAIMED"
    KEY_MADE = "KEY_MADE"
    ISSUED = "ISSUED"
    ACTIVE = "ACTIVE"
    BLOCKED = "BLOCKED"
    ABORTED = "ABORTED"


class MobileAction(StrEnum):
    """What can happen to a mobile eID."""

    CLAIM = "CLAIM"
    REGISTER_KEY = "REGISTER_KEY"
    ISSUE = "ISSUE"
    CONFIRM = "CONFIRM"
    BLOCK = "BLOCK"
    ABORT = "ABORT"


MOBILE_MOVES: Final[Mapping[tuple[MobileState, MobileAction], MobileState]] = {
    (MobileState.OPENED, MobileAction.CLAIM): MobileState.CLAIMED,
    (MobileState.OPENED, MobileAction.ABORT): MobileState.ABORTED,
    (MobileState.CLAIMED, MobileAction.REGISTER_KEY): MobileState.KEY_MADE,
    (MobileState.CLAIMED, MobileAction.ABORT): MobileState.ABORTED,
    (MobileState.KEY_MADE, MobileAction.ISSUE): MobileState.ISSUED,
    (MobileState.KEY_MADE, MobileAction.ABORT): MobileState.ABORTED,
    (MobileState.ISSUED, MobileAction.CONFIRM): MobileState.ACTIVE,
    (MobileState.ISSUED, MobileAction.ABORT): MobileState.ABORTED,
    (MobileState.ACTIVE, MobileAction.BLOCK): MobileState.BLOCKED,
}

OPEN_MOBILE_STATES: Final = frozenset(
    {MobileState.OPENED, MobileState.CLAIMED, MobileState.KEY_MADE, MobileState.ISSUED}
)
"""A phone may still do something: at most one per person."""
