"""The facts by which the portal refuses a login or a role."""

from typing import ClassVar

from journal.errors import DomainError


class LoginFailed(DomainError):
    """The login came to nothing; ``hint`` is one of authn's failure hints, or `unknownPerson`."""

    code: ClassVar[str] = "loginFailed"

    def __init__(self, hint: str, message: str = "the login failed") -> None:
        super().__init__(message, facts={"hint": hint})
        self.hint = hint


class NotLoggedIn(DomainError):
    """There is no session with a role behind the request."""

    code: ClassVar[str] = "notLoggedIn"


class RoleNotHeld(DomainError):
    """The person does not hold the role any more, or never did."""

    code: ClassVar[str] = "roleNotHeld"
