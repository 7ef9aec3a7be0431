"""What can stop an act of the CA: each error is named after the fact, and carries a code."""

from journal.errors import DomainError


class CaError(DomainError):
    """The base of everything that the CA refuses or cannot do."""

    code = "ca_error"


class SigningUnavailable(CaError):
    """No signature could be had in the time given; the same call may be tried again."""

    code = "signing_unavailable"


class SigningRefused(CaError):
    """The signer refuses this request, and will refuse it again."""

    code = "signing_refused"


class UnknownIssuer(CaError):
    """No issuer has that key name: the ceremony has not been held, or the name is wrong."""

    code = "unknown_issuer"


class UnknownCertificate(CaError):
    """No certificate has that id or serial number."""

    code = "unknown_certificate"


class UnknownRequest(CaError):
    """No certificate request has that id."""

    code = "unknown_certificate_request"


class KeyRefused(CaError):
    """The public key may not be certified: it is weak, malformed, or reported compromised."""

    code = "key_refused"


class ProfileRefused(CaError):
    """The request does not fit the profile it names, or no issuer issues that profile."""

    code = "profile_refused"


class IdempotencyConflict(CaError):
    """The idempotency key was used before for another request."""

    code = "idempotency_conflict"


class ReasonRefused(CaError):
    """The revocation reason is not one that this CA records."""

    code = "reason_refused"


class RequestedBeforeCertificate(CaError):
    """The revocation was asked for, or the key lost, before the certificate began: another one is meant.

    ``facts["begins_at"]`` is the certificate's notBefore.
    """

    code = "requested_before_certificate"


class IllegalTransition(CaError):
    """The row is not in the state that the act starts from; somebody else moved it."""

    code = "illegal_transition"


class CrlRefused(CaError):
    """The CRL would go back in number or time, or would lose a revoked certificate."""

    code = "crl_refused"


class LedgerDamaged(CaError):
    """The revocation ledger cannot be read, or a line in it does not add up."""

    code = "ledger_damaged"


class ApprovalRefused(CaError):
    """One person alone, or the same one twice, would decide what takes two (domain.md 7.3)."""

    code = "approval_refused"


class UnknownMassRevocation(CaError):
    """No mass revocation has that id."""

    code = "unknown_mass_revocation"
