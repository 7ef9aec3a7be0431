"""The state table of an ordered report: which action leads from which state to which."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class ReportState(StrEnum):
    """Where an ordered report stands."""

    ORDERED = "ORDERED"
    MADE = "MADE"
    READY = "READY"
    FAILED = "FAILED"
    DELETED = "DELETED"


class ReportAction(StrEnum):
    """What can happen to an ordered report."""

    MAKE = "MAKE"
    PROVE = "PROVE"
    FAIL = "FAIL"
    DELETE = "DELETE"


REPORT_MOVES: Final[Mapping[tuple[ReportState, ReportAction], ReportState]] = {
    (ReportState.ORDERED, ReportAction.MAKE): ReportState.MADE,
    (ReportState.ORDERED, ReportAction.FAIL): ReportState.FAILED,
    (ReportState.MADE, ReportAction.PROVE): ReportState.READY,
    (ReportState.MADE, ReportAction.FAIL): ReportState.FAILED,
    (ReportState.READY, ReportAction.DELETE): ReportState.DELETED,
}

AWAITED: Final = frozenset({ReportState.ORDERED, ReportState.MADE})
"""The worker is at it."""
