"""base64url without padding and JSON objects, read as strictly as RFC 7515 and RFC 8555 write them."""

import binascii
import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

from functioncerts.acme.errors import malformed

_BASE64URL: Final = re.compile(r"[A-Za-z0-9_-]*")


def base64url(content: bytes) -> str:
    """Return the octets in base64url without padding."""
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def from_base64url(text: object, what: str) -> bytes:
    """Return the octets; raises AcmeProblem (malformed), also for padding and any second spelling."""
    if not isinstance(text, str) or not _BASE64URL.fullmatch(text):
        raise malformed(f"{what} is not base64url without padding")
    try:
        content = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        raise malformed(f"{what} is not base64url without padding") from None
    if base64url(content) != text:
        raise malformed(f"{what} is not the one base64url spelling of its octets")
    return content


def json_object(content: bytes, what: str) -> dict[str, object]:
    """Return a JSON object; raises AcmeProblem (malformed), also for a member that stands there twice."""

    def members(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise malformed(f"{what} names a member twice")
        return found

    try:
        read = json.loads(content.decode("utf-8"), object_pairs_hook=members)
    except (ValueError, RecursionError):
        raise malformed(f"{what} is not JSON") from None
    if not isinstance(read, dict):
        raise malformed(f"{what} is not a JSON object")
    return read
