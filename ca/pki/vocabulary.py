"""The closed sets that profiles are written in: attributes, key usages, purposes, extensions."""

from __future__ import annotations

from enum import Enum, StrEnum


class Kind(StrEnum):
    """What a certificate is for in the hierarchy."""

    ROOT = "root"
    ISSUER = "issuer"
    END_ENTITY = "end_entity"


class Presence(StrEnum):
    """Whether something may stand in a certificate; what a profile does not mention is forbidden."""

    FORBIDDEN = "forbidden"
    OPTIONAL = "optional"
    REQUIRED = "required"


class IdentifierForm(StrEnum):
    """What the subject's serialNumber attribute holds."""

    NONE = "none"
    HSA_ID = "hsa_id"
    PERSONAL_IDENTITY_NUMBER = "personal_identity_number"


class SubjectAttribute(Enum):
    """An attribute of the subject: the field of SubjectFacts that fills it, its OID and its upper bound.

    Bounds from RFC 5280 appendix A.1; surname and given name have 32768 there, and 64 here as in X.520 (2001)
    user practice, so that no relying party cuts a name.
    """

    COUNTRY = ("country", "2.5.4.6", 2)
    LOCALITY = ("locality", "2.5.4.7", 128)
    ORGANIZATION = ("organization", "2.5.4.10", 64)
    COMMON_NAME = ("common_name", "2.5.4.3", 64)
    SURNAME = ("surname", "2.5.4.4", 64)
    GIVEN_NAME = ("given_name", "2.5.4.42", 64)
    SERIAL_NUMBER = ("serial_number", "2.5.4.5", 64)
    TITLE = ("title", "2.5.4.12", 64)

    def __init__(self, field: str, object_identifier: str, longest: int) -> None:
        self.field = field
        self.object_identifier = object_identifier
        self.longest = longest
        self.is_printable = object_identifier in {"2.5.4.6", "2.5.4.5"}
        """Whether it must be a PrintableString (RFC 5280 A.1); all others are written as UTF8String."""

    __hash__ = object.__hash__  # members are singletons, and asked for a hundred times a certificate


ATTRIBUTES = {attribute.field: attribute for attribute in SubjectAttribute}

KEY_USAGES = (
    "digitalSignature",
    "nonRepudiation",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
)
"""RFC 5280 §4.2.1.3, in bit order; encipherOnly and decipherOnly are not used here."""

EXTENDED_KEY_USAGES = {
    "serverAuth": "1.3.6.1.5.5.7.3.1",
    "clientAuth": "1.3.6.1.5.5.7.3.2",
    "emailProtection": "1.3.6.1.5.5.7.3.4",
    "timeStamping": "1.3.6.1.5.5.7.3.8",
    "OCSPSigning": "1.3.6.1.5.5.7.3.9",
    "documentSigning": "1.3.6.1.5.5.7.3.36",  # RFC 9336
    "smartcardLogon": "1.3.6.1.4.1.311.20.2.2",
}

USER_PRINCIPAL_NAME = "1.3.6.1.4.1.311.20.2.3"


class ExtensionId(StrEnum):
    """Every extension our certificates, CRLs and OCSP responses may hold."""

    SUBJECT_KEY_IDENTIFIER = "2.5.29.14"
    KEY_USAGE = "2.5.29.15"
    SUBJECT_ALTERNATIVE_NAME = "2.5.29.17"
    BASIC_CONSTRAINTS = "2.5.29.19"
    CRL_NUMBER = "2.5.29.20"
    REASON_CODE = "2.5.29.21"
    INVALIDITY_DATE = "2.5.29.24"
    DELTA_CRL_INDICATOR = "2.5.29.27"
    ISSUING_DISTRIBUTION_POINT = "2.5.29.28"
    CRL_DISTRIBUTION_POINTS = "2.5.29.31"
    CERTIFICATE_POLICIES = "2.5.29.32"
    AUTHORITY_KEY_IDENTIFIER = "2.5.29.35"
    EXTENDED_KEY_USAGE = "2.5.29.37"
    FRESHEST_CRL = "2.5.29.46"
    AUTHORITY_INFORMATION_ACCESS = "1.3.6.1.5.5.7.1.1"
    OCSP_NONCE = "1.3.6.1.5.5.7.48.1.2"
    OCSP_NO_CHECK = "1.3.6.1.5.5.7.48.1.5"
    CARD_NUMBER = "1.2.752.34.2.1"


CRITICAL = frozenset(
    {
        ExtensionId.KEY_USAGE,
        ExtensionId.BASIC_CONSTRAINTS,
        ExtensionId.DELTA_CRL_INDICATOR,
        ExtensionId.ISSUING_DISTRIBUTION_POINT,
    }
)
"""The extensions that are critical wherever we write them; all others never are, but for one purpose."""

CRITICAL_PURPOSES = ("timeStamping",)
"""The purposes of the one certificate whose extendedKeyUsage is critical (RFC 3161 2.3)."""
