"""Reads the question out of a GET path (RFC 6960 A.1)."""

import binascii
from typing import Final
from urllib.parse import unquote_to_bytes

_FROM_URL_ALPHABET: Final = bytes.maketrans(b"-_", b"+/")


def decode_get_path(rest: bytes) -> bytes | None:
    """Decode what follows ``/ocsp/``: base64, URL-encoded or not, padded or not; None when it is none.

    Also in the alphabet made for URLs (RFC 4648 5), which RFC 6960 does not know and some clients send.
    Slashes in front are a joint of two URLs, never part of it: a request begins with ``M``.
    """
    if b"%" in rest:
        # The three characters of base64 that clients encode; whatever else is left is for the library.
        rest = rest.replace(b"%2B", b"+").replace(b"%2F", b"/").replace(b"%3D", b"=")
        if b"%" in rest:
            rest = unquote_to_bytes(rest)
    if rest.startswith(b"/"):
        rest = rest.lstrip(b"/")
    if b"-" in rest or b"_" in rest:
        rest = rest.translate(_FROM_URL_ALPHABET)
    if len(rest) % 4:
        rest = rest.rstrip(b"=")
        rest += b"==="[: -len(rest) % 4]
    try:
        return binascii.a2b_base64(rest, strict_mode=True)
    except binascii.Error:
        return None
