"""The state tables of ACME's objects (RFC 8555 section 7.1.6); the values are the RFC's own words."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class AccountState(StrEnum):
    """Whether an account's key may act."""

    VALID = "valid"
    DEACTIVATED = "deactivated"
    REVOKED = "revoked"


class AccountAction(StrEnum):
    """What can happen to an account: its holder ends it, or who gave it its key does."""

    DEACTIVATE = "deactivate"
    REVOKE = "revoke"


class OrderState(StrEnum):
    """Where an order stands."""

    PENDING = "pending"
    READY = "ready"
    PROCESSING = "processing"
    VALID = "valid"
    INVALID = "invalid"


class OrderAction(StrEnum):
    """What can happen to an order."""

    AUTHORIZE = "authorize"
    FINALIZE = "finalize"
    ISSUE = "issue"
    FAIL = "fail"
    EXPIRE = "expire"


class AuthorizationState(StrEnum):
    """Whether an account has shown that it controls a name; expired is computed, never stored."""

    PENDING = "pending"
    VALID = "valid"
    INVALID = "invalid"
    DEACTIVATED = "deactivated"
    REVOKED = "revoked"


class AuthorizationAction(StrEnum):
    """What can happen to an authorization."""

    CONFIRM = "confirm"
    REFUSE = "refuse"
    DEACTIVATE = "deactivate"
    REVOKE = "revoke"


class ChallengeState(StrEnum):
    """Where a challenge stands."""

    PENDING = "pending"
    PROCESSING = "processing"
    VALID = "valid"
    INVALID = "invalid"


class ChallengeAction(StrEnum):
    """What can happen to a challenge."""

    ANSWER = "answer"
    RETRY = "retry"
    CONFIRM = "confirm"
    REFUSE = "refuse"


ACCOUNT_MOVES: Final[Mapping[tuple[AccountState, AccountAction], AccountState]] = {
    (AccountState.VALID, AccountAction.DEACTIVATE): AccountState.DEACTIVATED,
    (AccountState.VALID, AccountAction.REVOKE): AccountState.REVOKED,
}

ORDER_MOVES: Final[Mapping[tuple[OrderState, OrderAction], OrderState]] = {
    (OrderState.PENDING, OrderAction.AUTHORIZE): OrderState.READY,
    (OrderState.PENDING, OrderAction.FAIL): OrderState.INVALID,
    (OrderState.PENDING, OrderAction.EXPIRE): OrderState.INVALID,
    (OrderState.READY, OrderAction.FINALIZE): OrderState.PROCESSING,
    (OrderState.READY, OrderAction.FAIL): OrderState.INVALID,
    (OrderState.READY, OrderAction.EXPIRE): OrderState.INVALID,
    (OrderState.PROCESSING, OrderAction.ISSUE): OrderState.VALID,
    (OrderState.PROCESSING, OrderAction.FAIL): OrderState.INVALID,
}

AUTHORIZATION_MOVES: Final[Mapping[tuple[AuthorizationState, AuthorizationAction], AuthorizationState]] = {
    (AuthorizationState.PENDING, AuthorizationAction.CONFIRM): AuthorizationState.VALID,
    (AuthorizationState.PENDING, AuthorizationAction.REFUSE): AuthorizationState.INVALID,
    (AuthorizationState.PENDING, AuthorizationAction.DEACTIVATE): AuthorizationState.DEACTIVATED,
    (AuthorizationState.VALID, AuthorizationAction.DEACTIVATE): AuthorizationState.DEACTIVATED,
    (AuthorizationState.PENDING, AuthorizationAction.REVOKE): AuthorizationState.REVOKED,
    (AuthorizationState.VALID, AuthorizationAction.REVOKE): AuthorizationState.REVOKED,
}

CHALLENGE_MOVES: Final[Mapping[tuple[ChallengeState, ChallengeAction], ChallengeState]] = {
    (ChallengeState.PENDING, ChallengeAction.ANSWER): ChallengeState.PROCESSING,
    (ChallengeState.PROCESSING, ChallengeAction.RETRY): ChallengeState.PROCESSING,
    (ChallengeState.PROCESSING, ChallengeAction.CONFIRM): ChallengeState.VALID,
    (ChallengeState.PROCESSING, ChallengeAction.REFUSE): ChallengeState.INVALID,
}
