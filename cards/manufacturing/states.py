"""The state tables of production: a batch of orders on its way to the factory, and a file from it."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class BatchState(StrEnum):
    """Where a batch of card orders stands."""

    ASSEMBLED = "ASSEMBLED"
    SENT = "SENT"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    WITHDRAWN = "WITHDRAWN"


class BatchAction(StrEnum):
    """What can happen to a batch."""

    SEND = "SEND"
    ACKNOWLEDGE = "ACKNOWLEDGE"
    WITHDRAW = "WITHDRAW"


class FactoryFileState(StrEnum):
    """What became of a file from the factory."""

    RECEIVED = "RECEIVED"
    APPLIED = "APPLIED"
    SET_ASIDE = "SET_ASIDE"
    SETTLED = "SETTLED"


class FactoryFileAction(StrEnum):
    """What can happen to a file from the factory."""

    APPLY = "APPLY"
    SET_ASIDE = "SET_ASIDE"
    SETTLE = "SETTLE"


BATCH_MOVES: Final[Mapping[tuple[BatchState, BatchAction], BatchState]] = {
    (BatchState.ASSEMBLED, BatchAction.SEND): BatchState.SENT,
    (BatchState.ASSEMBLED, BatchAction.WITHDRAW): BatchState.WITHDRAWN,
    (BatchState.SENT, BatchAction.ACKNOWLEDGE): BatchState.ACKNOWLEDGED,
}

FACTORY_FILE_MOVES: Final[Mapping[tuple[FactoryFileState, FactoryFileAction], FactoryFileState]] = {
    (FactoryFileState.RECEIVED, FactoryFileAction.APPLY): FactoryFileState.APPLIED,
    (FactoryFileState.RECEIVED, FactoryFileAction.SET_ASIDE): FactoryFileState.SET_ASIDE,
    (FactoryFileState.SET_ASIDE, FactoryFileAction.SETTLE): FactoryFileState.SETTLED,
}

# A batch that the factory still is to take or to answer.
OPEN_BATCH_STATES: Final = frozenset({BatchState.ASSEMBLED, BatchState.SENT})
