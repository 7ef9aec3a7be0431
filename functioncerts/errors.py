"""The facts that stop an act on function certificates; codes and data, no words for users."""

from typing import ClassVar

from journal.errors import DomainError, Refusal


class FunctionCertificatesError(DomainError):
    """The base of what this app raises."""

    code: ClassVar[str] = "function_certificates_error"


class FunctionObjectNotFound(FunctionCertificatesError):
    """There is no such function object, or not for this actor: the two are told apart to nobody."""

    code = "function_object_not_found"


class ValidationNotFound(FunctionCertificatesError):
    """There is no such validation of a name, or no such link."""

    code = "name_validation_not_found"


class LinkNotMailed(FunctionCertificatesError):
    """The mail server did not take the link; it is known to nobody, so another one must be asked for."""

    code = "link_not_mailed"


class FunctionOrderNotFound(FunctionCertificatesError):
    """There is no such order, or not for this actor."""

    code = "function_order_not_found"


class ApiTokenNotFound(FunctionCertificatesError):
    """There is no such API token, or not for this actor."""

    code = "api_token_not_found"


class Refused(FunctionCertificatesError):
    """A policy said no; ``refusal`` says which rule, on which facts, and who can change it."""

    code = "refused"

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.code, facts={**dict(refusal.facts), "fixer": refusal.fixer})
        self.refusal = refusal


class RequestInvalid(FunctionCertificatesError):
    """The PKCS#10 request cannot be read, proves no possession, or holds a key that may not be certified."""

    code = "certificate_request_invalid"


class AlreadyRevoked(FunctionCertificatesError):
    """The certificate was revoked before this request."""

    code = "already_revoked"


class IllegalTransition(FunctionCertificatesError):
    """The order is in a state from which this cannot be done, or somebody else was faster."""

    code = "illegal_transition"


class IdempotencyKeyReused(FunctionCertificatesError):
    """The Idempotency-Key was used before, for another request."""

    code = "idempotency_key_reused"


class RequestedInTheFuture(FunctionCertificatesError):
    """A revocation request cannot have been received later than now."""

    code = "requested_in_the_future"


class ReasonNotAllowed(FunctionCertificatesError):
    """The revocation reason is not one that is used for function certificates."""

    code = "reason_not_allowed"


class TokenNotGranted(FunctionCertificatesError):
    """An API token is only made for a role that the employment holds now."""

    code = "token_not_granted"


class TokenInvalid(FunctionCertificatesError):
    """The API token is unknown, expired, revoked, or its holder no longer has the role."""

    code = "token_invalid"
