"""The step from the table of renewals to rows."""

from cards.errors import IllegalTransition
from cards.renewal.states import RENEWAL_MOVES, RenewalAction, RenewalState


def renewal_after(state: str, action: RenewalAction) -> str:
    """Return the state of a renewal after the action; raise IllegalTransition."""
    following = RENEWAL_MOVES.get((RenewalState(state), action))
    if following is None:
        raise IllegalTransition.of(thing="renewal", state=state, action=action.value)
    return following.value
