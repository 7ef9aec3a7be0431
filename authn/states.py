"""The life of an order as a table, and what time alone makes of it."""

from datetime import datetime, timedelta
from enum import StrEnum

from authn.hints import FailureHint, PendingHint


class OrderState(StrEnum):
    """Where an order stands."""

    CREATED = "created"
    CLAIMED = "claimed"
    VERIFYING = "verifying"
    COMPLETE = "complete"
    CONSUMED = "consumed"
    FAILED = "failed"


class OrderAction(StrEnum):
    """What can be done to an order."""

    CLAIM = "claim"
    RESPOND = "respond"
    COMPLETE = "complete"
    COLLECT = "collect"
    FAIL = "fail"


TRANSITIONS: dict[tuple[OrderState, OrderAction], OrderState] = {
    (OrderState.CREATED, OrderAction.CLAIM): OrderState.CLAIMED,
    (OrderState.CREATED, OrderAction.FAIL): OrderState.FAILED,
    (OrderState.CLAIMED, OrderAction.RESPOND): OrderState.VERIFYING,
    (OrderState.CLAIMED, OrderAction.FAIL): OrderState.FAILED,
    (OrderState.VERIFYING, OrderAction.COMPLETE): OrderState.COMPLETE,
    (OrderState.VERIFYING, OrderAction.FAIL): OrderState.FAILED,
    (OrderState.COMPLETE, OrderAction.COLLECT): OrderState.CONSUMED,
}

LIMITS: dict[OrderState, timedelta] = {
    OrderState.CREATED: timedelta(seconds=60),
    OrderState.CLAIMED: timedelta(seconds=180),
    OrderState.VERIFYING: timedelta(seconds=15),
    OrderState.COMPLETE: timedelta(seconds=180),
    OrderState.FAILED: timedelta(seconds=300),
}
"""How long an order may stay in a state; afterwards it counts as failed, or as gone."""

MOST_RETURN_CODE_TRIES = 3
"""How often the digits of a client may be typed before the answer is thrown away (authn.md section 5)."""

LATE: dict[OrderState, FailureHint] = {
    OrderState.CREATED: FailureHint.START_FAILED,
    OrderState.CLAIMED: FailureHint.EXPIRED,
    OrderState.VERIFYING: FailureHint.EXPIRED,
}
"""What an order that is late in a state is said to have failed of."""

PENDING: dict[OrderState, PendingHint] = {
    OrderState.CREATED: PendingHint.OUTSTANDING,
    OrderState.CLAIMED: PendingHint.STARTED,
    OrderState.VERIFYING: PendingHint.PROCESSING,
}


class IllegalTransition(Exception):
    """The action is not possible in the state."""


def next_state(state: OrderState, action: OrderAction) -> OrderState:
    """Return the state after the action; raises IllegalTransition."""
    try:
        return TRANSITIONS[state, action]
    except KeyError as error:
        raise IllegalTransition(f"{action} is not possible in {state}") from error


def is_late(state: OrderState, *, since: datetime, at: datetime) -> bool:
    """Say whether an order has stayed longer in a state than it may."""
    limit = LIMITS.get(state)
    return limit is not None and at - since > limit


def is_gone(state: OrderState, *, since: datetime, at: datetime) -> bool:
    """Say whether a relying party sees nothing of the order any more."""
    if state is OrderState.CONSUMED:
        return True
    if state in LATE:  # first late, then kept as a failed one
        return at - since > LIMITS[state] + LIMITS[OrderState.FAILED]
    return is_late(state, since=since, at=at)
