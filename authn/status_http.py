"""Fetches from the status services and nowhere else: no redirect, no proxy, bounded in size and time."""

import time
from collections.abc import Collection
from contextlib import closing
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from urllib.parse import SplitResult, urlsplit

_SECONDS = 3.0


class StatusUnreachable(Exception):
    """The service gave no answer in time, or an answer other than 200."""


class AddressRefused(Exception):
    """The address is not one of the allowed services."""


def fetch(
    url: str, *, hosts: Collection[str], limit: int, body: bytes = b"", content_type: str = ""
) -> bytes:
    """Return the body of the answer (GET, or POST when there is a body), at most `limit` octets.

    Raises AddressRefused before any connection is made, StatusUnreachable otherwise.
    """
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise AddressRefused("not an address") from error
    if parts.scheme not in {"http", "https"} or parts.netloc not in hosts:
        raise AddressRefused("not an allowed status service")
    connection = _connection(parts)
    deadline = time.monotonic() + 2 * _SECONDS
    try:
        headers = {"Content-Type": content_type} if body else {}
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST" if body else "GET", target, body=body or None, headers=headers)
        with closing(connection.getresponse()) as response:
            return _read(response, limit=limit, deadline=deadline)
    except (OSError, HTTPException) as error:
        raise StatusUnreachable("no answer") from error
    finally:
        connection.close()


def _connection(parts: SplitResult) -> HTTPConnection:
    if parts.scheme == "https":
        return HTTPSConnection(parts.netloc, timeout=_SECONDS)
    return HTTPConnection(parts.netloc, timeout=_SECONDS)


def _read(response: HTTPResponse, *, limit: int, deadline: float) -> bytes:
    if response.status != 200:  # noqa: PLR2004 - OK; a redirect is no answer
        raise StatusUnreachable(f"answered {response.status}")
    octets = b""
    while chunk := response.read1(65536):
        octets += chunk
        if len(octets) > limit or time.monotonic() > deadline:
            raise StatusUnreachable("too large or too slow")
    return octets
