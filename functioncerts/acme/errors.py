"""The problems that ACME tells of (RFC 8555 section 6.7, RFC 9773, the profiles draft), as one exception."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from functioncerts.errors import FunctionCertificatesError

PREFIX: Final = "urn:ietf:params:acme:error:"


class ExternalKeyNotFound(FunctionCertificatesError):
    """There is no such external account key, or not for this actor."""

    code = "acme_key_not_found"


class AccountNotFound(FunctionCertificatesError):
    """There is no such ACME account, or not for this actor."""

    code = "acme_account_not_found"


class ProblemType(StrEnum):
    """What went wrong, in the registry's words."""

    ACCOUNT_DOES_NOT_EXIST = "accountDoesNotExist"
    ALREADY_REPLACED = "alreadyReplaced"
    ALREADY_REVOKED = "alreadyRevoked"
    BAD_CSR = "badCSR"
    BAD_NONCE = "badNonce"
    BAD_PUBLIC_KEY = "badPublicKey"
    BAD_REVOCATION_REASON = "badRevocationReason"
    BAD_SIGNATURE_ALGORITHM = "badSignatureAlgorithm"
    CAA = "caa"
    COMPOUND = "compound"
    CONNECTION = "connection"
    DNS = "dns"
    EXTERNAL_ACCOUNT_REQUIRED = "externalAccountRequired"
    INCORRECT_RESPONSE = "incorrectResponse"
    INVALID_CONTACT = "invalidContact"
    INVALID_PROFILE = "invalidProfile"
    MALFORMED = "malformed"
    ORDER_NOT_READY = "orderNotReady"
    RATE_LIMITED = "rateLimited"
    REJECTED_IDENTIFIER = "rejectedIdentifier"
    SERVER_INTERNAL = "serverInternal"
    TLS = "tls"
    UNAUTHORIZED = "unauthorized"
    UNSUPPORTED_CONTACT = "unsupportedContact"
    UNSUPPORTED_IDENTIFIER = "unsupportedIdentifier"
    USER_ACTION_REQUIRED = "userActionRequired"


_STATUS: Final[Mapping[ProblemType, int]] = {
    ProblemType.ALREADY_REPLACED: 409,
    ProblemType.CAA: 403,
    ProblemType.EXTERNAL_ACCOUNT_REQUIRED: 403,
    ProblemType.INCORRECT_RESPONSE: 403,
    ProblemType.ORDER_NOT_READY: 403,
    ProblemType.RATE_LIMITED: 429,
    ProblemType.SERVER_INTERNAL: 500,
    ProblemType.UNAUTHORIZED: 403,
    ProblemType.USER_ACTION_REQUIRED: 403,
}
_BAD_REQUEST: Final = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Subproblem:
    """What is wrong with one name of several."""

    kind: ProblemType
    detail: str
    name: str

    def document(self) -> dict[str, object]:
        """Return it as a part of a problem document."""
        return {
            "type": PREFIX + self.kind.value,
            "detail": self.detail,
            "identifier": {"type": "dns", "value": self.name},
        }


class AcmeProblem(Exception):
    """A request that is answered with a problem document; nothing of what it asked for was done.

    ``status`` is the HTTP status where it differs from the type's own, ``retry_after`` whole seconds (0: not
    said), ``location`` an account's id for the Location header, ``instance`` a page for a person to go to.
    """

    def __init__(
        self,
        kind: ProblemType,
        detail: str,
        *,
        status: int = 0,
        subproblems: Sequence[Subproblem] = (),
        algorithms: Sequence[str] = (),
        retry_after: int = 0,
        location: str = "",
        instance: str = "",
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.status = status or _STATUS.get(kind, _BAD_REQUEST)
        self.subproblems = tuple(subproblems)
        self.algorithms = tuple(algorithms)
        self.retry_after = retry_after
        self.location = location
        self.instance = instance

    def document(self) -> dict[str, object]:
        """Return the problem document (RFC 7807, RFC 8555 section 6.7)."""
        told: dict[str, object] = {
            "type": PREFIX + self.kind.value,
            "detail": self.detail,
            "status": self.status,
        }
        if self.subproblems:
            told["subproblems"] = [one.document() for one in self.subproblems]
        if self.instance:
            told["instance"] = self.instance
        if self.algorithms:
            told["algorithms"] = list(self.algorithms)
        return told


def malformed(detail: str, *, status: int = 0) -> AcmeProblem:
    """Return the problem of a request that is not well formed."""
    return AcmeProblem(ProblemType.MALFORMED, detail, status=status)
