"""The facts by which a signature is refused, and the one by which it is asked for."""

from typing import ClassVar

from journal.errors import DomainError


class SignatureRequired(Exception):
    """The act may be done, and its doer has to sign it first; ``location`` is where that happens."""

    def __init__(self, location: str) -> None:
        super().__init__(location)
        self.location = location


class NothingToSign(DomainError):
    """No act waits for a signature under this id in this browser."""

    code: ClassVar[str] = "nothingToSign"


class SignatureFailed(DomainError):
    """The card's answer is no signature of this act; ``hint`` says why, in authn's words or ours."""

    code: ClassVar[str] = "signatureFailed"

    def __init__(self, hint: str) -> None:
        super().__init__(f"the signature is not accepted: {hint}", facts={"hint": hint})
        self.hint = hint


class SignatureUnfit(DomainError):
    """The signature is for another act than the one about to be done, too old, or used before."""

    code: ClassVar[str] = "signatureUnfit"
