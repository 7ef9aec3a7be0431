"""PKCS#10 requests (RFC 2986): a public key, and the proof that the sender has its other half."""

from __future__ import annotations

import re
from base64 import b64decode
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import SignatureAlgorithmOID

from ca.pki.errors import CsrRefused
from ca.pki.keys import key_name

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST_CSR = 16_384
"""Octets; a request for an RSA-4096 key with twenty names has about 2 000."""

_PEM = re.compile(
    rb"\s*-----BEGIN (?P<label>(?:NEW )?CERTIFICATE REQUEST)-----(?P<body>[A-Za-z0-9+/=\s]+)"
    rb"-----END (?P=label)-----\s*"
)
_UNREADABLE = (
    ValueError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What the parser raises for a request that is not one; most of them are no ValueError."""

_ALGORITHMS = frozenset(
    {
        SignatureAlgorithmOID.RSA_WITH_SHA256,
        SignatureAlgorithmOID.RSA_WITH_SHA384,
        SignatureAlgorithmOID.RSA_WITH_SHA512,
        SignatureAlgorithmOID.ECDSA_WITH_SHA256,
        SignatureAlgorithmOID.ECDSA_WITH_SHA384,
        SignatureAlgorithmOID.ECDSA_WITH_SHA512,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CsrFacts:
    """What a request holds. Only `public_key` is used in a certificate; the rest is for people to look at."""

    public_key: bytes
    """SubjectPublicKeyInfo in DER; ask weak_keys.check about it."""
    key: str
    """E.g. `ec-p256` or `rsa-3072`."""
    subject_text: str
    dns_names: tuple[str, ...]


def parse_csr(der_or_pem: bytes | str) -> CsrFacts:
    """Read a request in DER or PEM and verify its signature with its own key (proof of possession).

    Raises CsrRefused with `reason`: `size`, `malformed`, `algorithm` (SHA-2 signatures are taken), `key`,
    or `proof` (the signature is not by the key).
    """
    csr_der = _der(der_or_pem)
    try:
        request = x509.load_der_x509_csr(csr_der)
        algorithm = request.signature_algorithm_oid
        subject_text = request.subject.rfc4514_string()
        dns_names = tuple(_dns_names(request.extensions))
    except _UNREADABLE as error:
        raise _refused("malformed", "not a PKCS#10 request") from error
    if algorithm not in _ALGORITHMS:
        raise _refused("algorithm", f"signed with {algorithm.dotted_string}")
    try:
        public_key = request.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        is_proved = request.is_signature_valid
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _refused("key", f"not a key that can be certified: {error}") from error
    if not is_proved:
        raise _refused("proof", "the signature is not made by the key in the request")
    return CsrFacts(
        public_key=public_key, key=key_name(public_key), subject_text=subject_text, dns_names=dns_names
    )


def _refused(reason: str, message: str) -> CsrRefused:
    return CsrRefused(message, facts={"reason": reason})


def _der(der_or_pem: bytes | str) -> bytes:
    content = der_or_pem.encode("utf-8", "replace") if isinstance(der_or_pem, str) else der_or_pem
    if len(content) > LONGEST_CSR:
        raise _refused("size", f"longer than {LONGEST_CSR} octets")
    if not content.lstrip().startswith(b"-----"):
        return content
    match = _PEM.fullmatch(content)
    if match is None:
        raise _refused("malformed", "not one PEM block with a certificate request")
    try:
        return b64decode(b"".join(match["body"].split()), validate=True)
    except ValueError as error:
        raise _refused("malformed", "not base64") from error


def _dns_names(extensions: Iterable[x509.Extension[x509.ExtensionType]]) -> Iterable[str]:
    for extension in extensions:
        if isinstance(extension.value, x509.SubjectAlternativeName):
            yield from extension.value.get_values_for_type(x509.DNSName)
