"""Reads OCSP questions: the shape that nearly every client sends by slicing, the rare ones by asn1crypto."""

from dataclasses import dataclass
from typing import Final

from asn1crypto import core
from asn1crypto import ocsp as asn1_ocsp

from ocsp.wire import der
from ocsp.wire.cert_id import HASH_BY_OBJECT_IDENTIFIER, CertId

MOST_CERT_IDS: Final = 100
MOST_SERIAL_OCTETS: Final = 32
"""RFC 5280 4.1.2.2 gives conforming certificates 20; more than this is no serial number."""
MOST_NONCE_OCTETS: Final = 128
"""RFC 9654 2.1."""

_NONCE: Final = "1.3.6.1.5.5.7.48.1.2"
_ACCEPTABLE_RESPONSES: Final = "1.3.6.1.5.5.7.48.1.4"
_PREFERRED_ALGORITHMS: Final = "1.3.6.1.5.5.7.48.1.8"
_UNDERSTOOD: Final = frozenset(
    {
        _NONCE,
        _ACCEPTABLE_RESPONSES,
        _PREFERRED_ALGORITHMS,
        "1.3.6.1.5.5.7.48.1.7",  # service locator: we answer for our own issuers only
    }
)
_BASIC_RESPONSE: Final = bytes.fromhex("06092b0601050507300101")
_MOST_PREFERENCES: Final = 32

# The one-CertID question without extensions: five SEQUENCE headers, each with a one-octet length.
_HEADS: Final = tuple(
    bytes(octet for inner in range(2, 12, 2) for octet in (0x30, max(size - inner, 0))) for size in range(130)
)
_HEAD_SIZE: Final = 10
# Octets before the serial number, by the length of the hash's AlgorithmIdentifier:
# SHA-1 and SHA-2-256, each with and without NULL.
_PREFIX_SIZE: Final = {0x09: 55, 0x07: 53, 0x0D: 83, 0x0B: 81}
_NONCE_EXTENSION: Final = bytes.fromhex("06092b0601050507300102")


class MalformedRequest(ValueError):
    """The bytes are no OCSP request; the answer is ``malformedRequest`` (RFC 6960 4.2.1)."""


class UnknownHash(Exception):
    """A sound request names an issuer by a hash that we do not know; the answer is ``unauthorized``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OcspRequest:
    """A question: one or more certificates, and the nonce to be echoed if there is one.

    ``preferred`` holds what the asker would like to verify, the most wanted first (RFC 6960 4.4.7.1): the
    algorithm's OBJECT IDENTIFIER, and the AlgorithmIdentifier of the key, empty where none is named.
    """

    cert_ids: tuple[CertId, ...]
    nonce: bytes | None
    preferred: tuple[tuple[bytes, bytes], ...] = ()


def slice_request(request_der: bytes) -> tuple[bytes, bytes] | None:
    """Cut (everything of the CertID before the serial, serial octets) out of the plainest question.

    None says nothing about the question: read it with ``parse_request``. Whoever uses the first part must
    compare it with known ones as a whole (``issuer_prefix``): its hashes are not looked into here.
    """
    size = len(request_der)
    if not 60 < size < 130 or request_der[:_HEAD_SIZE] != _HEADS[size]:  # noqa: PLR2004 - one-octet lengths
        return None
    return _slice_cert_id(request_der, _HEAD_SIZE, size)


def slice_request_with_nonce(request_der: bytes) -> tuple[bytes, bytes, bytes] | None:
    """Cut (CertID before the serial, serial octets, nonce) out of a question with one CertID and a nonce.

    None says nothing about the question: read it with ``parse_request``. Raises ``MalformedRequest``
    for a nonce of a forbidden size.
    """
    try:
        tbs_request = _only(request_der, _only(request_der, (0, len(request_der))))
        request_list = der.expect(request_der, *tbs_request, der.SEQUENCE)
        cert_id = _only(request_der, _only(request_der, request_list))
        extensions = _only(request_der, (request_list[1], tbs_request[1]), 0xA2)
        start, end = _only(request_der, _only(request_der, extensions))
        value = start + len(_NONCE_EXTENSION)
        sliced = _slice_cert_id(request_der, *cert_id)
        if sliced is None or request_der[start:value] != _NONCE_EXTENSION:
            return None
        start, end = _only(request_der, (value, end), der.OCTET_STRING)
    except der.NotDer:
        return None
    return *sliced, _nonce(request_der[start:end])


def _only(whole: bytes, span: tuple[int, int], tag: int = der.SEQUENCE) -> tuple[int, int]:
    """Return the content's span of the one element that fills ``span``. Raises ``NotDer``."""
    start, end = der.expect(whole, *span, tag)
    if end != span[1]:
        raise der.NotDer("more than one element")
    return start, end


def _slice_cert_id(request_der: bytes, start: int, end: int) -> tuple[bytes, bytes] | None:
    if start + 1 >= end:
        return None
    prefix_size = _PREFIX_SIZE.get(request_der[start + 1])
    if prefix_size is None:
        return None
    at = start + prefix_size
    serial = request_der[at + 2 : end]
    if not 0 < len(serial) <= MOST_SERIAL_OCTETS or request_der[at : at + 2] != bytes((2, len(serial))):
        return None
    if not _is_minimal(serial):
        return None
    return request_der[start:at], serial


