"""One client's connection: reads requests, writes answers in order, and never waits for a slow client."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol, cast

from ocsp.responder import messages
from ocsp.responder.ocsp_service import OcspService
from ocsp.responder.request import HttpRequest, Refused, RequestReader

_log = logging.getLogger(__name__)

_MOST_DRAINED: Final = 16 * 1024 * 1024
"""Octets read and thrown away of a client that was refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeLimits:
    """Seconds after which a connection is closed.

    ``first_request`` without a first octet, ``request`` for a request to come in whole, ``idle`` between
    requests, ``crowded`` the same when nearly all connections are taken, ``stalled`` without the client
    taking anything of its answer, ``lingering`` after a refusal while the client goes on sending.
    """

    first_request: int = 10
    request: int = 10
    idle: int = 75
    crowded: int = 2
    stalled: int = 20
    lingering: int = 5


class Service(Protocol):
    """What answers: ``StatusService`` for everybody, ``PrivateService`` for the operator."""

    @property
    def ocsp(self) -> OcspService:
        """The OCSP part, whose quick way comes first."""

    def respond(self, request: HttpRequest) -> bytes | Awaitable[bytes]:
        """Answer any request."""

    def refuse(self, code: int, text: str) -> bytes:
        """Answer with an HTTP error."""

    def internal_error(self, request: HttpRequest) -> bytes:
        """Answer when this program failed."""


class Connections:
    """All connections of a process, and the second that they count by."""

    def __init__(self, *, most: int, limits: TimeLimits, second: int) -> None:
        self._most = most
        self.limits = limits
        self._open: set[Connection] = set()
        self.second = second
        self.is_closing = False
        self.all_closed = asyncio.Event()

    def __len__(self) -> int:
        return len(self._open)

    def admit(self, connection: "Connection") -> bool:
        """Take a connection in, unless there are too many."""
        if len(self._open) >= self._most:
            return False
        self._open.add(connection)
        return True

    def forget(self, connection: "Connection") -> None:
        """Let a connection go."""
        self._open.discard(connection)
        if self.is_closing and not self._open:
            self.all_closed.set()

    def sweep(self, second: int) -> None:
        """Close whoever takes too long; when nine tenths are taken, idle ones go at once."""
        self.second = second
        is_crowded = len(self._open) > self._most * 0.9
        idle = self.limits.crowded if is_crowded else self.limits.idle
        for connection in list(self._open):
            connection.sweep(second, idle)

    def close(self) -> None:
        """Close idle connections now and the others after their answer."""
        self.is_closing = True
        for connection in list(self._open):
            connection.close_when_done()
        if not self._open:
            self.all_closed.set()


