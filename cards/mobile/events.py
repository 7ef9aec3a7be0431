"""What the journal keeps of mobile eIDs: identifiers only."""

from dataclasses import dataclass
from typing import ClassVar

from journal.events import Event, Personal


@dataclass(frozen=True, slots=True, kw_only=True)
class _AboutAMobile(Event):
    mobile_id: str
    card_id: str
    person_id: str
    organization_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MobileOpened(_AboutAMobile):
    """A holder accepted the terms and logged in once more with the card: a code waits for a phone (MOB-4)."""

    TYPE: ClassVar[str] = "mobile.opened"
    IS_PRIVILEGED: ClassVar[bool] = True
    evidence_id: str
    terms_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MobileClaimed(_AboutAMobile):
    """A phone took it; the code is dead (MOB-5)."""

    TYPE: ClassVar[str] = "mobile.claimed"
    client_key_thumbprint: str
    client_name: Personal
    client_version: Personal


@dataclass(frozen=True, slots=True, kw_only=True)
class MobileApproved(_AboutAMobile):
    """The holder said that the phone which took the code is theirs: it may make its key."""

    TYPE: ClassVar[str] = "mobile.approved"
    IS_PRIVILEGED: ClassVar[bool] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class MobileKeyMade(_AboutAMobile):
    """The phone made a key and proved that it holds it; a certificate was requested."""

    TYPE: ClassVar[str] = "mobile.key_made"
    IS_PRIVILEGED: ClassVar[bool] = True
    certificate_request_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MobileIssued(_AboutAMobile):
    """The certificate is issued and published."""

    TYPE: ClassVar[str] = "mobile.issued"
    certificate_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MobileActivated(_AboutAMobile):
    """The phone signed, with the new key, that it keeps this certificate: the mobile eID is in use."""

    TYPE: ClassVar[str] = "mobile.activated"
    certificate_id: str
    certificate_sha256: str
    signed_octets_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MobileBlocked(_AboutAMobile):
    """The mobile eID was blocked for good; its certificate was revoked in the same act."""

    TYPE: ClassVar[str] = "mobile.blocked"
    certificate_id: str
    reason: str
    requested_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MobileAborted(_AboutAMobile):
    """Nothing came of it: what was issued for it and never confirmed is revoked."""

    TYPE: ClassVar[str] = "mobile.aborted"
    reason: str
    state: str
