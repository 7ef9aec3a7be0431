"""Reads HTTP requests from a stream of octets, within limits (httptools underneath)."""

from dataclasses import dataclass
from typing import Final

import httptools

BODY_LIMIT: Final = 64 * 1024
HEAD_LIMIT: Final = 16 * 1024
TARGET_LIMIT: Final = 4096
WIRE_LIMIT: Final = 16 * BODY_LIMIT
"""Octets of a whole request as it is sent: chunks have heads of their own, and trailers may follow."""
_KEPT: Final = frozenset(
    {
        b"content-type",
        b"if-none-match",
        b"if-modified-since",
        b"content-length",
        b"expect",
        b"range",
        b"if-range",
    }
)


class Refused(Exception):
    """The stream cannot be read on: answer with ``code`` and close."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """A request; of the headers, those that the service heeds, names in lower case.

    ``peer`` is the address of the other end, "" where it has none or nobody looked.
    """

    method: str
    target: bytes
    headers: dict[bytes, bytes]
    body: bytes
    keep_alive: bool
    is_http_1_1: bool
    peer: str = ""

    @property
    def is_ocsp(self) -> bool:
        """Tell whether the body is an OCSP request; a client that says nothing of it is believed."""
        kind = self.headers.get(b"content-type")
        return kind is None or kind.split(b";", 1)[0].strip().lower() == b"application/ocsp-request"


class RequestReader:
    """Turns octets into requests; ``is_midway`` tells that a request has begun and not ended."""

    def __init__(self, peer: str = "") -> None:
        self._peer = peer
        self._parser = httptools.HttpRequestParser(self)
        self._done: list[HttpRequest] = []
        self.is_midway = False
        self.wants_continue = False
        self._in_head = False
        self._size = 0
        self._clear()

    def feed(self, octets: bytes) -> list[HttpRequest]:
        """Return the requests that are now complete, in order. Raises ``Refused``."""
        self._size += len(octets)
        try:
            self._parser.feed_data(octets)
        except httptools.HttpParserUpgrade:
            pass  # we speak HTTP/1.1 only: the request is answered as if it had not asked
        except httptools.HttpParserCallbackError as error:
            if isinstance(error.__context__, Refused):
                raise error.__context__ from None
            raise Refused(400) from error
        except httptools.HttpParserError as error:
            raise Refused(400) from error
        if self.is_midway and self._in_head and self._size > HEAD_LIMIT:
            raise Refused(431)
        if self.is_midway and self._size > WIRE_LIMIT:
            raise Refused(413)
        done, self._done = self._done, []
        return done

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._clear()
        self.is_midway = self._in_head = True

    def on_url(self, octets: bytes) -> None:
        """Take a piece of the target."""
        self._target += octets
        if len(self._target) > TARGET_LIMIT:
            raise Refused(414)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        name = name.lower()
        self._fields += 1
        self._hosts += name == b"host"
        if self._fields > 100:  # noqa: PLR2004 - no client of ours sends a tenth of that
            raise Refused(431)
        if name in _KEPT and self._in_head:  # what follows a body is no header (RFC 9110 6.5.1)
            self._headers[name] = value

    def on_headers_complete(self) -> None:
        """Look at what is to come before it comes."""
        self._in_head = False
        if self._hosts > 1 or (self._hosts == 0 and self._parser.get_http_version() == "1.1"):
            raise Refused(400)  # RFC 9112 3.2
        length = self._headers.get(b"content-length", b"0")
        if not length.isdigit() or len(length) > 20:  # noqa: PLR2004 - more digits than any size has
            raise Refused(400)
        if int(length) > BODY_LIMIT:
            raise Refused(413)
        self.wants_continue = self._headers.get(b"expect", b"").lower() == b"100-continue"

    def on_body(self, octets: bytes) -> None:
        """Take a piece of the body."""
        self._body += octets
        if len(self._body) > BODY_LIMIT:
            raise Refused(413)

    def on_message_complete(self) -> None:
        """End a request."""
        self.is_midway = self.wants_continue = False
        self._size = 0
        self._done.append(
            HttpRequest(
                method=self._parser.get_method().decode("latin-1"),
                target=self._target,
                headers=self._headers,
                body=bytes(self._body),
                keep_alive=self._parser.should_keep_alive() and not self._parser.should_upgrade(),
                is_http_1_1=self._parser.get_http_version() == "1.1",
                peer=self._peer,
            )
        )

    def _clear(self) -> None:
        self._target = b""
        self._headers: dict[bytes, bytes] = {}
        self._body = bytearray()
        self._fields = 0
        self._hosts = 0
