"""A to-be-signed certificate as two independent parsers read it, with what it is to be compared with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from cryptography import x509

from ca.pki import der, der_reading
from ca.pki.lints import Registry
from ca.pki.vocabulary import ExtensionId

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from ca.pki.der_reading import Element
    from ca.pki.issuer import IssuerFacts
    from ca.pki.profile import Profile

_V = TypeVar("_V", bound=x509.ExtensionType)

_VERSION, _EXTENSIONS = 0xA0, 0xA3
_UNIQUE_IDENTIFIERS = {0x81: "issuer_unique_id", 0x82: "subject_unique_id"}
_VERSION_1 = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TbsFields:
    """The fields of a TBSCertificate (RFC 5280 §4.1), whole encodings where they are `bytes`."""

    version: int
    serial_number: int
    signature: bytes
    issuer: bytes
    not_before: tuple[int, bytes]
    """Tag and content."""
    not_after: tuple[int, bytes]
    subject: bytes
    public_key: bytes
    unique_identifiers: tuple[str, ...]


def read_fields(tbs_der: bytes) -> TbsFields:
    """Read a TBSCertificate to its last octet; raises ValueError."""
    parts = list(der_reading.members(tbs_der, der_reading.whole(tbs_der, der_reading.SEQUENCE)))
    version = _VERSION_1
    if parts and parts[0].tag == _VERSION:
        (number,) = der_reading.members(tbs_der, parts.pop(0))
        version = der_reading.integer(der_reading.expect(tbs_der, number, der_reading.INTEGER))
    serial_number, signature, issuer, validity, subject, public_key, *rest = parts
    begins, ends = der_reading.members(tbs_der, validity)
    for part in (signature, issuer, validity, subject, public_key):
        der_reading.expect(tbs_der, part, der_reading.SEQUENCE)
    tags = [part.tag for part in rest]
    if tags != sorted(set(tags)) or not {*_UNIQUE_IDENTIFIERS, _EXTENSIONS}.issuperset(tags):
        raise ValueError("a field that no certificate has, or one in the wrong place")
    return TbsFields(
        version=version,
        serial_number=der_reading.integer(der_reading.expect(tbs_der, serial_number, der_reading.INTEGER)),
        signature=tbs_der[signature.start : signature.end],
        issuer=tbs_der[issuer.start : issuer.end],
        not_before=(begins.tag, tbs_der[begins.content : begins.end]),
        not_after=(ends.tag, tbs_der[ends.content : ends.end]),
        subject=tbs_der[subject.start : subject.end],
        public_key=tbs_der[public_key.start : public_key.end],
        unique_identifiers=tuple(_UNIQUE_IDENTIFIERS[tag] for tag in tags if tag in _UNIQUE_IDENTIFIERS),
    )


def _attributes(data: bytes, name: Element) -> tuple[tuple[str, str, str], ...]:
    der_reading.expect(data, name, der_reading.SET)
    found = []
    for attribute in der_reading.members(data, name):
        der_reading.expect(data, attribute, der_reading.SEQUENCE)
        identifier, value = der_reading.members(data, attribute)
        oid = der_reading.object_identifier(
            der_reading.expect(data, identifier, der_reading.OBJECT_IDENTIFIER)
        )
        string_type, encoding = der_reading.STRING_TYPES[value.tag]
        found.append((oid, string_type, data[value.content : value.end].decode(encoding)))
    return tuple(found)


@dataclass(frozen=True, kw_only=True)
class CertificateReading:
    """What lints look at; read lazily, so that one unreadable part is a finding and not the end of all."""

    tbs_der: bytes
    profile: Profile
    issuer: IssuerFacts
    at: datetime | None

    @cached_property
    def fields(self) -> TbsFields:
        """Read with our own reader; raises ValueError."""
        return read_fields(self.tbs_der)

    @cached_property
    def certificate(self) -> x509.Certificate:
        """Read with cryptography, behind a signature of one octet; raises ValueError."""
        return x509.load_der_x509_certificate(
            der.sequence(self.tbs_der, self.fields.signature, der.bit_string(b"\x00"))
        )

    @cached_property
    def relative_names(self) -> tuple[tuple[tuple[str, str, str], ...], ...]:
        """(OID, ASN.1 string type, text) of each attribute of each relative name of the subject, in order."""
        subject = self.fields.subject
        names = der_reading.members(subject, der_reading.whole(subject, der_reading.SEQUENCE))
        return tuple(_attributes(subject, name) for name in names)

    @cached_property
    def subject_attributes(self) -> tuple[tuple[str, str, str], ...]:
        """(OID, ASN.1 string type, text) of each attribute, in order."""
        return tuple(attribute for name in self.relative_names for attribute in name)

    @cached_property
    def extensions(self) -> Mapping[str, x509.Extension[x509.ExtensionType]]:
        """By dotted OID; raises ValueError when one cannot be read or stands there twice."""
        return {extension.oid.dotted_string: extension for extension in self.certificate.extensions}

    def extension(self, identifier: ExtensionId, kind: type[_V]) -> _V | None:
        """Return the extension's value, or None when it is absent."""
        found = self.extensions.get(identifier)
        return found.value if found is not None and isinstance(found.value, kind) else None

    def raw_extension(self, identifier: ExtensionId) -> bytes | None:
        """Return the value's bytes, or None when the extension is absent."""
        found = self.extensions.get(identifier)
        return None if found is None else found.value.public_bytes()

    @cached_property
    def key_usage(self) -> frozenset[str]:
        """The names of the key usages, as RFC 5280 spells them."""
        value = self.extension(ExtensionId.KEY_USAGE, x509.KeyUsage)
        if value is None:
            return frozenset()
        bits = {
            "digitalSignature": value.digital_signature,
            "nonRepudiation": value.content_commitment,
            "keyEncipherment": value.key_encipherment,
            "dataEncipherment": value.data_encipherment,
            "keyAgreement": value.key_agreement,
            "keyCertSign": value.key_cert_sign,
            "cRLSign": value.crl_sign,
        }
        if value.key_agreement:
            bits["encipherOnly"] = value.encipher_only
            bits["decipherOnly"] = value.decipher_only
        return frozenset(name for name, is_set in bits.items() if is_set)

    @property
    def public_key(self) -> bytes:
        """SubjectPublicKeyInfo in DER."""
        return self.fields.public_key

    @cached_property
    def purposes(self) -> tuple[str, ...]:
        """The extended key usages as dotted OIDs, in order."""
        value = self.extension(ExtensionId.EXTENDED_KEY_USAGE, x509.ExtendedKeyUsage)
        return () if value is None else tuple(purpose.dotted_string for purpose in value)

    @cached_property
    def alternative_names(self) -> tuple[x509.GeneralName, ...]:
        """The names in subjectAltName."""
        value = self.extension(ExtensionId.SUBJECT_ALTERNATIVE_NAME, x509.SubjectAlternativeName)
        return () if value is None else tuple(value)

    @cached_property
    def dns_names(self) -> tuple[str, ...]:
        """The dNSNames in subjectAltName."""
        return tuple(name.value for name in self.alternative_names if isinstance(name, x509.DNSName))

    @cached_property
    def is_authority(self) -> bool:
        """Tell whether basicConstraints says CA."""
        value = self.extension(ExtensionId.BASIC_CONSTRAINTS, x509.BasicConstraints)
        return value is not None and value.ca


CERTIFICATE_LINTS: Registry[CertificateReading] = Registry()
