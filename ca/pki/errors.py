"""What can be wrong in the PKI core, each as a fact with a stable code and data."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ca.pki.lints import Finding


class PkiError(Exception):
    """A fact that stops the core; `code` is stable, `facts` are data for whoever translates it."""

    code: ClassVar[str] = "pki"

    def __init__(self, message: str, *, facts: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.facts: Mapping[str, str] = MappingProxyType(dict(facts or {}))


class PolicyFileRefused(PkiError):
    """A profile or hierarchy file says something unknown, contradictory or too little."""

    code = "policy_file_refused"


class ProfileViolation(PkiError):
    """The request asks for what the profile does not allow, or lacks what it demands (`facts["rule"]`)."""

    code = "profile_violation"


class LintFailed(PkiError):
    """At least one lint found an error in the to-be-signed bytes; they must not be signed."""

    code = "lint_failed"

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__(
            "; ".join(f"{finding.lint}: {finding.detail}" for finding in findings),
            facts={"lints": ",".join(sorted({finding.lint for finding in findings}))},
        )
        self.findings = findings


class WeakKey(PkiError):
    """The public key must not be certified; `facts["weakness"]` says why."""

    code = "weak_key"

    def __init__(self, weakness: str, message: str) -> None:
        super().__init__(message, facts={"weakness": weakness})
        self.weakness = weakness


class CsrRefused(PkiError):
    """The PKCS#10 request cannot be read, or does not prove possession of its key (`facts["reason"]`)."""

    code = "csr_refused"


class AlreadyRedeemed(PkiError):
    """These prepared bytes have been handed to a signer before; a new serial number must be taken."""

    code = "already_redeemed"


class SignerMismatch(PkiError):
    """The signer holds another key, or signs with another algorithm, than the issuer named in the bytes."""

    code = "signer_mismatch"


class SignatureInvalid(PkiError):
    """What came back from the signer does not verify over the bytes that were linted."""

    code = "signature_invalid"
