"""What the CA tells the journal. Identifiers only: no names and no personal identity numbers."""

from dataclasses import dataclass
from typing import ClassVar

from journal.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateRequested(Event):
    """A request was registered; the worker that reads this issues it."""

    TYPE: ClassVar[str] = "certificate.requested"
    IS_PRIVILEGED: ClassVar[bool] = True
    certificate_request_id: str
    issuer_id: str
    profile: str
    person_id: str
    organization_id: str
    carrier_kind: str
    carrier_id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateRequestFailed(Event):
    """A request breaks a rule or was withdrawn, and will never be signed."""

    TYPE: ClassVar[str] = "certificate.request_failed"
    certificate_request_id: str
    issuer_id: str
    person_id: str
    organization_id: str
    failure: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuanceIntended(Event):
    """These bytes are about to be signed: recorded before the signature exists."""

    TYPE: ClassVar[str] = "certificate.intended"
    certificate_request_id: str
    issuer_id: str
    serial: str
    tbs_sha256: str
    profile: str
    profile_sha256: str
    person_id: str
    organization_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuancePostponed(Event):
    """No signature could be had; the request waits for another try with another serial number."""

    TYPE: ClassVar[str] = "certificate.postponed"
    certificate_request_id: str
    issuer_id: str
    failure: str
    person_id: str
    organization_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SerialBurnt(Event):
    """A serial number will never be used; ``may_be_signed`` when bytes with it went to the signer."""

    TYPE: ClassVar[str] = "certificate.serial_burnt"
    certificate_request_id: str
    issuer_id: str
    serial: str
    tbs_sha256: str
    may_be_signed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateIssued(Event):
    """A certificate was signed, verified and recorded; it is handed out when its status is published."""

    TYPE: ClassVar[str] = "certificate.issued"
    certificate_id: str
    certificate_request_id: str
    issuer_id: str
    serial: str
    sha256: str
    profile: str
    profile_sha256: str
    not_before: str
    not_after: str
    person_id: str
    organization_id: str
    carrier_kind: str
    carrier_id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificatePublished(Event):
    """The status of a certificate can be asked for; it may be handed out."""

    TYPE: ClassVar[str] = "certificate.published"
    certificate_id: str
    certificate_request_id: str
    issuer_id: str
    person_id: str
    organization_id: str
    carrier_kind: str
    carrier_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateRevoked(Event):
    """A certificate was revoked, for ever."""

    TYPE: ClassVar[str] = "certificate.revoked"
    certificate_id: str
    issuer_id: str
    serial: str
    reason: str
    requested_at: str
    revoked_at: str
    invalidity_at: str
    not_after: str
    person_id: str
    organization_id: str
    carrier_kind: str
    carrier_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MassRevocationStaged(Event):
    """A list of certificates to be revoked was fixed; ``sha256`` is over their ids in order."""

    TYPE: ClassVar[str] = "revocation.mass_staged"
    mass_revocation_id: str
    reason: str
    certificates: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MassRevocationApproved(Event):
    """A second person approved the list; ``sha256`` is that of the list as it stands."""

    TYPE: ClassVar[str] = "revocation.mass_approved"
    mass_revocation_id: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MassRevocationFinished(Event):
    """Every certificate of the list is revoked; ``revoked`` were so by it, others before."""

    TYPE: ClassVar[str] = "revocation.mass_finished"
    mass_revocation_id: str
    certificates: int
    revoked: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyBlocked(Event):
    """A public key will never be certified again."""

    TYPE: ClassVar[str] = "key.blocked"
    public_key_sha256: str
    certificate_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CrlIntended(Event):
    """A list of revoked certificates is about to be signed; ``shard`` -1 is the whole one, or ``delta``."""

    TYPE: ClassVar[str] = "crl.intended"
    issuer_id: str
    crl_number: str
    shard: str
    tbs_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CrlIssued(Event):
    """A list of revoked certificates was signed, verified and recorded."""

    TYPE: ClassVar[str] = "crl.issued"
    issuer_id: str
    crl_number: str
    shard: str
    entries: int
    sha256: str
    this_update: str
    next_update: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerPlanned(Event):
    """A key ceremony has made an issuer's key; its certificate is next."""

    TYPE: ClassVar[str] = "issuer.planned"
    issuer_id: str
    hierarchy: str
    hierarchy_sha256: str
    public_key_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerCertified(Event):
    """An issuer has its certificate and may issue."""

    TYPE: ClassVar[str] = "issuer.certified"
    issuer_id: str
    certificate_id: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSignerRenewed(Event):
    """What the house seals or stamps with has a new key and certificate."""

    TYPE: ClassVar[str] = "service_signer.renewed"
    issuer_id: str
    certificate_id: str
    key_label: str
    not_after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CeremonyHeld(Event):
    """The key ceremony is complete and its protocol written."""

    TYPE: ClassVar[str] = "ceremony.held"
    hierarchy: str
    hierarchy_sha256: str
    protocol_sha256: str
    key_labels: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignaturesAccepted(Event):
    """A key has made signatures that no row tells of, and they are accepted from now on."""

    TYPE: ClassVar[str] = "key.signatures_accepted"
    label: str
    signatures: int
    reason: str