class Connection(asyncio.Protocol):
    """A connection. Of several requests sent at once each is answered before the next is begun."""

    __slots__ = (
        "_answer_quickly",
        "_answering",
        "_born",
        "_connections",
        "_drained",
        "_has_ended",
        "_held",
        "_is_paused",
        "_last",
        "_left",
        "_lingers",
        "_queue",
        "_reader",
        "_service",
        "_stalled",
        "_transport",
    )

    def __init__(self, service: Service, connections: Connections) -> None:
        self._service = service
        self._answer_quickly = service.ocsp.quick.answer
        self._connections = connections
        self._transport: asyncio.Transport
        self._reader: RequestReader | None = None
        self._queue: deque[HttpRequest] = deque()
        self._answering: asyncio.Future[bytes] | None = None
        self._born = connections.second
        self._last: int | None = None
        """The second of the last answer, or of the first octet of the request that is coming in."""
        self._stalled: int | None = None
        """The second since which the client has taken nothing of what waits for it."""
        self._left = 0
        self._lingers: int | None = None
        """The second of the refusal; the reader that met it stays, so that nothing is read any more."""
        self._drained = 0
        self._held = b""
        """What came while an answer was being made; once there is some, no more is read."""
        self._is_paused = False
        self._has_ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, or refuse a connection too many."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's has its methods, not its class
        if not self._connections.admit(self):
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """End; an answer under way is made and thrown away."""
        self._connections.forget(self)
        self._queue.clear()

    def data_received(self, data: bytes) -> None:
        """Take what came."""
        if self._answering is not None:
            self._held += data
            self._pause()
            return
        if self._reader is None:
            served = self._answer_quickly(data)
            if served is not None:
                self._transport.write(served[0])
                self._last = self._connections.second
                if not served[1] or self._connections.is_closing:
                    self._transport.close()
                return
            request = self._service.ocsp.quick.read(data)
            if request is not None:
                self._last = self._connections.second
                self._queue.append(request)
                self._answer_next()
                return
        self._read(data)

    def eof_received(self) -> bool:
        """Keep the way back open for an answer that is being made."""
        self._has_ended = True
        return self._answering is not None

    def pause_writing(self) -> None:
        """Take no more questions from a client that does not take its answers."""
        self._stalled = self._connections.second
        self._left = self._transport.get_write_buffer_size()
        self._pause()

    def resume_writing(self) -> None:
        """Go on."""
        self._stalled = None
        self._go_on()

    def sweep(self, second: int, idle_seconds: int) -> None:
        """Close when the time of whatever this connection does has run out."""
        limits = self._connections.limits
        if self._stalled is not None or self._lingers is not None:
            if self._is_stuck(second):
                self._transport.abort()
        elif self._answering is not None:
            return
        elif self._last is None:
            if second - self._born > min(limits.first_request, idle_seconds):
                self._transport.close()
        elif self._reader is not None:
            if second - self._last > limits.request:
                self._refuse(408)
        elif second - self._last > idle_seconds:
            self._transport.close()

    def _is_stuck(self, second: int) -> bool:
        limits = self._connections.limits
        if self._stalled is None:
            return self._lingers is not None and second - self._lingers > limits.lingering
        left = self._transport.get_write_buffer_size()
        if left < self._left:
            self._stalled, self._left = second, left
        return second - self._stalled > limits.stalled

    def close_when_done(self) -> None:
        """Close now if nothing is being answered."""
        if self._answering is None and not self._queue:
            self._transport.close()

    def _read(self, octets: bytes) -> None:
        if self._lingers is not None:
            self._drained += len(octets)
            if self._drained > _MOST_DRAINED:
                self._transport.abort()
            return
        is_first = self._reader is None
        if self._reader is None:
            address = self._transport.get_extra_info("peername")
            self._reader = RequestReader(str(address[0]) if isinstance(address, tuple) else "")
            self._last = self._connections.second
        try:
            requests = self._reader.feed(octets)
        except Refused as refused:
            self._refuse(refused.code)
            return
        if self._reader.wants_continue:
            self._reader.wants_continue = False
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if not self._reader.is_midway:
            self._reader = None
            if is_first and len(requests) == 1:
                self._service.ocsp.quick.learn(octets, requests[0])
        self._queue.extend(requests)
        self._answer_next()

    def _answer_next(self) -> None:
        while self._queue and self._answering is None and not self._transport.is_closing():
            request = self._queue.popleft()
            outcome = self._outcome(request)
            if isinstance(outcome, bytes):
                self._send(outcome, request)
                continue
            self._answering = asyncio.ensure_future(outcome)
            self._answering.add_done_callback(partial(self._answered, request))

    def _outcome(self, request: HttpRequest) -> bytes | Awaitable[bytes]:
        try:
            return self._service.respond(request)
        except Exception:  # noqa: BLE001 - the client gets an answer and the process lives on
            _log.exception("a request could not be answered")
            return self._service.internal_error(request)

    def _answered(self, request: HttpRequest, done: "asyncio.Future[bytes]") -> None:
        self._answering = None
        if done.cancelled() or self._transport.is_closing():
            return
        error = done.exception()
        if error is not None:
            _log.error("a request could not be answered", exc_info=error)
        self._send(self._service.internal_error(request) if error else done.result(), request)
        self._answer_next()
        self._go_on()

    def _pause(self) -> None:
        """Read no more; only when it is needed, for it costs more than most answers."""
        if not self._is_paused:
            self._is_paused = True
            self._transport.pause_reading()

    def _go_on(self) -> None:
        """Take what was held, and read on, or close after a client that has said all it will say."""
        if self._held and self._answering is None and not self._transport.is_closing():
            held, self._held = self._held, b""
            self.data_received(held)
        if self._answering is not None or self._stalled is not None or self._transport.is_closing():
            return
        if self._has_ended:
            self._transport.close()
        elif self._is_paused:
            self._is_paused = False
            self._transport.resume_reading()

    def _send(self, response: bytes, request: HttpRequest) -> None:
        if request.method == "HEAD":
            response = messages.without_body(response)
        stays = request.keep_alive and not self._connections.is_closing
        if not stays:
            response = messages.with_connection(response, b"close")
        elif not request.is_http_1_1:
            response = messages.with_connection(response, b"keep-alive")
        self._transport.write(response)
        self._last = self._connections.second
        if not stays:
            self._queue.clear()
            self._transport.close()

    def _refuse(self, code: int) -> None:
        """Answer, and read on for a while: a close upon what still comes would take the answer away.

        RFC 9112 section 9.6: our half is closed, the other when the client has closed its own.
        """
        response = self._service.refuse(code, "This request cannot be read.")
        self._transport.write(messages.with_connection(response, b"close"))
        self._transport.write_eof()
        self._lingers = self._connections.second
