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


class WrongPuk(ClientError):
    """The PUK was wrong; facts: tries_left, "" where the module does not say."""

    code = "wrongPuk"


class PukBlocked(ClientError):
    """The PUK has no tries left: the card is not unlocked by letter any more."""

    code = "pukBlocked"


class PinNotAllowed(ClientError):
    """What was chosen or typed breaks a rule; facts: rule (length, digits, trivial, differs, terms, puk)."""

    code = "pinNotAllowed"


class PinFailed(ClientError):
    """The PIN could not be set or used, for another reason than a wrong one."""

    code = "pinFailed"


class UnlockRefused(ClientError):
    """The service answers no more challenges of this card."""

    code = "unlockRefused"


class ChallengeUnsupported(ClientError):
    """The card or its module gives no challenge, so it cannot be opened from the desk."""

    code = "challengeUnsupported"


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
    """The service no longer speaks with this version; facts: version, and least where the service said it."""

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


class UnexpectedSignature(ClientError):
    """An act to be signed came where a login was expected."""

    code = "unexpectedSignature"


class UnexpectedLogin(ClientError):
    """A login came where an act to be signed was expected."""

    code = "unexpectedLogin"


class PageTaken(ClientError):
    """Another user's program listens where this client's page should be."""

    code = "pageTaken"


class CardKeyMismatch(ClientError):
    """A certificate on the card is for another key than the one beside it; facts: label."""

    code = "cardKeyMismatch"


class ClockWrong(ClientError):
    """The clocks of this machine and the service differ; facts: seconds."""

    code = "clockWrong"


class NoReader(ClientError):
    """The module sees no reader."""

    code = "noReader"


class NoBrowser(ClientError):
    """No browser could be opened."""

    code = "noBrowser"


class PageMissing(ClientError):
    """The client's page did not start; facts: address."""

    code = "pageMissing"


class UserCancelled(ClientError):
    """The person gave up."""

    code = "userCancel"


class NotMe(ClientError):
    """The person says that somebody else started this."""

    code = "notMe"
