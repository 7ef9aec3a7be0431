"""Names one certificate as an OCSP question does (CertID, RFC 6960 4.1.1)."""

import hashlib
from dataclasses import dataclass
from enum import Enum
from typing import Final, Self

from ocsp.wire import der


class HashAlgorithm(Enum):
    """Hash algorithms by which a question may name the issuer; the value is stored, so it never changes."""

    SHA1 = 1
    SHA256 = 2
    SHA384 = 3
    SHA512 = 4

    @property
    def size(self) -> int:
        """Octets of a hash."""
        return _FACTS[self][1]

    @property
    def object_identifier(self) -> str:
        """The dotted object identifier."""
        return _FACTS[self][2]

    def digest(self, content: bytes) -> bytes:
        """Hash the content."""
        return hashlib.new(_FACTS[self][0], content, usedforsecurity=False).digest()

    def identifier_der(self, *, with_null: bool = True) -> bytes:
        """Encode the AlgorithmIdentifier; the parameters are NULL, or absent as RFC 5754 also allows."""
        identifier = der.encode(der.OBJECT_IDENTIFIER, _FACTS[self][3])
        return der.encode(der.SEQUENCE, identifier, b"\x05\x00" if with_null else b"")


_FACTS: Final[dict[HashAlgorithm, tuple[str, int, str, bytes]]] = {
    HashAlgorithm.SHA1: ("sha1", 20, "1.3.14.3.2.26", bytes.fromhex("2b0e03021a")),
    HashAlgorithm.SHA256: ("sha256", 32, "2.16.840.1.101.3.4.2.1", bytes.fromhex("608648016503040201")),
    HashAlgorithm.SHA384: ("sha384", 48, "2.16.840.1.101.3.4.2.2", bytes.fromhex("608648016503040202")),
    HashAlgorithm.SHA512: ("sha512", 64, "2.16.840.1.101.3.4.2.3", bytes.fromhex("608648016503040203")),
}

HASH_BY_OBJECT_IDENTIFIER: Final = {member.object_identifier: member for member in HashAlgorithm}

PRESIGNED: Final = (HashAlgorithm.SHA1, HashAlgorithm.SHA256)
"""The algorithms for which answers are signed ahead; the others are answered from the signing lane."""


def serial_octets(serial_number: int) -> bytes:
    """Return the content octets of a serial number's INTEGER, as they stand in a CertID."""
    return serial_number.to_bytes(serial_number.bit_length() // 8 + 1, "big", signed=True)


def issuer_prefix(
    *, algorithm: HashAlgorithm, issuer_name_hash: bytes, issuer_key_hash: bytes, with_null: bool = True
) -> bytes:
    """Return the DER of everything in a CertID that comes before the serial number."""
    return b"".join(
        (
            algorithm.identifier_der(with_null=with_null),
            der.encode(der.OCTET_STRING, issuer_name_hash),
            der.encode(der.OCTET_STRING, issuer_key_hash),
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CertId:
    """A question's name for a certificate; ``serial`` holds the INTEGER's content octets."""

    algorithm: HashAlgorithm
    issuer_name_hash: bytes
    issuer_key_hash: bytes
    serial: bytes

    @classmethod
    def of(cls, *, algorithm: HashAlgorithm, name_der: bytes, key_bits: bytes, serial_number: int) -> Self:
        """Name a certificate by its issuer's subject (DER) and public key.

        ``key_bits`` is the content of the issuer's subjectPublicKey without the octet that counts
        unused bits (RFC 6960 4.1.1).
        """
        return cls(
            algorithm=algorithm,
            issuer_name_hash=algorithm.digest(name_der),
            issuer_key_hash=algorithm.digest(key_bits),
            serial=serial_octets(serial_number),
        )

    @property
    def serial_number(self) -> int:
        """The serial number as a number."""
        return int.from_bytes(self.serial, "big", signed=True)

    @property
    def der(self) -> bytes:
        """The CertID as it stands in our answers, hash parameters NULL."""
        prefix = issuer_prefix(
            algorithm=self.algorithm,
            issuer_name_hash=self.issuer_name_hash,
            issuer_key_hash=self.issuer_key_hash,
        )
        return der.encode(der.SEQUENCE, prefix, der.encode(der.INTEGER, self.serial))
