"""Answers OCSP over HTTP: routes, the signing lane, and the memory in front of the store."""

import binascii
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import unquote_to_bytes

from ocsp.responder import messages
from ocsp.responder.answering import Answered, Answering, SigningPlan
from ocsp.responder.conditional import is_not_modified
from ocsp.responder.lane import SigningLane, SigningUnavailable
from ocsp.responder.metrics import Metrics
from ocsp.responder.request import HttpRequest
from ocsp.store.interface import StatusReader, StoreUnavailable
from ocsp.wire.response import UNSIGNED_RESPONSES, ResponseStatus

_MOST_KEPT: Final = 8192
_MOST_HEADS: Final = 512
_LONGEST_HEAD: Final = 2048
_GET: Final = b"GET /ocsp/"
_END_OF_LINE: Final = b" HTTP/1.1\r\n"
_OCSP_METHODS: Final = b"Allow: GET, HEAD, POST, OPTIONS\r\n"


class OcspService:
    """The route ``/ocsp``; what is kept in memory lives until the clock's second or the store changes."""

    def __init__(
        self,
        *,
        reader: StatusReader,
        lane: SigningLane | None,
        metrics: Metrics,
        refuse: Callable[[int, str, bytes], bytes],
    ) -> None:
        self._answering = Answering(reader, may_sign=lane is not None)
        self._lane = lane
        self._metrics = metrics
        self._refuse_with = refuse
        self._kept: dict[bytes, tuple[bytes, int]] = {}
        self._plain_gets: set[bytes] = set()
        self._plain_posts: dict[bytes, int] = {}
        self.now = 0

    def follow(self, now: int) -> None:
        """Follow the clock and the store. Raises ``StoreUnavailable``."""
        has_changed = now != self.now
        self.now = now
        try:
            has_changed |= self._answering.follow()
        except StoreUnavailable:
            has_changed = True
            raise
        finally:
            if has_changed:
                self._kept.clear()

    def quick(self, octets: bytes) -> bytes | None:
        """Answer octets that are as a whole one plain OCSP request of a kind seen before; None says nothing.

        A request is plain when its head, seen before, was found to hold no condition and to keep the
        connection (``learn``): then nothing but the question differs, and HTTP need not be parsed again.
        """
        kept = self._kept.get(octets)
        if kept is not None:
            self._metrics.from_memory += 1
            self._metrics.certificate_statuses[kept[1]] += 1
            return kept[0]
        if octets.startswith(_GET):
            at = octets.find(_END_OF_LINE)
            if at < 0 or octets[at:] not in self._plain_gets:
                return None
            request_der = decode_get_path(octets[len(_GET) : at])
        else:
            at = octets.find(b"\r\n\r\n") + 4
            if len(octets) - at != self._plain_posts.get(octets[:at], -1):
                return None
            request_der = octets[at:]
        answered = None if request_der is None else self._answering.presigned(request_der, self.now)
        if answered is None:
            return None
        self._metrics.certificate_statuses[answered.status] += 1
        response = messages.ocsp_response(answered, self.now)
        if len(self._kept) < _MOST_KEPT:
            self._kept[octets] = response, answered.status
        return response

    def learn(self, octets: bytes, request: HttpRequest) -> None:
        """Remember the head of octets that as a whole were this request, if it is plain."""
        headers = request.headers
        if not (request.keep_alive and request.is_http_1_1) or b"if-none-match" in headers:
            return
        if b"if-modified-since" in headers or b"expect" in headers:
            return
        if request.method == "GET" and octets.startswith(_GET) and not request.body:
            head = octets[octets.find(_END_OF_LINE) :]
            if (
                len(head) <= _LONGEST_HEAD
                and head.endswith(b"\r\n\r\n")
                and len(self._plain_gets) < _MOST_HEADS
            ):
                self._plain_gets.add(head)
        elif request.method == "POST" and request.target in (b"/ocsp", b"/ocsp/") and _is_ocsp(headers):
            head = octets[: octets.find(b"\r\n\r\n") + 4]
            is_plain = len(octets) - len(head) == int(headers.get(b"content-length", b"-1"))
            if is_plain and len(head) <= _LONGEST_HEAD and len(self._plain_posts) < _MOST_HEADS:
                self._plain_posts[head] = len(octets) - len(head)

    def respond(self, request: HttpRequest, target: bytes) -> bytes | Awaitable[bytes]:
        """Answer a request to ``/ocsp`` or below it."""
        match request.method:
            case "GET" | "HEAD":
                return self._answer(
                    decode_get_path(target.removeprefix(b"/ocsp").removeprefix(b"/")), request
                )
            case "POST" if target not in (b"/ocsp", b"/ocsp/"):
                return self._refuse_with(404, "POST to /ocsp.", b"")
            case "POST" if not _is_ocsp(request.headers):
                return self._refuse_with(415, "The content type must be application/ocsp-request.", b"")
            case "POST":
                return self._answer(request.body, request)
            case "OPTIONS":
                return messages.whole(204, b"", self.now, _OCSP_METHODS)
            case _:
                return self._refuse_with(405, "Only GET, HEAD and POST.", _OCSP_METHODS)

    def _answer(self, request_der: bytes | None, request: HttpRequest) -> bytes | Awaitable[bytes]:
        if request_der is None:
            return self.unsigned(ResponseStatus.MALFORMED_REQUEST)
        outcome = self._answering.answer(request_der, self.now)
        if isinstance(outcome, SigningPlan):
            return self._sign(outcome, request)
        return self._deliver(outcome, request)

    def _deliver(self, outcome: Answered | ResponseStatus, request: HttpRequest) -> bytes:
        if isinstance(outcome, ResponseStatus):
            return self.unsigned(outcome)
        self._metrics.certificate_statuses[outcome.status] += 1
        if request.method != "POST" and is_not_modified(
            request.headers, entity_tag=outcome.entity_tag, last_modified=outcome.this_update
        ):
            return messages.ocsp_not_modified(outcome, self.now)
        return messages.ocsp_response(outcome, self.now)

    def unsigned(self, status: ResponseStatus) -> bytes:
        """Answer without a signature."""
        self._metrics.answers[status.name.lower()] += 1
        return messages.ocsp_uncached(UNSIGNED_RESPONSES[status], self.now)

    async def _sign(self, plan: SigningPlan, request: HttpRequest) -> bytes:
        to_be_signed = plan.to_be_signed(self.now)
        if self._lane is None:
            return self._deliver(plan.fallback, request)
        try:
            signature = await self._lane.sign(plan.signer.label, to_be_signed)
        except SigningUnavailable:
            return self._deliver(plan.fallback, request)
        self._metrics.answers["signed_on_demand"] += 1
        return messages.ocsp_uncached(plan.signed(to_be_signed, signature), self.now)


def _is_ocsp(headers: dict[bytes, bytes]) -> bool:
    """Tell whether a body is an OCSP request; a client that says nothing of it is believed."""
    kind = headers.get(b"content-type")
    return kind is None or kind.split(b";", 1)[0].strip().lower() == b"application/ocsp-request"


def decode_get_path(rest: bytes) -> bytes | None:
    """Decode what follows ``/ocsp/`` (RFC 6960 A.1): base64, URL-encoded or not, padded or not.

    Slashes in front are a joint of two URLs, never part of it: a request begins with ``M``.
    """
    if b"%" in rest:
        rest = unquote_to_bytes(rest)
    rest = rest.lstrip(b"/").rstrip(b"=")
    try:
        return binascii.a2b_base64(rest + b"==="[: -len(rest) % 4], strict_mode=True)
    except binascii.Error:
        return None
