"""Writes the DER that OCSP needs, and walks DER strictly where a few fields are wanted."""

from calendar import timegm
from functools import lru_cache
from time import gmtime, strftime, strptime
from typing import Final

BOOLEAN: Final = 0x01
INTEGER: Final = 0x02
BIT_STRING: Final = 0x03
OCTET_STRING: Final = 0x04
NULL: Final = 0x05
OBJECT_IDENTIFIER: Final = 0x06
ENUMERATED: Final = 0x0A
UTC_TIME: Final = 0x17
GENERALIZED_TIME: Final = 0x18
SEQUENCE: Final = 0x30

_LONG_FORM: Final = 0x80
_HIGH_TAG: Final = 0x1F
_CONSTRUCTED: Final = 0x20
_MOST_LENGTH_OCTETS: Final = 4


class NotDer(ValueError):
    """The bytes are not the DER that was expected."""


def encode_length(length: int) -> bytes:
    """Encode a DER length in as few octets as it takes (X.690 10.1)."""
    if length < _LONG_FORM:
        return bytes((length,))
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((_LONG_FORM | len(octets),)) + octets


def encode(tag: int, *parts: bytes) -> bytes:
    """Encode one element whose content is the parts joined."""
    content = b"".join(parts)
    length = len(content)
    if length < _LONG_FORM:
        return bytes((tag, length)) + content
    return bytes((tag,)) + encode_length(length) + content


def encode_integer(number: int) -> bytes:
    """Encode an INTEGER in as few octets as it takes (X.690 8.3.2)."""
    return encode(INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big", signed=True))


@lru_cache(maxsize=65_536)
def encode_generalized_time(seconds: int) -> bytes:
    """Encode whole seconds since 1970 as GeneralizedTime in UTC, without fractions (RFC 5280 4.1.2.5.2)."""
    return encode(GENERALIZED_TIME, strftime("%Y%m%d%H%M%SZ", gmtime(seconds)).encode())


def read(der: bytes, offset: int, end: int) -> tuple[int, int, int]:
    """Return (tag, start of content, end of content) of the element at ``offset``.

    Raises ``NotDer`` for a multi-octet tag, an indefinite or non-minimal length, or an element that
    passes ``end``.
    """
    if offset + 2 > end:
        raise NotDer("an element is cut off")
    tag, length, start = der[offset], der[offset + 1], offset + 2
    if tag & _HIGH_TAG == _HIGH_TAG:
        raise NotDer("a tag of several octets")
    if length >= _LONG_FORM:
        count = length & 0x7F
        if not 0 < count <= _MOST_LENGTH_OCTETS or start + count > end:
            raise NotDer("an impossible length")
        length = int.from_bytes(der[start : start + count], "big")
        start += count
        if length < _LONG_FORM or length.bit_length() <= 8 * (count - 1):
            raise NotDer("a length in more octets than it takes")
    if start + length > end:
        raise NotDer("an element is cut off")
    return tag, start, start + length


def expect(der: bytes, offset: int, end: int, tag: int) -> tuple[int, int]:
    """Return (start, end) of the content of the element at ``offset``, which must have ``tag``.

    Raises ``NotDer``.
    """
    found, start, stop = read(der, offset, end)
    if found != tag:
        raise NotDer(f"tag {found:#04x} where {tag:#04x} was expected")
    return start, stop


def check_structure(der: bytes, start: int, end: int, *, depth: int = 16) -> None:
    """Check that a span is whole elements all the way down, each with a DER length.

    For parsers that also take BER. Raises ``NotDer``, also for elements nested deeper than ``depth``.
    """
    if depth == 0:
        raise NotDer("elements nested too deep")
    while start < end:
        tag, content, stop = read(der, start, end)
        if tag & _CONSTRUCTED:
            check_structure(der, content, stop, depth=depth - 1)
        start = stop


def decode_time(tag: int, content: bytes) -> int:
    """Return UTCTime or GeneralizedTime of RFC 5280 as whole seconds since 1970.

    Raises ``NotDer`` for any other form: fractions, time zones, missing seconds.
    """
    try:
        text = content.decode("ascii")
        if tag == UTC_TIME:
            text = ("20" if int(text[:2]) < 50 else "19") + text  # noqa: PLR2004 - RFC 5280 4.1.2.5.1
        if len(text) != len("YYYYMMDDHHMMSSZ") or tag not in (UTC_TIME, GENERALIZED_TIME):
            raise NotDer("not a time of RFC 5280")
        return timegm(strptime(text, "%Y%m%d%H%M%SZ"))
    except ValueError as error:
        raise NotDer("not a time of RFC 5280") from error
