"""The step from the table of mobile eIDs to rows."""

from cards.errors import IllegalTransition
from cards.mobile.states import MOBILE_MOVES, MobileAction, MobileState


def mobile_after(state: str, action: MobileAction) -> str:
    """Return the state of a mobile eID after the action; raise IllegalTransition."""
    following = MOBILE_MOVES.get((MobileState(state), action))
    if following is None:
        raise IllegalTransition.of(thing="mobile", state=state, action=action.value)
    return following.value
