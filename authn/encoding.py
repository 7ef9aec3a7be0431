"""The base64 spellings of the protocol, strict in both directions, so that one value has one text."""

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping


class MalformedText(ValueError):
    """A text is not the one canonical spelling of the octets it should carry."""


def b64(octets: bytes) -> str:
    """Return standard base64 with padding (RFC 4648 section 4)."""
    return base64.b64encode(octets).decode("ascii")


def b64url(octets: bytes) -> str:
    """Return URL-safe base64 without padding (RFC 4648 section 5, as RFC 7515 uses it)."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")


def unb64(text: str) -> bytes:
    """Return the octets of standard base64; raises MalformedText for anything but the canonical spelling."""
    try:
        octets = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error) as error:
        raise MalformedText("not base64") from error
    if b64(octets) != text:
        raise MalformedText("not canonical base64")
    return octets


def unb64url(text: str) -> bytes:
    """Return the octets of unpadded URL-safe base64; raises MalformedText for any other spelling."""
    try:
        octets = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (UnicodeEncodeError, binascii.Error) as error:
        raise MalformedText("not base64url") from error
    if b64url(octets) != text:
        raise MalformedText("not canonical base64url")
    return octets


def sha256(octets: bytes) -> bytes:
    """Return the SHA-256 digest, 32 octets."""
    return hashlib.sha256(octets).digest()


def content_digest(content: Mapping[str, object]) -> str:
    """Return SHA-256 (hex) over a mapping in its canonical form: what ties a row to the journal."""
    return sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hex()


def hashed(octets: bytes) -> str:
    """Return H(x) = base64(SHA-256(x)), the form of every free field in the signed lines."""
    return b64(sha256(octets))
