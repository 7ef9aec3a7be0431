"""Writes HTTP/1.1 answers as bytes, with the caching headers of RFC 5019 6.2."""

from functools import lru_cache
from time import gmtime
from typing import Final

from ocsp.responder.answering import Answered

OCSP_MAX_AGE: Final = 60
AFTER_TAG: Final = b'"\r\n\r\n'
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_REASONS: Final = {
    200: b"OK",
    204: b"No Content",
    206: b"Partial Content",
    304: b"Not Modified",
    400: b"Bad Request",
    404: b"Not Found",
    405: b"Method Not Allowed",
    408: b"Request Timeout",
    411: b"Length Required",
    413: b"Content Too Large",
    414: b"URI Too Long",
    415: b"Unsupported Media Type",
    416: b"Range Not Satisfiable",
    431: b"Request Header Fields Too Large",
    429: b"Too Many Requests",
    503: b"Service Unavailable",
}


@lru_cache(maxsize=65_536)
def http_date(seconds: int) -> bytes:
    """Write a moment as RFC 9110 5.6.7 asks (IMF-fixdate), whatever the locale."""
    moment = gmtime(seconds)
    return (
        f"{_DAYS[moment.tm_wday]}, {moment.tm_mday:02} {_MONTHS[moment.tm_mon - 1]} {moment.tm_year} "
        f"{moment.tm_hour:02}:{moment.tm_min:02}:{moment.tm_sec:02} GMT"
    ).encode()


def ocsp_headers(*, this_update: int, next_update: int, length: int, now: int) -> bytes:
    """Write the head of a signed answer up to its ETag, which ``AFTER_TAG`` ends.

    No cache may keep it past its nextUpdate.
    """
    validators = _ocsp_validators(this_update, next_update, now)
    return (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/ocsp-response\r\n"
        b'%bContent-Length: %d\r\nETag: "' % (validators, length)
    )


def ocsp_response(answered: Answered, now: int) -> bytes:
    """Write a signed answer."""
    headers = ocsp_headers(
        this_update=answered.this_update,
        next_update=answered.next_update,
        length=len(answered.body),
        now=now,
    )
    return headers + answered.entity_tag + AFTER_TAG + answered.body


def ocsp_not_modified(answered: Answered, now: int) -> bytes:
    """Write 304: the asker has this answer already."""
    validators = _ocsp_validators(answered.this_update, answered.next_update, now)
    return b'HTTP/1.1 304 Not Modified\r\n%bETag: "%b%b' % (validators, answered.entity_tag, AFTER_TAG)


def _ocsp_validators(this_update: int, next_update: int, now: int) -> bytes:
    return (
        b"Date: %b\r\n"
        b"Last-Modified: %b\r\n"
        b"Expires: %b\r\n"
        b"Cache-Control: max-age=%d,public,no-transform,must-revalidate\r\n"
    ) % (
        http_date(now),
        http_date(this_update),
        http_date(next_update),
        min(OCSP_MAX_AGE, next_update - now),
    )


def ocsp_uncached(body: bytes, now: int) -> bytes:
    """Write an answer that no cache may keep: unsigned, or made for one asker."""
    return whole(200, body, now, b"Content-Type: application/ocsp-response\r\nCache-Control: no-store\r\n")


def whole(code: int, body: bytes, now: int, headers: bytes = b"") -> bytes:
    """Write any answer; ``headers`` are complete lines."""
    length = b"" if code in (204, 304) else b"Content-Length: %d\r\n" % len(body)
    return b"HTTP/1.1 %d %b\r\nDate: %b\r\n%b%b\r\n%b" % (
        code,
        _REASONS[code],
        http_date(now),
        headers,
        length,
        body,
    )


def plain(code: int, text: str, now: int, headers: bytes = b"") -> bytes:
    """Write a short text for whoever looks at it in a terminal."""
    lines = b"Content-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\n" + headers
    return whole(code, text.encode() + b"\n", now, lines)


def without_body(response: bytes) -> bytes:
    """Cut an answer to what HEAD gets: the same headers, nothing after them."""
    return response[: response.index(b"\r\n\r\n") + 4]


def with_connection(response: bytes, option: bytes) -> bytes:
    """Add a Connection header below the status line."""
    return response.replace(b"\r\n", b"\r\nConnection: " + option + b"\r\n", 1)