def _is_minimal(serial: bytes) -> bool:
    """Tell whether the INTEGER takes no octet more than it must (X.690 8.3.2)."""
    return len(serial) == 1 or not (
        (serial[0] == 0 and serial[1] < 128) or (serial[0] == 255 and serial[1] > 127)  # noqa: PLR2004
    )


def parse_request(request_der: bytes) -> OcspRequest:
    """Read a question of any shape.

    A signature on the question is not looked at: we answer everyone. Raises ``MalformedRequest``, and
    ``UnknownHash`` when nothing else is wrong.
    """
    try:
        der.check_structure(request_der, 0, len(request_der))
        request = asn1_ocsp.OCSPRequest.load(request_der, strict=True)
        return _read(request["tbs_request"])
    except MalformedRequest:
        raise
    except (ValueError, TypeError, KeyError, IndexError, OverflowError, RecursionError) as error:
        # asn1crypto reads lazily and shows bad input by whichever of these its own code meets.
        raise MalformedRequest("not an OCSP request") from error


def _read(tbs_request: asn1_ocsp.TBSRequest) -> OcspRequest:
    if tbs_request["version"].native != "v1":
        raise MalformedRequest("a version other than v1")
    requests = tbs_request["request_list"]
    if not 0 < len(requests) <= MOST_CERT_IDS:
        raise MalformedRequest("no certificate, or too many, asked about")
    cert_ids = []
    for request in requests:
        cert_ids.append(_cert_id(request["req_cert"]))
        _values(request["single_request_extensions"])
    values = _values(tbs_request["request_extensions"])
    encoded_nonce = values.get(_NONCE)
    nonce = None if encoded_nonce is None else _nonce(encoded_nonce)
    if _BASIC_RESPONSE not in _elements(values.get(_ACCEPTABLE_RESPONSES), default=_BASIC_RESPONSE):
        # RFC 6960 4.4.3: whoever asks must take the basic response, and we have no other.
        raise MalformedRequest("the basic response is not acceptable")
    preferred = tuple(
        _preference(element) for element in _elements(values.get(_PREFERRED_ALGORITHMS))[:_MOST_PREFERENCES]
    )
    known = tuple(cert_id for cert_id in cert_ids if cert_id is not None)
    if len(known) < len(cert_ids):
        raise UnknownHash
    return OcspRequest(cert_ids=known, nonce=nonce, preferred=preferred)


def _elements(value: bytes | None, *, default: bytes = b"") -> list[bytes]:
    """Return the elements of a SEQUENCE, or of one that holds ``default``. Raises ``MalformedRequest``."""
    whole = der.encode(der.SEQUENCE, default) if value is None else value
    elements = []
    try:
        at, end = _only(whole, (0, len(whole)))
        while at < end:
            _, _, stop = der.read(whole, at, end)
            elements.append(whole[at:stop])
            at = stop
    except der.NotDer as error:
        raise MalformedRequest("an extension that is no SEQUENCE") from error
    return elements


def _preference(element: bytes) -> tuple[bytes, bytes]:
    """Read one PreferredSignatureAlgorithm (RFC 6960 4.4.7.1). Raises ``MalformedRequest``."""
    identifiers = _elements(element)
    if not 1 <= len(identifiers) <= 2 or not _elements(identifiers[0]):  # noqa: PLR2004 - and the key's
        raise MalformedRequest("a preference that is none")
    return _elements(identifiers[0])[0], b"".join(identifiers[1:])


def _cert_id(cert_id: asn1_ocsp.CertId) -> CertId | None:
    """Read a CertID; None for a sound one whose hash we do not know."""
    algorithm = HASH_BY_OBJECT_IDENTIFIER.get(cert_id["hash_algorithm"]["algorithm"].dotted)
    name_hash, key_hash = cert_id["issuer_name_hash"].native, cert_id["issuer_key_hash"].native
    serial = cert_id["serial_number"].contents
    if not 0 < len(serial) <= MOST_SERIAL_OCTETS or not _is_minimal(serial):
        raise MalformedRequest("an impossible serial number")
    if algorithm is None:
        return None
    if cert_id["hash_algorithm"]["parameters"].dump() not in (b"", b"\x05\x00"):
        raise MalformedRequest("a hash algorithm with parameters")
    if len(name_hash) != algorithm.size or len(key_hash) != algorithm.size:
        raise MalformedRequest("a hash of the wrong size")
    return CertId(
        algorithm=algorithm, issuer_name_hash=name_hash, issuer_key_hash=key_hash, serial=bytes(serial)
    )


def _values(extensions: asn1_ocsp.TBSRequestExtensions) -> dict[str, bytes]:
    values: dict[str, bytes] = {}
    if isinstance(extensions, core.Void):
        return values
    for extension in extensions:
        name = extension["extn_id"].dotted
        if name in values:
            raise MalformedRequest("an extension twice")
        if extension["critical"].native and name not in _UNDERSTOOD:
            raise MalformedRequest("a critical extension that we do not know")
        values[name] = bytes(extension["extn_value"])
    return values


def _nonce(value: bytes) -> bytes:
    """Return the nonce's octets (RFC 9654: an OCTET STRING of 1 to 128). Raises ``MalformedRequest``."""
    try:
        start, end = der.expect(value, 0, len(value), der.OCTET_STRING)
    except der.NotDer as error:
        raise MalformedRequest("the nonce is no OCTET STRING") from error
    if end != len(value) or not 0 < end - start <= MOST_NONCE_OCTETS:
        raise MalformedRequest("a nonce of a size that RFC 9654 forbids")
    return value[start:end]
