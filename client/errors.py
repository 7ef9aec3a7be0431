"""What can go wrong between a person, a card and the service; each carries the code the service knows."""

from typing import ClassVar


class ClientError(Exception):
    """Base; `code` is a hint of authn.md section 6 or our own, `facts` are what a text may name."""

    code: ClassVar[str] = "readerError"

    def __init__(self, message: str = "", **facts: str) -> None:
        super().__init__(message or self.code)
        self.facts = facts


class NoCard(ClientError):
    """No reader holds a card."""

    code = "noCard"


class NoCertificate(ClientError):
    """No card holds a certificate that the question accepts."""

    code = "noCertificate"


class CardNotActivated(ClientError):
    """The card has no PIN yet."""

    code = "cardNotActive"


class WrongPin(ClientError):
    """The PIN was wrong; facts: tries_left, "" where the module does not say."""

    code = "wrongPin"


class PinBlocked(ClientError):
    """The PIN has no tries left."""

    code = "pinBlocked"


class PinNotAllowed(ClientError):
    """The chosen PIN breaks a rule; facts: rule (length, digits, trivial, differs)."""

    code = "pinNotAllowed"


class PinFailed(ClientError):
    """The PIN could not be set or used, for another reason than a wrong one."""

    code = "pinFailed"


class CardRemoved(ClientError):
    """The card was taken out in the middle of something."""

    code = "cardRemoved"


class WrongCard(ClientError):
    """Another card than the one to be activated is in the reader; facts: wanted, found."""

    code = "wrongCard"


class ReaderError(ClientError):
    """The reader, the card or the PKCS#11 module failed."""

    code = "readerError"


class ModuleUnusable(ClientError):
    """The PKCS#11 module does not load; facts: module."""

    code = "moduleUnusable"


class ClientTooOld(ClientError):
    """The service no longer speaks with this version."""

    code = "clientTooOld"


class ServerUnreachable(ClientError):
    """No answer from the service."""

    code = "serverUnreachable"


class ServerNotTrusted(ClientError):
    """The service does not prove to be the one that this client was set up for."""

    code = "serverNotTrusted"


class ServerRefused(ClientError):
    """The service refused; facts: error_code, status."""

    code = "serverRefused"


class LinkInvalid(ClientError):
    """Not an address that this client opens."""

    code = "linkInvalid"


class UserCancelled(ClientError):
    """The person gave up."""

    code = "userCancel"


class NotMe(ClientError):
    """The person says that somebody else started this."""

    code = "notMe"
