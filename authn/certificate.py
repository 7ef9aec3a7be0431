"""A holder's certificate read once into facts, strictly."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from asn1crypto import core
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from authn.encoding import sha256

CARD_NUMBER_OID = x509.ObjectIdentifier("1.2.752.34.2.1")  # SS 614331 section 4.3
_Extension = TypeVar("_Extension", bound=x509.ExtensionType)
_HSA_ID = re.compile(r"[A-Z]{2}\d{10}-[A-Za-z0-9]{1,18}", re.ASCII)
_PERSONAL_NUMBER = re.compile(r"\d{12}", re.ASCII)


class MalformedCertificate(ValueError):
    """The octets are not one well-formed DER certificate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HolderCertificate:
    """What authn reads in a certificate; at most one of `hsa_id` and `personal_identity_number` is set."""

    der: bytes
    given_name: str
    surname: str
    hsa_id: str
    personal_identity_number: str
    card_number: str
    serial_number: int
    issuer_name: str
    policy_oids: tuple[str, ...]
    key_usages: frozenset[str]
    extended_key_usages: frozenset[str]
    is_ca: bool
    not_before: datetime
    not_after: datetime
    ocsp_urls: tuple[str, ...]
    crl_urls: tuple[str, ...]

    @property
    def sha256_hex(self) -> str:
        """Return SHA-256 of the DER, lower-case hex."""
        return sha256(self.der).hex()


def read_certificate(der: bytes) -> HolderCertificate:
    """Return the facts of a certificate; raises MalformedCertificate for anything that is not strict DER."""
    try:
        certificate = x509.load_der_x509_certificate(der)
        return _facts(certificate, der)
    except (
        ValueError,
        TypeError,
        UnsupportedAlgorithm,
        x509.DuplicateExtension,
        x509.InvalidVersion,
        x509.UnsupportedGeneralNameType,
    ) as error:
        raise MalformedCertificate("not one well-formed certificate") from error


def is_issued_by(der: bytes, issuer_der: bytes) -> bool:
    """Say whether the issuer's key made the certificate, by name and signature."""
    certificate, issuer = (x509.load_der_x509_certificate(octets) for octets in (der, issuer_der))
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def canonical_name(rfc4514: str) -> str:
    """Return a distinguished name in one spelling; raises ValueError."""
    return x509.Name.from_rfc4514_string(rfc4514).rfc4514_string()


def _facts(certificate: x509.Certificate, der: bytes) -> HolderCertificate:
    identifier = _attribute(certificate.subject, NameOID.SERIAL_NUMBER)
    extensions = certificate.extensions
    return HolderCertificate(
        der=der,
        given_name=_attribute(certificate.subject, NameOID.GIVEN_NAME),
        surname=_attribute(certificate.subject, NameOID.SURNAME),
        hsa_id=identifier if _HSA_ID.fullmatch(identifier) else "",
        personal_identity_number=identifier if _PERSONAL_NUMBER.fullmatch(identifier) else "",
        card_number=_card_number(extensions),
        serial_number=certificate.serial_number,
        issuer_name=certificate.issuer.rfc4514_string(),
        policy_oids=_policy_oids(extensions),
        key_usages=_key_usages(extensions),
        extended_key_usages=_extended_key_usages(extensions),
        is_ca=_is_ca(extensions),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        ocsp_urls=_ocsp_urls(extensions),
        crl_urls=_crl_urls(extensions),
    )


def _attribute(name: x509.Name, oid: x509.ObjectIdentifier) -> str:
    values = [str(attribute.value) for attribute in name.get_attributes_for_oid(oid)]
    if len(values) > 1:
        raise MalformedCertificate("an attribute stands twice in the subject")
    return values[0] if values else ""


def _value(extensions: x509.Extensions, kind: type[_Extension]) -> _Extension | None:
    try:
        return extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _card_number(extensions: x509.Extensions) -> str:
    try:
        value = extensions.get_extension_for_oid(CARD_NUMBER_OID).value
    except x509.ExtensionNotFound:
        return ""
    if not isinstance(value, x509.UnrecognizedExtension):
        raise MalformedCertificate("the card number cannot be read")
    number = str(core.PrintableString.load(value.value, strict=True).native)
    if not (number.isascii() and number.isdigit()):
        raise MalformedCertificate("the card number is not digits")
    return number


def _policy_oids(extensions: x509.Extensions) -> tuple[str, ...]:
    policies = _value(extensions, x509.CertificatePolicies)
    return tuple(policy.policy_identifier.dotted_string for policy in policies or ())


def _key_usages(extensions: x509.Extensions) -> frozenset[str]:
    usage = _value(extensions, x509.KeyUsage)
    names = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
    )
    return frozenset(name for name in names if usage is not None and getattr(usage, name))


def _extended_key_usages(extensions: x509.Extensions) -> frozenset[str]:
    usages = _value(extensions, x509.ExtendedKeyUsage)
    return frozenset(usage.dotted_string for usage in usages or ())


def _is_ca(extensions: x509.Extensions) -> bool:
    constraints = _value(extensions, x509.BasicConstraints)
    return constraints is not None and constraints.ca


def _ocsp_urls(extensions: x509.Extensions) -> tuple[str, ...]:
    access = _value(extensions, x509.AuthorityInformationAccess)
    return tuple(
        description.access_location.value
        for description in access or ()
        if description.access_method == AuthorityInformationAccessOID.OCSP
        and isinstance(description.access_location, x509.UniformResourceIdentifier)
    )


def _crl_urls(extensions: x509.Extensions) -> tuple[str, ...]:
    points = _value(extensions, x509.CRLDistributionPoints)
    names = [name for point in points or () for name in point.full_name or ()]
    return tuple(name.value for name in names if isinstance(name, x509.UniformResourceIdentifier))
