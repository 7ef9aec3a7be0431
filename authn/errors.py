"""The facts by which authn refuses: each has a code of authn.md section 6."""

from typing import ClassVar

from authn.hints import FailureHint
from journal.errors import DomainError


class InvalidParameters(DomainError):
    """A request is not well formed or asks for what this relying party may not have."""

    code: ClassVar[str] = "invalidParameters"


class AlreadyInProgress(DomainError):
    """Another order for the same person is open; it ends before the next one begins."""

    code: ClassVar[str] = "alreadyInProgress"


class ReturnUrlNotRegistered(DomainError):
    """The return address is not of a registered origin, or is spelled so that browsers may differ."""

    code: ClassVar[str] = "returnUrlNotRegistered"


class OrderNotFound(DomainError):
    """Unknown, consumed, outlived, or another relying party's: not told apart."""

    code: ClassVar[str] = "notFound"


class AlreadyClaimed(DomainError):
    """Another client was first."""

    code: ClassVar[str] = "alreadyClaimed"


class Unauthorized(DomainError):
    """The request is not signed by the client that claimed the order."""

    code: ClassVar[str] = "unauthorized"


class TooManyRequests(DomainError):
    """A rate limit; ``facts["retry_after"]`` is in whole seconds."""

    code: ClassVar[str] = "tooManyRequests"


class ClientTooOld(DomainError):
    """APP-6: the client is below the least version."""

    code: ClassVar[str] = "clientTooOld"


class ReturnCodeWrong(DomainError):
    """Other digits than the client shows; ``tries_left`` says how often they may be typed again."""

    code: ClassVar[str] = "returnCodeWrong"

    def __init__(self, *, tries_left: int) -> None:
        super().__init__("not the digits of the client", facts={"tries_left": str(tries_left)})
        self.tries_left = tries_left


class MtlsNotOffered(DomainError):
    """Nobody logs in by two-way TLS here: the installation, or the relying party's row, does not have it."""

    code: ClassVar[str] = "mtlsNotOffered"


class AttemptMoved(DomainError):
    """The attempt left the state meanwhile; nothing was done."""

    code: ClassVar[str] = "attemptMoved"


class OrderMoved(DomainError):
    """The order left the state meanwhile; nothing was done."""

    code: ClassVar[str] = "orderMoved"


class CheckFailed(DomainError):
    """One of the checks of authn.md section 7 says no; ``hint`` says which way."""

    code: ClassVar[str] = "checkFailed"

    def __init__(self, hint: FailureHint, message: str) -> None:
        super().__init__(message)
        self.hint = hint
