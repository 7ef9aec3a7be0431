"""What may happen to the plan of a ceremony: proposed, approved by two, begun, held; one table, no Django."""

from enum import StrEnum
from typing import Final

from ca.errors import IllegalTransition


class PlanState(StrEnum):
    """Where a plan stands."""

    PROPOSED = "proposed"
    APPROVED_ONCE = "approved_once"
    APPROVED = "approved"
    """By two different people: it may be held."""
    BEGUN = "begun"
    """Something of it may be done: it can only be gone on with."""
    HELD = "held"
    WITHDRAWN = "withdrawn"
    """Nothing of it was done and nothing ever will be."""


class PlanAction(StrEnum):
    """What moves a plan."""

    APPROVE_FIRST = "approve_first"
    APPROVE_SECOND = "approve_second"
    BEGIN = "begin"
    FINISH = "finish"
    WITHDRAW = "withdraw"


PLAN_TABLE: Final[dict[tuple[PlanState, PlanAction], PlanState]] = {
    (PlanState.PROPOSED, PlanAction.APPROVE_FIRST): PlanState.APPROVED_ONCE,
    (PlanState.PROPOSED, PlanAction.WITHDRAW): PlanState.WITHDRAWN,
    (PlanState.APPROVED_ONCE, PlanAction.APPROVE_SECOND): PlanState.APPROVED,
    (PlanState.APPROVED_ONCE, PlanAction.WITHDRAW): PlanState.WITHDRAWN,
    (PlanState.APPROVED, PlanAction.BEGIN): PlanState.BEGUN,
    (PlanState.APPROVED, PlanAction.WITHDRAW): PlanState.WITHDRAWN,
    (PlanState.BEGUN, PlanAction.FINISH): PlanState.HELD,
}


def next_plan_state(state: PlanState, action: PlanAction) -> PlanState:
    """Return the state after an action. Raises ``IllegalTransition``."""
    if (state, action) not in PLAN_TABLE:
        msg = f"a ceremony plan that is {state.value} cannot {action.value}"
        raise IllegalTransition(msg, facts={"state": state.value, "action": action.value})
    return PLAN_TABLE[state, action]
