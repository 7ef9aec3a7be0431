"""Builds OCSP answers by joining DER: what is signed, what is stored, what is served (RFC 6960 4.2.1)."""

from collections.abc import Sequence
from enum import Enum
from functools import lru_cache
from typing import Final

from ocsp.wire import der

_GOOD: Final = b"\x80\x00"
_UNKNOWN: Final = b"\x82\x00"
_BASIC_RESPONSE: Final = bytes.fromhex("06092b0601050507300101")
_NONCE_EXTENSION: Final = bytes.fromhex("06092b0601050507300102")
_ARCHIVE_CUTOFF_EXTENSION: Final = bytes.fromhex("06092b0601050507300106")
_SUCCESSFUL: Final = b"\x0a\x01\x00"


class CertStatus(Enum):
    """What an answer says of one certificate; the value is stored, so it never changes."""

    GOOD = 0
    REVOKED = 1
    UNKNOWN = 2


class ResponseStatus(Enum):
    """How an answer as a whole went (RFC 6960 4.2.1)."""

    SUCCESSFUL = 0
    MALFORMED_REQUEST = 1
    INTERNAL_ERROR = 2
    TRY_LATER = 3
    SIG_REQUIRED = 5
    UNAUTHORIZED = 6


UNSIGNED_RESPONSES: Final[dict[ResponseStatus, bytes]] = {
    status: der.encode(der.SEQUENCE, der.encode(der.ENUMERATED, bytes((status.value,))))
    for status in ResponseStatus
    if status is not ResponseStatus.SUCCESSFUL
}
"""The whole answer for each outcome that is not signed."""

SIGNATURE_ALGORITHMS: Final[dict[str, bytes]] = {
    "ECDSA_SHA256": bytes.fromhex("300a06082a8648ce3d040302"),
    "ECDSA_SHA384": bytes.fromhex("300a06082a8648ce3d040303"),
    "ECDSA_SHA512": bytes.fromhex("300a06082a8648ce3d040304"),
    "RSA_SHA256": bytes.fromhex("300d06092a864886f70d01010b0500"),
    "RSA_SHA384": bytes.fromhex("300d06092a864886f70d01010c0500"),
    "RSA_SHA512": bytes.fromhex("300d06092a864886f70d01010d0500"),
}
"""AlgorithmIdentifiers by the names of ``ca.pki.signer.SignatureAlgorithm``."""


def certificate_status(status: CertStatus, *, revoked_at: int = 0, reason: int | None = None) -> bytes:
    """Encode CertStatus; ``revoked_at`` in seconds since 1970.

    Reason 0 (unspecified) is left out, as RFC 5280 5.3.1 asks of CRLs.
    """
    match status:
        case CertStatus.GOOD:
            return _GOOD
        case CertStatus.UNKNOWN:
            return _UNKNOWN
        case CertStatus.REVOKED:
            why = der.encode(0xA0, der.encode(der.ENUMERATED, bytes((reason,)))) if reason else b""
            return der.encode(0xA1, der.encode_generalized_time(revoked_at), why)


def single_response(
    *,
    cert_id_der: bytes,
    status_der: bytes,
    this_update: int,
    next_update: int,
    archive_cutoff: int | None = None,
) -> bytes:
    """Encode a SingleResponse; times in seconds since 1970."""
    extensions = b""
    if archive_cutoff is not None:
        value = der.encode(der.OCTET_STRING, der.encode_generalized_time(archive_cutoff))
        extension = der.encode(der.SEQUENCE, _ARCHIVE_CUTOFF_EXTENSION, value)
        extensions = der.encode(0xA1, der.encode(der.SEQUENCE, extension))
    return der.encode(
        der.SEQUENCE,
        cert_id_der,
        status_der,
        der.encode_generalized_time(this_update),
        der.encode(0xA0, der.encode_generalized_time(next_update)),
        extensions,
    )


def with_other_cert_id(signed: bytes, cert_id_der: bytes) -> bytes:
    """Return the SingleResponse of a stored part under another name for the same certificate.

    Status, times and extensions stay as they are, to the octet. Raises ``NotDer``.
    """
    start, end = der.expect(signed, 0, len(signed), der.SEQUENCE)
    _, start = der.expect(signed, start, end, 0xA2)
    _, start = der.expect(signed, start, end, der.GENERALIZED_TIME)
    start, end = der.expect(signed, start, end, der.SEQUENCE)
    start, end = der.expect(signed, start, end, der.SEQUENCE)
    _, start = der.expect(signed, start, end, der.SEQUENCE)
    return der.encode(der.SEQUENCE, cert_id_der, signed[start:end])


def response_data(
    *,
    responder_key_hash: bytes,
    produced_at: int,
    single_responses: Sequence[bytes],
    nonce: bytes | None = None,
) -> bytes:
    """Encode ResponseData, the bytes that are signed; the responder is named by its key's SHA-1."""
    extensions = b""
    if nonce is not None:
        value = der.encode(der.OCTET_STRING, der.encode(der.OCTET_STRING, nonce))
        extension = der.encode(der.SEQUENCE, _NONCE_EXTENSION, value)
        extensions = der.encode(0xA1, der.encode(der.SEQUENCE, extension))
    return der.encode(
        der.SEQUENCE,
        der.encode(0xA2, der.encode(der.OCTET_STRING, responder_key_hash)),
        der.encode_generalized_time(produced_at),
        der.encode(der.SEQUENCE, *single_responses),
        extensions,
    )


def signed_part(*, response_data_der: bytes, algorithm: str, signature: bytes) -> bytes:
    """Join what is stored: ResponseData, AlgorithmIdentifier and signature, without any certificate.

    The signer's certificate lies outside the signature, so it is joined when served (``successful``).
    Raises ``KeyError`` for an algorithm that is not in ``SIGNATURE_ALGORITHMS``.
    """
    bits = der.encode(der.BIT_STRING, b"\x00", signature)
    return response_data_der + SIGNATURE_ALGORITHMS[algorithm] + bits


def successful(*, signed: bytes, signer_certificate_der: bytes) -> bytes:
    """Join the whole OCSPResponse from the stored part and the signer's certificate."""
    head, tail = envelope(len(signed), signer_certificate_der)
    return head + signed + tail


@lru_cache(maxsize=4096)
def envelope(signed_size: int, signer_certificate_der: bytes) -> tuple[bytes, bytes]:
    """Return what stands before and after the stored part of an OCSPResponse.

    Both depend only on the part's size and the certificate, so a million answers share a few of them.
    """
    tail = der.encode(0xA0, der.encode(der.SEQUENCE, signer_certificate_der))
    basic = der.encode(der.SEQUENCE, b"\x00" * signed_size, tail)
    response_bytes = der.encode(der.SEQUENCE, _BASIC_RESPONSE, der.encode(der.OCTET_STRING, basic))
    whole = der.encode(der.SEQUENCE, _SUCCESSFUL, der.encode(0xA0, response_bytes))
    return whole[: len(whole) - len(tail) - signed_size], tail
