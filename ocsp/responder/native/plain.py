"""The quick way in plain Python: what ``quick.c`` does, for machines without a compiler."""

from collections.abc import Callable
from typing import Final, NamedTuple

from ocsp.responder.paths import decode_get_path
from ocsp.store.record import HEAD_SIZE, TAG_OCTETS
from ocsp.wire.request import slice_request

Frame = tuple[bytes, bytes, bytes, int]
"""What stands before the ETag, after it and after the stored part; and where in it the CertID is likely."""


class State(NamedTuple):
    """What the quick way stands on; it is handed over as a list, in this order.

    ``gets`` and ``posts`` hold the heads (all but the path or body) that were found plain, and whether the
    connection stays; ``keys`` the first octets of the store's keys by the CertID's; ``frames`` what stands
    around answers, by ``frame_name``. ``make_frame`` is called with a stored answer, the CertID's content and
    whether the connection stays, and tells whether it made one.
    """

    gets: dict[bytes, bool]
    posts: dict[bytes, tuple[int, bool]]
    keys: dict[bytes, bytes]
    look_up: Callable[[bytes], bytes | None]
    frames: dict[bytes, Frame]
    make_frame: Callable[[bytes, bytes, bool], bool]
    statuses: list[int]


KEYS, LOOK_UP = State._fields.index("keys"), State._fields.index("look_up")
_GET: Final = b"GET /ocsp/"
_BEFORE_VERSION: Final = b" HTTP/1."
_CERT_ID_AT: Final = 10


def answer(state: list[object], octets: bytes) -> tuple[bytes, bool] | None:
    """Answer octets that are as a whole one plain question about an issuer of ours.

    Return the whole HTTP answer and whether the connection stays; None says nothing about the octets.
    """
    known = State(*state)  # type: ignore[arg-type]  # a list, as the C function wants it
    asked = _question(known, octets)
    if asked is None:
        return None
    key, cert_id, stays = asked
    try:
        stored = known.look_up(key)
    except Exception:  # noqa: BLE001 - whatever it is, the full way meets it and says so
        return None
    if stored is None or len(stored) < HEAD_SIZE + TAG_OCTETS:
        return None
    name = frame_name(stored, stays=stays)
    if name not in known.frames and not known.make_frame(stored, cert_id, stays):
        return None
    headers, between, after, likely = known.frames[name]
    # Question and answer agree when the CertID that was asked about stands in the answer.
    if not stored.startswith(cert_id, likely) and cert_id not in stored:
        return None
    if stored[0] < len(known.statuses):
        known.statuses[stored[0]] += 1
    tag = stored[-TAG_OCTETS:].hex().encode()
    return b"".join((headers, tag, between, stored[HEAD_SIZE:], after)), stays


def _question(state: State, octets: bytes) -> tuple[bytes, bytes, bool] | None:
    """Return the store's key, the CertID's content as it was asked, and whether the connection stays."""
    if octets.startswith(_GET):
        at = octets.find(_BEFORE_VERSION)
        stays = None if at < 0 else state.gets.get(octets[at:])
        if stays is None:
            return None
        request_der = decode_get_path(octets[len(_GET) : at])
        if request_der is None:
            return None
    else:
        at = octets.find(b"\r\n\r\n") + 4
        length, stays = state.posts.get(octets[:at], (-1, False))
        if len(octets) - at != length:
            return None
        request_der = octets[at:]
    sliced = slice_request(request_der)
    if sliced is None:
        return None
    first = state.keys.get(sliced[0])
    return None if first is None else (first + sliced[1], request_der[_CERT_ID_AT:], stays)


def frame_name(stored: bytes, *, stays: bool) -> bytes:
    """Return what answers with the same frame share: signer, times, size, and the connection's fate."""
    return stored[2:20] + len(stored).to_bytes(4, "big") + (b"\x01" if stays else b"\x00")
