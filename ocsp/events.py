"""What the status services tell the journal: how a revocation reached those who ask. Identifiers only."""

from dataclasses import dataclass
from typing import ClassVar

from journal.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationSeen(Event):
    """The probe saw ``revoked`` on one source of one node, as a relying service would."""

    TYPE: ClassVar[str] = "revocation.seen"
    certificate_id: str
    issuer_id: str
    organization_id: str
    serial: str
    source: str
    node: str
    revoked_at: str
    seen_at: str
    crl_number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationClosed(Event):
    """``revoked`` was seen on every source of every node: everybody who asks learns it."""

    TYPE: ClassVar[str] = "revocation.closed"
    certificate_id: str
    issuer_id: str
    organization_id: str
    serial: str
    revoked_at: str
    closed_at: str
    sightings: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationUnseen(Event):
    """The promised time passed and some source of some node did not say ``revoked``: an alarm."""

    TYPE: ClassVar[str] = "revocation.unseen"
    certificate_id: str
    issuer_id: str
    organization_id: str
    serial: str
    revoked_at: str
    awaited: tuple[str, ...]
    """``source node`` of each that is still awaited."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationReceiptRequested(Event):
    """Somebody wants the sealed receipt of a card's revocations; the worker that reads this makes it."""

    TYPE: ClassVar[str] = "revocation.receipt_requested"
    receipt_id: str
    card_id: str
    organization_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationReceiptMade(Event):
    """A sealed receipt says when the revocations of a card were seen, and where."""

    TYPE: ClassVar[str] = "revocation.receipt_made"
    receipt_id: str
    card_id: str
    organization_id: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecimenMade(Event):
    """A test certificate is in its state, and open to all."""

    TYPE: ClassVar[str] = "specimen.made"
    state: str
    issuer_id: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OcspSignerRenewed(Event):
    """An issuer has a new key and certificate for signing its OCSP answers."""

    TYPE: ClassVar[str] = "ocsp.signer_renewed"
    issuer_id: str
    certificate_id: str
    key_label: str
    not_after: str
