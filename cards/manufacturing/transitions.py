"""The step from production's state tables to rows: what state follows."""

from cards.errors import IllegalTransition
from cards.manufacturing.states import (
    BATCH_MOVES,
    FACTORY_FILE_MOVES,
    BatchAction,
    BatchState,
    FactoryFileAction,
    FactoryFileState,
)


def batch_after(state: str, action: BatchAction) -> str:
    """Return the state of a batch after the action; raise IllegalTransition."""
    following = BATCH_MOVES.get((BatchState(state), action))
    if following is None:
        raise IllegalTransition.of(thing="production_batch", state=state, action=action.value)
    return following.value


def file_after(state: FactoryFileState, action: FactoryFileAction) -> str:
    """Return the state of a factory's file after the action; raise IllegalTransition."""
    following = FACTORY_FILE_MOVES.get((state, action))
    if following is None:
        raise IllegalTransition.of(thing="factory_file", state=state.value, action=action.value)
    return following.value
