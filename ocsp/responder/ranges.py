"""Reads which part of a file is asked for (RFC 9110 14): one range; who asks for several gets the whole."""

import re
from typing import Final

_ONE: Final = re.compile(rb"bytes=(?:(\d{1,18})-(\d{0,18})|-(\d{1,18}))")


class RangeNotSatisfiable(Exception):
    """The part asked for lies behind the end."""


def wanted_range(headers: dict[bytes, bytes], *, size: int, validators: tuple[bytes, bytes]) -> slice | None:
    """Return which octets are asked for, None when it is all of them.

    ``validators`` are the file's quoted ETag and its Last-Modified: a part of another version is of no use,
    so ``If-Range`` must name this one (RFC 9110 13.1.5). Raises ``RangeNotSatisfiable``.
    """
    asked = _ONE.fullmatch(headers.get(b"range", b"").replace(b" ", b""))
    if asked is None or headers.get(b"if-range", validators[0]) not in validators:
        return None
    first, last, suffix = asked.groups()
    if suffix is not None:
        start, stop = max(size - int(suffix), 0), size
    else:
        start, stop = int(first), min(int(last) + 1 if last else size, size)
        if last and int(last) < int(first):
            return None  # no range at all: as if nothing had been said
    if start >= stop:
        raise RangeNotSatisfiable
    return slice(start, stop)
