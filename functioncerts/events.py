"""What the journal keeps of function objects, their certificates and API tokens: identifiers only."""

from dataclasses import dataclass
from typing import ClassVar

from journal.events import Event, Personal


@dataclass(frozen=True, slots=True, kw_only=True)
class _AboutAnObject(Event):
    function_object_id: str
    organization_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionObjectRegistered(_AboutAnObject):
    """A function object was taken over from HSA; nothing may be ordered for it yet."""

    TYPE: ClassVar[str] = "function_object.registered"
    hsa_id: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionObjectValidated(_AboutAnObject):
    """The names of a function object were found to be the organization's own."""

    TYPE: ClassVar[str] = "function_object.validated"
    IS_PRIVILEGED: ClassVar[bool] = True
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _AboutAName(Event):
    validation_id: str
    organization_id: str
    name: str
    method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NameValidationRequested(_AboutAName):
    """Somebody asked for the proof of a right to a name."""

    TYPE: ClassVar[str] = "name_validation.requested"


@dataclass(frozen=True, slots=True, kw_only=True)
class NameValidationConfirmed(_AboutAName):
    """The right to a name was shown."""

    TYPE: ClassVar[str] = "name_validation.confirmed"
    IS_PRIVILEGED: ClassVar[bool] = True
    valid_to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NameValidationEnded(_AboutAName):
    """A validation was rejected or taken back."""

    TYPE: ClassVar[str] = "name_validation.ended"
    IS_PRIVILEGED: ClassVar[bool] = True
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _AboutAnOrder(_AboutAnObject):
    function_order_id: str
    certificate_request_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionCertificateOrdered(_AboutAnOrder):
    """A function certificate was ordered."""

    TYPE: ClassVar[str] = "function_certificate.ordered"
    IS_PRIVILEGED: ClassVar[bool] = True
    names: tuple[str, ...]
    findings: tuple[str, ...]
    public_key_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionCertificateApproved(_AboutAnOrder):
    """A second person approved an order; it went to the CA."""

    TYPE: ClassVar[str] = "function_certificate.approved"
    IS_PRIVILEGED: ClassVar[bool] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionCertificateDeclined(_AboutAnOrder):
    """A second person declined an order."""

    TYPE: ClassVar[str] = "function_certificate.declined"


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionReceiptAccepted(_AboutAnOrder):
    """The text on responsibility was accepted (FC-4)."""

    TYPE: ClassVar[str] = "function_certificate.receipt_accepted"
    IS_PRIVILEGED: ClassVar[bool] = True
    text_version: str
    text_sha256: str
    evidence_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionObjectChanged(_AboutAnObject):
    """HSA tells something else of a function object than before."""

    TYPE: ClassVar[str] = "function_object.changed"
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionObjectSetUp(_AboutAnObject):
    """Somebody changed who is responsible for a function object, its mobile or its tags."""

    TYPE: ClassVar[str] = "function_object.set_up"
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalPolicySet(Event):
    """Whether orders of a kind wait for a second person was decided."""

    TYPE: ClassVar[str] = "function_approval.set"
    IS_PRIVILEGED: ClassVar[bool] = True
    organization_id: str
    kind: str
    takes_two: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPolicyAsked(Event):
    """Somebody asked that keys be made here for a kind of function; a second person decides."""

    TYPE: ClassVar[str] = "function_key_policy.asked"
    IS_PRIVILEGED: ClassVar[bool] = True
    organization_id: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPolicySet(Event):
    """Whether keys are made here for a kind of function was decided: allowed by the second of two people."""

    TYPE: ClassVar[str] = "function_key_policy.set"
    IS_PRIVILEGED: ClassVar[bool] = True
    organization_id: str
    kind: str
    is_allowed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionKeyMade(_AboutAnOrder):
    """A key pair was made for an order; the password that opens it went to the function's mobile."""

    TYPE: ClassVar[str] = "function_key.made"
    public_key_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionKeyWiped(_AboutAnOrder):
    """A key made here was fetched, or had waited too long, and is kept no more."""

    TYPE: ClassVar[str] = "function_key.wiped"
    IS_PRIVILEGED: ClassVar[bool] = True
    was_fetched: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionCertificateMailed(_AboutAnOrder):
    """Somebody asked for a certificate to be sent by mail, encrypted."""

    TYPE: ClassVar[str] = "function_certificate.mailed"
    sealing: str
    recipients: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationReminded(Event):
    """Orderers and specialists were told that the proof of a name runs out."""

    TYPE: ClassVar[str] = "name_validation.reminded"
    validation_id: str
    organization_id: str
    name: str
    recipients: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiryNoticeRaised(_AboutAnOrder):
    """A step of a certificate's last time came; mails go to the people it concerns."""

    TYPE: ClassVar[str] = "expiry_notice.raised"
    days: int
    recipients: int
    is_escalated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiryNoticeAnswered(_AboutAnOrder):
    """Somebody answered the notices of a certificate."""

    TYPE: ClassVar[str] = "expiry_notice.answered"
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionCertificateMailBounced(_AboutAnOrder):
    """A mail with a certificate did not reach its address."""

    TYPE: ClassVar[str] = "function_certificate.mail_bounced"
    certificate_mail_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiryNoticeBounced(Event):
    """A mail about certificates did not reach its address."""

    TYPE: ClassVar[str] = "expiry_notice.bounced"
    notice_mail_id: str
    recipient: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionCertificateDelivered(_AboutAnOrder):
    """The certificate is published and may be handed out."""

    TYPE: ClassVar[str] = "function_certificate.delivered"
    certificate_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionCertificateFailed(_AboutAnOrder):
    """The CA could not issue the certificate."""

    TYPE: ClassVar[str] = "function_certificate.failed"
    failure: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionCertificateRevoked(_AboutAnOrder):
    """The certificate was revoked."""

    TYPE: ClassVar[str] = "function_certificate.revoked"
    certificate_id: str
    reason: str
    requested_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiTokenCreated(Event):
    """A bearer token was made for an employment in a role."""

    TYPE: ClassVar[str] = "api_token.created"
    IS_PRIVILEGED: ClassVar[bool] = True
    api_token_id: str
    hsa_id: Personal
    role: str
    person_id: str
    organization_id: str
    expires_at: str
    scopes: tuple[str, ...] = ()
    receipt_version: str = ""
    unit_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiTokenRevoked(Event):
    """A bearer token was taken out of use."""

    TYPE: ClassVar[str] = "api_token.revoked"
    api_token_id: str
    person_id: str
    organization_id: str
