"""A to-be-signed certificate as two independent parsers read it, with what it is to be compared with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from asn1crypto.x509 import TbsCertificate
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ca.pki import der
from ca.pki.lints import Registry
from ca.pki.vocabulary import ExtensionId

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from ca.pki.issuer import IssuerFacts
    from ca.pki.profile import Profile

_V = TypeVar("_V", bound=x509.ExtensionType)


@dataclass(frozen=True, kw_only=True)
class CertificateReading:
    """What lints look at; read lazily, so that one unreadable part is a finding and not the end of all."""

    tbs_der: bytes
    profile: Profile
    issuer: IssuerFacts
    at: datetime | None

    @cached_property
    def tbs(self) -> TbsCertificate:
        """Read with asn1crypto; raises ValueError."""
        return TbsCertificate.load(self.tbs_der, strict=True)

    @cached_property
    def certificate(self) -> x509.Certificate:
        """Read with cryptography, behind a signature of one octet; raises ValueError."""
        algorithm: bytes = self.tbs["signature"].dump()
        return x509.load_der_x509_certificate(der.sequence(self.tbs_der, algorithm, der.bit_string(b"\x00")))

    @cached_property
    def subject_attributes(self) -> tuple[tuple[str, str, str], ...]:
        """(OID, ASN.1 string type, text) of each attribute, in order."""
        return tuple(
            (pair["type"].dotted, type(pair["value"].chosen).__name__, str(pair["value"].native))
            for name in self.tbs["subject"].chosen
            for pair in name
        )

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

    @cached_property
    def public_key(self) -> bytes:
        """SubjectPublicKeyInfo in DER."""
        return self.certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

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
