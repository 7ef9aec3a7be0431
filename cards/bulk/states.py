"""The state tables of an order for several and of its rows: what leads where, and nothing else."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class BulkOrderState(StrEnum):
    """Where an order for several stands."""

    CHECKING = "CHECKING"
    READY = "READY"
    WAITING = "WAITING"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    FINISHED = "FINISHED"
    CANCELLED = "CANCELLED"
    LAPSED = "LAPSED"


class BulkOrderAction(StrEnum):
    """What can happen to an order for several."""

    SHOW = "SHOW"
    PLACE = "PLACE"
    ASK = "ASK"
    APPROVE = "APPROVE"
    PAUSE = "PAUSE"
    RESUME = "RESUME"
    FINISH = "FINISH"
    CANCEL = "CANCEL"
    LAPSE = "LAPSE"


class BulkRowState(StrEnum):
    """Where a row stands."""

    UNCHECKED = "UNCHECKED"
    READY = "READY"
    ORDERED = "ORDERED"
    REFUSED = "REFUSED"
    CANCELLED = "CANCELLED"


class BulkRowAction(StrEnum):
    """What can happen to a row."""

    ALLOW = "ALLOW"
    REFUSE = "REFUSE"
    ORDER = "ORDER"
    CANCEL = "CANCEL"


_S, _A = BulkOrderState, BulkOrderAction
BULK_ORDER_MOVES: Final[Mapping[tuple[BulkOrderState, BulkOrderAction], BulkOrderState]] = {
    (_S.CHECKING, _A.SHOW): _S.READY,
    (_S.READY, _A.PLACE): _S.RUNNING,
    (_S.READY, _A.ASK): _S.WAITING,
    (_S.WAITING, _A.APPROVE): _S.RUNNING,
    (_S.RUNNING, _A.PAUSE): _S.PAUSED,
    (_S.PAUSED, _A.RESUME): _S.RUNNING,
    (_S.RUNNING, _A.FINISH): _S.FINISHED,
    (_S.CHECKING, _A.CANCEL): _S.CANCELLED,
    (_S.READY, _A.CANCEL): _S.CANCELLED,
    (_S.WAITING, _A.CANCEL): _S.CANCELLED,
    (_S.RUNNING, _A.CANCEL): _S.CANCELLED,
    (_S.PAUSED, _A.CANCEL): _S.CANCELLED,
    (_S.CHECKING, _A.LAPSE): _S.LAPSED,
    (_S.READY, _A.LAPSE): _S.LAPSED,
    (_S.WAITING, _A.LAPSE): _S.LAPSED,
}

_R, _B = BulkRowState, BulkRowAction
BULK_ROW_MOVES: Final[Mapping[tuple[BulkRowState, BulkRowAction], BulkRowState]] = {
    (_R.UNCHECKED, _B.ALLOW): _R.READY,
    (_R.UNCHECKED, _B.REFUSE): _R.REFUSED,
    (_R.UNCHECKED, _B.CANCEL): _R.CANCELLED,
    (_R.READY, _B.ORDER): _R.ORDERED,
    (_R.READY, _B.REFUSE): _R.REFUSED,
    (_R.READY, _B.CANCEL): _R.CANCELLED,
}

DRAFT_STATES: Final = frozenset({_S.CHECKING, _S.READY, _S.WAITING})
"""Nothing was placed yet: these lapse."""
WORKED_STATES: Final = frozenset({_S.CHECKING, _S.RUNNING})
"""The worker has something to do."""
LEFT_STATES: Final = frozenset({_R.UNCHECKED, _R.READY})
"""A row that has no result yet."""
