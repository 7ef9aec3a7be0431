"""What authn tells the journal: no names, no personal numbers."""

from dataclasses import dataclass
from typing import ClassVar

from journal.events import Event, Personal


@dataclass(frozen=True, slots=True, kw_only=True)
class RelyingPartyRegistered(Event):
    """A service may start orders, under this name and with these return origins."""

    TYPE: ClassVar[str] = "authn.relying_party_registered"
    rp_id: str
    rp_name: str
    return_origins: tuple[str, ...]
    allows_mtls: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RelyingPartyClosed(Event):
    """A service may ask nobody any more."""

    TYPE: ClassVar[str] = "authn.relying_party_closed"
    rp_id: str
    rp_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderStarted(Event):
    """A relying party asked for a signature."""

    TYPE: ClassVar[str] = "authn.order_started"
    authn_order_id: str
    rp_id: str
    purpose: str
    flow: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderClaimed(Event):
    """A client took the order; `client_key` is its key's thumbprint (RFC 7638)."""

    TYPE: ClassVar[str] = "authn.order_claimed"
    authn_order_id: str
    client_key: str
    app: Personal
    same_address: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAnswered(Event):
    """The client gave a signature; the checks begin."""

    TYPE: ClassVar[str] = "authn.order_answered"
    authn_order_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceStored(Event):
    """A signature that passed every check was kept; `evidence_sha256` ties the row to the journal's tree."""

    TYPE: ClassVar[str] = "authn.evidence_stored"
    authn_order_id: str
    evidence_id: str
    evidence_sha256: str
    certificate_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCompleted(Event):
    """The answer waits for the relying party."""

    TYPE: ClassVar[str] = "authn.order_completed"
    authn_order_id: str
    evidence_id: str
    loa: str
    carrier: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCollected(Event):
    """The answer was given to the relying party, once."""

    TYPE: ClassVar[str] = "authn.order_collected"
    authn_order_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFailed(Event):
    """The order came to nothing; `notMe`, `signatureInvalid`, `bindingMismatch` are for the security log."""

    TYPE: ClassVar[str] = "authn.order_failed"
    authn_order_id: str
    hint: str
    certificate_sha256: str
