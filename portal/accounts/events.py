"""What the journal learns about logins and sessions: identifiers, never names or personal numbers."""

from dataclasses import dataclass
from typing import ClassVar

from journal.events import Event, Personal


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOpened(Event):
    """A person proved who they are; no role is chosen yet."""

    TYPE: ClassVar[str] = "session.opened"
    session_id: str
    person_id: str
    evidence_id: str
    certificate_sha256: str
    loa: str
    amr: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleChosen(Event):
    """The person works in this role for this organization from now on."""

    TYPE: ClassVar[str] = "session.role_chosen"
    session_id: str
    person_id: str
    organization_id: str
    hsa_id: Personal
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnded(Event):
    """The session is over; `reason` is one of EndReason."""

    TYPE: ClassVar[str] = "session.ended"
    session_id: str
    person_id: str
    organization_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActSigned(Event):
    """An act was carried out by a signature over it; the act's own events name the same evidence."""

    TYPE: ClassVar[str] = "act.signed"
    signed_act_id: str
    kind: str
    facts_sha256: str
    evidence_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureVoided(Event):
    """An act was signed and not carried out: its signature can never be used; `reason` says why."""

    TYPE: ClassVar[str] = "act.signature_voided"
    signed_act_id: str
    kind: str
    evidence_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginRefused(Event):
    """Somebody's card was accepted, but nobody was let in; `code` says why."""

    TYPE: ClassVar[str] = "session.login_refused"
    authn_order_id: str
    code: str
