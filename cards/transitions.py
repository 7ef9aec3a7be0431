"""The step from the pure state tables to rows: what state follows, and that the row really moved."""

from cards.errors import IllegalTransition
from cards.states import (
    ACTIVATION_MOVES,
    CARD_MOVES,
    CARD_ORDER_MOVES,
    PUK_LETTER_MOVES,
    UNLOCK_MOVES,
    ActivationAction,
    ActivationState,
    CardAction,
    CardOrderAction,
    CardOrderState,
    CardState,
    PukLetterAction,
    PukLetterState,
    UnlockAction,
    UnlockState,
)


def order_after(state: str, action: CardOrderAction) -> str:
    """Return the state of an order after the action; raise IllegalTransition."""
    following = CARD_ORDER_MOVES.get((CardOrderState(state), action))
    if following is None:
        raise IllegalTransition.of(thing="card_order", state=state, action=action.value)
    return following.value


def card_after(state: str, action: CardAction) -> str:
    """Return the state of a card after the action; raise IllegalTransition."""
    following = CARD_MOVES.get((CardState(state), action))
    if following is None:
        raise IllegalTransition.of(thing="card", state=state, action=action.value)
    return following.value


def activation_after(state: str, action: ActivationAction) -> str:
    """Return the state of an activation after the action; raise IllegalTransition."""
    following = ACTIVATION_MOVES.get((ActivationState(state), action))
    if following is None:
        raise IllegalTransition.of(thing="activation", state=state, action=action.value)
    return following.value


def unlock_after(state: str, action: UnlockAction) -> str:
    """Return the state of an unlocking after the action; raise IllegalTransition."""
    following = UNLOCK_MOVES.get((UnlockState(state), action))
    if following is None:
        raise IllegalTransition.of(thing="unlock", state=state, action=action.value)
    return following.value


def puk_letter_after(state: str, action: PukLetterAction) -> str:
    """Return the state of a letter after the action; raise IllegalTransition."""
    following = PUK_LETTER_MOVES.get((PukLetterState(state), action))
    if following is None:
        raise IllegalTransition.of(thing="puk_letter", state=state, action=action.value)
    return following.value


def demand_moved(rows: int, *, thing: str, state: str, action: str) -> None:
    """Raise IllegalTransition when a compare-and-swap found the row in another state than it was read in."""
    if rows != 1:
        raise IllegalTransition.of(thing=thing, state=state, action=action)
