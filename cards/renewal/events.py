"""What the journal keeps of renewals: identifiers only."""

from dataclasses import dataclass
from typing import ClassVar

from journal.events import Event, Personal


@dataclass(frozen=True, slots=True, kw_only=True)
class _AboutARenewal(Event):
    renewal_id: str
    card_id: str
    person_id: str
    organization_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewalOpened(_AboutARenewal):
    """New certificates for a card in use were begun, at the desk or by its holder (no identity check)."""

    TYPE: ClassVar[str] = "renewal.opened"
    IS_PRIVILEGED: ClassVar[bool] = True
    purpose: str
    identity_check_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewalClaimed(_AboutARenewal):
    """A client took the renewal; the token is dead."""

    TYPE: ClassVar[str] = "renewal.claimed"
    client_key_thumbprint: str
    client_name: Personal
    client_version: Personal


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewalKeysMade(_AboutARenewal):
    """The card made new keys and proved that it holds them; certificates were requested."""

    TYPE: ClassVar[str] = "renewal.keys_made"
    IS_PRIVILEGED: ClassVar[bool] = True
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewalIssued(_AboutARenewal):
    """All new certificates are issued and published."""

    TYPE: ClassVar[str] = "renewal.issued"
    certificate_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewalWritten(_AboutARenewal):
    """The new certificates were written to the card and read back unchanged."""

    TYPE: ClassVar[str] = "renewal.written"
    certificate_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CardRenewed(_AboutARenewal):
    """The holder signed with the card; what the new certificates replace was revoked in the same act."""

    TYPE: ClassVar[str] = "card.renewed"
    certificate_ids: tuple[str, ...]
    superseded_certificate_ids: tuple[str, ...]
    certificate_sha256: str
    signed_octets_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewalWasAborted(_AboutARenewal):
    """The renewal came to nothing: what was on the card before goes on, what was made for it is revoked."""

    TYPE: ClassVar[str] = "renewal.aborted"
    reason: str
    state: str
