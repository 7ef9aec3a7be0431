"""The state tables of function objects and of the orders of their certificates."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class FunctionObjectState(StrEnum):
    """Whether certificates may be ordered for a function object (domain.md 5)."""

    NOT_VALIDATED = "NOT_VALIDATED"
    VALIDATED = "VALIDATED"
    INACTIVE = "INACTIVE"


class FunctionObjectAction(StrEnum):
    """What can happen to a function object."""

    VALIDATE = "VALIDATE"
    DEACTIVATE = "DEACTIVATE"


class NameValidationState(StrEnum):
    """Whether the right to a name was shown; one that has run out is computed, never stored."""

    PENDING = "PENDING"
    VALID = "VALID"
    REJECTED = "REJECTED"
    WITHDRAWN = "WITHDRAWN"


class NameValidationAction(StrEnum):
    """What can happen to a validation."""

    CONFIRM = "CONFIRM"
    REJECT = "REJECT"
    WITHDRAW = "WITHDRAW"


class FunctionOrderState(StrEnum):
    """Where an order of a function certificate stands; an expired certificate is computed, never stored."""

    AWAITING_APPROVAL = "AWAITING_APPROVAL"
    AWAITING_KEY = "AWAITING_KEY"
    DECLINED = "DECLINED"
    ORDERED = "ORDERED"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"
    REVOKED = "REVOKED"


class FunctionOrderAction(StrEnum):
    """What can happen to an order."""

    APPROVE = "APPROVE"
    APPROVE_KEY = "APPROVE_KEY"
    MAKE_KEY = "MAKE_KEY"
    DECLINE = "DECLINE"
    DELIVER = "DELIVER"
    FAIL = "FAIL"
    REVOKE = "REVOKE"


FUNCTION_OBJECT_MOVES: Final[
    Mapping[tuple[FunctionObjectState, FunctionObjectAction], FunctionObjectState]
] = {
    (FunctionObjectState.NOT_VALIDATED, FunctionObjectAction.VALIDATE): FunctionObjectState.VALIDATED,
    (FunctionObjectState.NOT_VALIDATED, FunctionObjectAction.DEACTIVATE): FunctionObjectState.INACTIVE,
    (FunctionObjectState.VALIDATED, FunctionObjectAction.DEACTIVATE): FunctionObjectState.INACTIVE,
}

NAME_VALIDATION_MOVES: Final[
    Mapping[tuple[NameValidationState, NameValidationAction], NameValidationState]
] = {
    (NameValidationState.PENDING, NameValidationAction.CONFIRM): NameValidationState.VALID,
    (NameValidationState.PENDING, NameValidationAction.REJECT): NameValidationState.REJECTED,
    (NameValidationState.PENDING, NameValidationAction.WITHDRAW): NameValidationState.WITHDRAWN,
    (NameValidationState.VALID, NameValidationAction.WITHDRAW): NameValidationState.WITHDRAWN,
}

FUNCTION_ORDER_MOVES: Final[Mapping[tuple[FunctionOrderState, FunctionOrderAction], FunctionOrderState]] = {
    (FunctionOrderState.AWAITING_APPROVAL, FunctionOrderAction.APPROVE): FunctionOrderState.ORDERED,
    (FunctionOrderState.AWAITING_APPROVAL, FunctionOrderAction.APPROVE_KEY): FunctionOrderState.AWAITING_KEY,
    (FunctionOrderState.AWAITING_KEY, FunctionOrderAction.MAKE_KEY): FunctionOrderState.ORDERED,
    (FunctionOrderState.AWAITING_KEY, FunctionOrderAction.FAIL): FunctionOrderState.FAILED,
    (FunctionOrderState.AWAITING_APPROVAL, FunctionOrderAction.DECLINE): FunctionOrderState.DECLINED,
    (FunctionOrderState.ORDERED, FunctionOrderAction.DELIVER): FunctionOrderState.DELIVERED,
    (FunctionOrderState.ORDERED, FunctionOrderAction.FAIL): FunctionOrderState.FAILED,
    (FunctionOrderState.DELIVERED, FunctionOrderAction.REVOKE): FunctionOrderState.REVOKED,
}
