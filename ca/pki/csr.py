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

from ca.pki import der_reading
from ca.pki.csr_faults import fault_of, without_bom
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

_EXTENSION_REQUEST = "1.2.840.113549.1.9.14"
_ATTRIBUTES = {
    "1.2.840.113549.1.9.2": "unstructuredName",
    "1.2.840.113549.1.9.7": "challengePassword",
}
"""RFC 2985, by OID."""
_EXTENSIONS = {
    "2.5.29.14": "subjectKeyIdentifier",
    "2.5.29.15": "keyUsage",
    "2.5.29.19": "basicConstraints",
    "2.5.29.32": "certificatePolicies",
    "2.5.29.37": "extKeyUsage",
    "1.3.6.1.5.5.7.1.24": "tlsFeature",
}
"""What requests mostly ask for, by OID."""
_NAME_KINDS: dict[type, str] = {
    x509.IPAddress: "IP",
    x509.RFC822Name: "email",
    x509.UniformResourceIdentifier: "URI",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CsrFacts:
    """What a request holds. Only `public_key` is used in a certificate; the rest is for people to look at."""

    public_key: bytes
    """SubjectPublicKeyInfo in DER; ask weak_keys.check about it."""
    key: str
    """E.g. `ec-p256` or `rsa-3072`."""
    subject_text: str
    dns_names: tuple[str, ...]
    other_names: tuple[str, ...] = ()
    """Alternative names that are no DNS names, with their kind: `IP:10.0.0.1`."""
    extensions: tuple[str, ...] = ()
    """The other extensions that are asked for: `basicConstraints`, or an OID."""
    attributes: tuple[str, ...] = ()
    """What else it carries: `challengePassword`, or an OID."""


def parse_csr(der_or_pem: bytes | str) -> CsrFacts:
    """Read a request in DER or PEM and verify its signature with its own key (proof of possession).

    Raises CsrRefused with `reason`: `size`, `malformed`, `algorithm` (SHA-2 signatures are taken), `key`,
    or `proof` (the signature is not by the key); `malformed` with `fault`, one of csr_faults.FAULTS.
    """
    content = der_or_pem.encode("utf-8", "replace") if isinstance(der_or_pem, str) else der_or_pem
    csr_der = _der(content)
    try:
        request = x509.load_der_x509_csr(csr_der)
        algorithm = request.signature_algorithm_oid
        subject_text = request.subject.rfc4514_string()
        dns_names = tuple(_dns_names(request.extensions))
        other_names = tuple(_other_names(request.extensions))
        extensions = tuple(
            _EXTENSIONS.get(one.oid.dotted_string, one.oid.dotted_string)
            for one in request.extensions
            if not isinstance(one.value, x509.SubjectAlternativeName)
        )
    except _UNREADABLE as error:
        raise _malformed("not a PKCS#10 request", fault_of(content)) from error
    if algorithm not in _ALGORITHMS:
        raise _refused("algorithm", f"signed with {algorithm.dotted_string}")
    try:
        public_key = request.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        is_proved = request.is_signature_valid
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _refused("key", f"not a key that can be certified: {error}") from error
    if not is_proved or _has_unused_bits(csr_der):
        raise _refused("proof", "the signature is not made by the key in the request")
    return CsrFacts(
        public_key=public_key,
        key=key_name(public_key),
        subject_text=subject_text,
        dns_names=dns_names,
        other_names=other_names,
        extensions=extensions,
        attributes=_attributes(request),
    )


def _has_unused_bits(csr_der: bytes) -> bool:
    """Tell whether the signature's BIT STRING is not whole octets: parsers let its last bits go unread."""
    *_, signature = der_reading.members(csr_der, der_reading.whole(csr_der, der_reading.SEQUENCE))
    return csr_der[signature.content] != 0


def _refused(reason: str, message: str) -> CsrRefused:
    return CsrRefused(message, facts={"reason": reason})


def _malformed(message: str, fault: str) -> CsrRefused:
    return CsrRefused(message, facts={"reason": "malformed", "fault": fault})


def _der(content: bytes) -> bytes:
    if len(content) > LONGEST_CSR:
        raise _refused("size", f"longer than {LONGEST_CSR} octets")
    text = without_bom(content)
    if not text.lstrip().startswith(b"-----"):
        return content
    match = _PEM.fullmatch(text)
    if match is None:
        raise _malformed("not one PEM block with a certificate request", fault_of(text))
    try:
        return b64decode(b"".join(match["body"].split()), validate=True)
    except ValueError as error:
        raise _malformed("not base64", "base64") from error


def _dns_names(extensions: Iterable[x509.Extension[x509.ExtensionType]]) -> Iterable[str]:
    for extension in extensions:
        if isinstance(extension.value, x509.SubjectAlternativeName):
            yield from extension.value.get_values_for_type(x509.DNSName)


def _other_names(extensions: Iterable[x509.Extension[x509.ExtensionType]]) -> Iterable[str]:
    for extension in extensions:
        if isinstance(extension.value, x509.SubjectAlternativeName):
            for name in extension.value:
                if not isinstance(name, x509.DNSName):
                    kind = _NAME_KINDS.get(type(name), "other")
                    yield f"{kind}:{name.value}" if kind != "other" else kind


def _attributes(request: x509.CertificateSigningRequest) -> tuple[str, ...]:
    """Return the attributes beside the one with the extensions; many tools add their own."""
    try:
        found = [one.oid.dotted_string for one in request.attributes]
    except ValueError:  # one with several values: what stands in it is left aside as well
        return ("?",)
    return tuple(_ATTRIBUTES.get(oid, oid) for oid in found if oid != _EXTENSION_REQUEST)
