"""What ceremonies after the first one tell the journal: proposed, approved by two, begun, held."""

from dataclasses import dataclass
from typing import ClassVar

from journal.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class CeremonyProposed(Event):
    """A script and its exact plan wait for two people."""

    TYPE: ClassVar[str] = "ceremony.proposed"
    ceremony_id: str
    script_sha256: str
    plan_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CeremonyApproved(Event):
    """One of the two approved the plan with this digest; ``approval`` is 1 or 2."""

    TYPE: ClassVar[str] = "ceremony.approved"
    ceremony_id: str
    plan_sha256: str
    approval: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CeremonyWithdrawn(Event):
    """Nothing of the plan was done and nothing ever will be."""

    TYPE: ClassVar[str] = "ceremony.withdrawn"
    ceremony_id: str
    plan_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CeremonyBegun(Event):
    """The steps of an approved plan are being taken."""

    TYPE: ClassVar[str] = "ceremony.begun"
    ceremony_id: str
    script_sha256: str
    plan_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptedCeremonyHeld(Event):
    """Every step of the plan was taken and the protocol is written."""

    TYPE: ClassVar[str] = "ceremony.script_held"
    ceremony_id: str
    plan_sha256: str
    protocol_sha256: str
    acts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerRenewed(Event):
    """An issuer has a new certificate for its old key."""

    TYPE: ClassVar[str] = "issuer.renewed"
    issuer_id: str
    certificate_id: str
    sha256: str
    replaced_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerRetired(Event):
    """Nothing new is asked of an issuer; its status goes on until its last certificate has expired."""

    TYPE: ClassVar[str] = "issuer.retired"
    issuer_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerRevoked(Event):
    """An issuer is revoked: its certificates by the root, and everything that it issued."""

    TYPE: ClassVar[str] = "issuer.revoked"
    issuer_id: str
    reason: str
    live_certificates: int
