"""The words by which a relying party and its user learn how an order goes (authn.md section 6)."""

from enum import StrEnum


class PendingHint(StrEnum):
    """Why there is no answer yet."""

    OUTSTANDING = "outstanding"
    STARTED = "started"
    USER_ACTION = "userAction"
    PROCESSING = "processing"


class FailureHint(StrEnum):
    """Why there will be no answer."""

    EXPIRED = "expired"
    START_FAILED = "startFailed"
    USER_CANCEL = "userCancel"
    RP_CANCEL = "rpCancel"
    NOT_ME = "notMe"
    NO_CARD = "noCard"
    NO_CERTIFICATE = "noCertificate"
    PIN_BLOCKED = "pinBlocked"
    PIN_FAILED = "pinFailed"
    READER_ERROR = "readerError"
    CERTIFICATE_EXPIRED = "certificateExpired"
    CERTIFICATE_REVOKED = "certificateRevoked"
    CERTIFICATE_UNTRUSTED = "certificateUntrusted"
    CERTIFICATE_USAGE = "certificateUsage"
    LOA_TOO_LOW = "loaTooLow"
    WRONG_SUBJECT = "wrongSubject"
    WRONG_CARRIER = "wrongCarrier"
    SIGNATURE_INVALID = "signatureInvalid"
    BINDING_MISMATCH = "bindingMismatch"
    REVOCATION_UNAVAILABLE = "revocationUnavailable"
    CLIENT_TOO_OLD = "clientTooOld"
    RISK_BLOCKED = "riskBlocked"
    CARD_NOT_ACTIVE = "cardNotActive"


class AbortReason(StrEnum):
    """What a client may give up with; each is also a failure hint."""

    USER_CANCEL = "userCancel"
    NO_CARD = "noCard"
    NO_CERTIFICATE = "noCertificate"
    PIN_BLOCKED = "pinBlocked"
    PIN_FAILED = "pinFailed"
    READER_ERROR = "readerError"
    NOT_ME = "notMe"
