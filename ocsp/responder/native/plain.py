"""The quick way's two steps in plain Python: what ``quick.c`` does, for machines without a compiler."""

from typing import Final

from ocsp.responder.paths import decode_get_path
from ocsp.store.record import HEAD_SIZE, TAG_OCTETS
from ocsp.wire.request import slice_request

Frame = tuple[bytes, bytes, bytes, int]
"""What stands before the ETag, after it and after the stored part; and where in it the CertID is likely."""

Asked = tuple[bytes, bytes, bool]
"""The store's key, the CertID's content as it was asked, and whether the connection stays."""

_GET: Final = b"GET /ocsp/"
_BEFORE_VERSION: Final = b" HTTP/1."
_CERT_ID_AT: Final = 10


def question(
    octets: bytes,
    gets: dict[bytes, bool],
    posts: dict[bytes, tuple[int, bool]],
    keys: dict[bytes, bytes],
) -> Asked | None:
    """Read octets that are as a whole one plain question about an issuer of ours.

    ``gets`` and ``posts`` hold the heads (all but the path or body) that were found plain, and whether the
    connection stays; ``keys`` the first octets of the store's keys by the CertID's. None says nothing about
    the octets.
    """
    if octets.startswith(_GET):
        at = octets.find(_BEFORE_VERSION)
        stays = None if at < 0 else gets.get(octets[at:])
        if stays is None:
            return None
        request_der = decode_get_path(octets[len(_GET) : at])
        if request_der is None:
            return None
    else:
        at = octets.find(b"\r\n\r\n") + 4
        length, stays = posts.get(octets[:at], (-1, False))
        if len(octets) - at != length:
            return None
        request_der = octets[at:]
    sliced = slice_request(request_der)
    if sliced is None:
        return None
    first = keys.get(sliced[0])
    return None if first is None else (first + sliced[1], request_der[_CERT_ID_AT:], stays)


def frame_name(stored: bytes, *, stays: bool) -> bytes:
    """Return what answers with the same frame share: signer, times, size, and the connection's fate."""
    return stored[2:20] + len(stored).to_bytes(4, "big") + (b"\x01" if stays else b"\x00")


def join(stored: bytes, asked: Asked, frames: dict[bytes, Frame]) -> bytes | None:
    """Join the whole HTTP answer; None when its frame is not made or it does not hold the CertID."""
    if len(stored) < HEAD_SIZE + TAG_OCTETS:
        return None
    _, cert_id, stays = asked
    frame = frames.get(frame_name(stored, stays=stays))
    if frame is None:
        return None
    headers, between, after, likely = frame
    # Question and answer agree when the CertID that was asked about stands in the answer.
    if not stored.startswith(cert_id, likely) and cert_id not in stored:
        return None
    tag = stored[-TAG_OCTETS:].hex().encode()
    return b"".join((headers, tag, between, stored[HEAD_SIZE:], after))
