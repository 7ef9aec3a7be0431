"""What the journal keeps of logins by two-way TLS: no names, no personal numbers."""

from dataclasses import dataclass
from typing import ClassVar

from journal.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class _AboutAnAttempt(Event):
    """`authn_order_id` is the attempt: one identification, as an order of the card client is."""

    authn_order_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MtlsStarted(_AboutAnAttempt):
    """A relying party asked that somebody show a certificate."""

    TYPE: ClassVar[str] = "authn.mtls_started"
    rp_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MtlsRefused(_AboutAnAttempt):
    """No certificate came, or one that opens nothing; there may be another try under another name."""

    TYPE: ClassVar[str] = "authn.mtls_refused"
    hint: str
    slot: int
    certificate_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MtlsEvidenceStored(_AboutAnAttempt):
    """A certificate passed every check and was kept; `evidence_sha256` ties the row to the journal's tree."""

    TYPE: ClassVar[str] = "authn.mtls_evidence_stored"
    evidence_id: str
    evidence_sha256: str
    certificate_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MtlsProved(_AboutAnAttempt):
    """The browser is sent back with a code; the answer waits for the relying party."""

    TYPE: ClassVar[str] = "authn.mtls_proved"
    evidence_id: str
    loa: str
    carrier: str
    same_address: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MtlsRedeemed(_AboutAnAttempt):
    """The answer was given to the relying party, once."""

    TYPE: ClassVar[str] = "authn.mtls_redeemed"


@dataclass(frozen=True, slots=True, kw_only=True)
class MtlsFailed(_AboutAnAttempt):
    """The attempt came to nothing, after so many certificates, or none, that opened nothing."""

    TYPE: ClassVar[str] = "authn.mtls_failed"
    hint: str
    tries: int
