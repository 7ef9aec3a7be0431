"""A strict reader of DER (X.690 §10), apart from the writer: what it cannot read, it refuses."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

BOOLEAN, INTEGER, OBJECT_IDENTIFIER = 0x01, 0x02, 0x06
UTC_TIME, GENERALIZED_TIME = 0x17, 0x18
SEQUENCE, SET = 0x30, 0x31

STRING_TYPES = {
    0x0C: ("UTF8String", "utf-8"),
    0x12: ("NumericString", "ascii"),
    0x13: ("PrintableString", "ascii"),
    0x14: ("TeletexString", "latin-1"),
    0x16: ("IA5String", "ascii"),
    0x1C: ("UniversalString", "utf-32-be"),
    0x1E: ("BMPString", "utf-16-be"),
}
"""Tag -> name and encoding of the string types that a name may hold (RFC 5280 appendix A)."""

_LONG_FORM = 0x80
_HIGH_TAG = 0x1F
_ARC_BITS = 7
_MOST_SECOND_ARC = 40
_LAST_FIRST_ARC = 2


class Element(NamedTuple):
    """Where one value lies: its tag, its first octet, the first and the one after the last of its content."""

    tag: int
    start: int
    content: int
    end: int


def element(data: bytes, at: int, end: int) -> Element:
    """Return the value that begins at `at` and ends no later than `end`.

    Raises ValueError for a high tag number, an indefinite or longer length than needed, and cut bytes.
    """
    if end - at < 2:  # noqa: PLR2004 - a tag and a length
        raise ValueError("the bytes end before the value does")
    tag, length, content = data[at], data[at + 1], at + 2
    if tag & _HIGH_TAG == _HIGH_TAG:
        raise ValueError("a tag number above 30")
    if length >= _LONG_FORM:
        count = length & 0x7F
        octets = data[content : content + count]
        length = int.from_bytes(octets)
        if not count or len(octets) != count or not octets[0] or length < _LONG_FORM:
            raise ValueError("a length that is not written in the shortest definite form")
        content += count
    if content + length > end:
        raise ValueError("the value is longer than what holds it")
    return Element(tag, at, content, content + length)


def whole(data: bytes, tag: int) -> Element:
    """Return the one value that `data` is; raises ValueError for another tag or octets behind it."""
    found = element(data, 0, len(data))
    if found.tag != tag or found.end != len(data):
        raise ValueError("not exactly one value of the type that was expected")
    return found


def members(data: bytes, holder: Element) -> Iterator[Element]:
    """Yield the values inside a constructed one, in order; raises ValueError when they do not fill it."""
    at = holder.content
    while at < holder.end:
        found = element(data, at, holder.end)
        yield found
        at = found.end


def expect(data: bytes, found: Element, tag: int) -> bytes:
    """Return the content of a value that has that tag; raises ValueError for another."""
    if found.tag != tag:
        raise ValueError(f"a value of type {found.tag:#04x} where {tag:#04x} was expected")
    return data[found.content : found.end]


def integer(content: bytes) -> int:
    """Return the number; raises ValueError for an empty one or one longer than it needs to be."""
    if not content or (len(content) > 1 and content[0] in {0x00, 0xFF} and (content[0] ^ content[1]) < 0x80):  # noqa: PLR2004 - the sign bit
        raise ValueError("a number that is not written in the fewest octets")
    return int.from_bytes(content, signed=True)


@lru_cache(maxsize=1024)
def object_identifier(content: bytes) -> str:
    """Return the dotted text; raises ValueError for what is cut or padded."""
    arcs, number, is_inside = [], 0, False
    for octet in content:
        if not is_inside and octet == _LONG_FORM:
            raise ValueError("an arc with leading zeros")
        number = number << _ARC_BITS | octet & 0x7F
        is_inside = octet >= _LONG_FORM
        if not is_inside:
            arcs.append(number)
            number = 0
    if is_inside or not arcs:
        raise ValueError("an object identifier that is cut")
    first = min(arcs[0] // _MOST_SECOND_ARC, _LAST_FIRST_ARC)
    return ".".join(map(str, (first, arcs[0] - first * _MOST_SECOND_ARC, *arcs[1:])))
