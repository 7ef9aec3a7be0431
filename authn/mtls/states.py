"""The life of an attempt to log in by two-way TLS, as a table, and what time alone makes of it."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from authn.states import IllegalTransition


class AttemptState(StrEnum):
    """Where an attempt stands."""

    OPEN = "open"
    PROVED = "proved"
    REDEEMED = "redeemed"
    FAILED = "failed"


class AttemptAction(StrEnum):
    """What can be done to an attempt. A certificate that is refused leaves it open: there is another try."""

    REFUSE = "refuse"
    PROVE = "prove"
    REDEEM = "redeem"
    FAIL = "fail"


TRANSITIONS: Final[dict[tuple[AttemptState, AttemptAction], AttemptState]] = {
    (AttemptState.OPEN, AttemptAction.REFUSE): AttemptState.OPEN,
    (AttemptState.OPEN, AttemptAction.PROVE): AttemptState.PROVED,
    (AttemptState.OPEN, AttemptAction.FAIL): AttemptState.FAILED,
    (AttemptState.PROVED, AttemptAction.REDEEM): AttemptState.REDEEMED,
    (AttemptState.PROVED, AttemptAction.FAIL): AttemptState.FAILED,
}

LIMITS: Final[dict[AttemptState, timedelta]] = {
    AttemptState.OPEN: timedelta(minutes=5),
    AttemptState.PROVED: timedelta(minutes=1),
}
"""Five minutes to find the card, the certificate and the PIN; one for a browser that is sent on by itself."""

KEPT: Final = timedelta(minutes=5)
"""How long a failed attempt can still be told of before it is gone."""

MOST_TRIES: Final = 30
"""How many certificates, or none, may be shown to one attempt: some more than there are names (AUT-6)."""


def next_state(state: AttemptState, action: AttemptAction) -> AttemptState:
    """Return the state after the action; raises IllegalTransition."""
    try:
        return TRANSITIONS[state, action]
    except KeyError as error:
        raise IllegalTransition(f"{action} is not possible in {state}") from error


def is_late(state: AttemptState, *, since: datetime, at: datetime) -> bool:
    """Say whether an attempt has stayed longer in a state than it may."""
    limit = LIMITS.get(state)
    return limit is not None and at - since > limit


def is_gone(state: AttemptState, *, since: datetime, at: datetime) -> bool:
    """Say whether nobody is told of the attempt any more."""
    if state is AttemptState.REDEEMED:
        return True
    return at - since > LIMITS.get(state, timedelta()) + KEPT
