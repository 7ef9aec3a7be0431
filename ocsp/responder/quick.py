"""The quick way: a whole request of a kind seen before is answered without parsing HTTP again."""

from typing import Final

from ocsp.responder import messages
from ocsp.responder.answering import TAG_OCTETS, Answering
from ocsp.responder.metrics import Metrics
from ocsp.responder.paths import decode_get_path
from ocsp.responder.request import HttpRequest
from ocsp.store.interface import StatusReader, StoreUnavailable
from ocsp.store.record import HEAD_SIZE, DamagedRecord
from ocsp.wire.request import slice_request

Served = tuple[bytes, int, bool]
"""An answer with its headers, the certificate status it tells, and whether the connection stays."""

_Frame = tuple[bytes, bytes, bytes, int]
"""What stands before the ETag, after it and after the stored part; and where in it the CertID is likely."""

_MOST_KEPT: Final = 8192
_MOST_FRAMES: Final = 8192
_MOST_HEADS: Final = 512
_LONGEST_HEAD: Final = 2048
_GET: Final = b"GET /ocsp/"
_BEFORE_VERSION: Final = b" HTTP/1."
_CERT_ID_AT: Final = 10
_TIMES: Final = slice(2, 20)
"""Signer, thisUpdate and nextUpdate in a stored answer (``StoredAnswer``)."""


class QuickWay:
    """Answers in three steps, each of which may say "not I": then the request is read in full.

    1. The same octets were answered within this second: the same answer.
    2. The head (all but the path or body) was found plain before (``learn``): the question is what is left.
    3. The stored answer has a signer, times and size for which the headers are made already (a frame).

    Frames and answers live until ``forget``: when the second changes or the store does.
    """

    def __init__(self, *, reader: StatusReader, answering: Answering, metrics: Metrics) -> None:
        self._reader = reader
        self._answering = answering
        self._metrics = metrics
        self._now = 0
        self._kept: dict[bytes, Served] = {}
        self._gets: dict[bytes, bool] = {}
        self._posts: dict[bytes, tuple[int, bool]] = {}
        self._frames: dict[tuple[bytes, int, bool], _Frame] = {}

    def forget(self, now: int) -> None:
        """Drop all answers and frames."""
        self._now = now
        self._kept.clear()
        self._frames.clear()

    def answer(self, octets: bytes) -> Served | None:
        """Answer octets that are as a whole one plain OCSP request; None says nothing about them."""
        kept = self._kept.get(octets)
        if kept is not None:
            self._metrics.from_memory += 1
            self._metrics.certificate_statuses[kept[1]] += 1
            return kept
        request_der: bytes | None
        if octets.startswith(_GET):
            at = octets.find(_BEFORE_VERSION)
            stays = self._gets.get(octets[at:])
            if stays is None:
                return None
            request_der = decode_get_path(octets[len(_GET) : at])
        else:
            at = octets.find(b"\r\n\r\n") + 4
            length, stays = self._posts.get(octets[:at], (-1, False))
            if len(octets) - at != length:
                return None
            request_der = octets[at:]
        return None if request_der is None else self._look_up(octets, request_der, stays=stays)

    def _stored(self, request_der: bytes) -> bytes | None:
        sliced = slice_request(request_der)
        if sliced is None:
            return None
        key = self._answering.registry.key_by_cert_id_prefix.get(sliced[0])
        if key is None:
            return None
        try:
            return self._reader.get(key + sliced[1])
        except StoreUnavailable:
            return None

    def _look_up(self, octets: bytes, request_der: bytes, *, stays: bool) -> Served | None:
        stored = self._stored(request_der)
        if stored is None:
            return None
        frame = self._frames.get((stored[_TIMES], len(stored), stays))
        if frame is None:
            frame = self._frame(stored, request_der, stays=stays)
            if frame is None:
                return None
        headers, between, after, cert_id_at = frame
        # Question and answer agree when the CertID that was asked about stands in the answer.
        cert_id = request_der[_CERT_ID_AT:]
        if not stored.startswith(cert_id, cert_id_at) and cert_id not in stored:
            return None
        tag = stored[-TAG_OCTETS:].hex().encode()
        served = b"".join((headers, tag, between, stored[HEAD_SIZE:], after)), stored[0], stays
        self._metrics.certificate_statuses[stored[0]] += 1
        if len(self._kept) < _MOST_KEPT:
            self._kept[octets] = served
        return served

    def _frame(self, stored: bytes, request_der: bytes, *, stays: bool) -> _Frame | None:
        """Make what stands around answers of this signer, times and size; None if they are stale."""
        try:
            envelope = self._answering.envelope_of(stored, self._now)
        except DamagedRecord:
            return None
        if envelope is None:
            return None
        this_update, next_update, before, after = envelope
        headers = messages.ocsp_headers(
            this_update=this_update,
            next_update=next_update,
            length=len(before) + len(stored) - HEAD_SIZE + len(after),
            now=self._now,
        )
        if not stays:
            headers = messages.with_connection(headers, b"close")
        cert_id_at = stored.find(request_der[_CERT_ID_AT:])
        frame = headers, messages.AFTER_TAG + before, after, max(cert_id_at, 0)
        if len(self._frames) < _MOST_FRAMES:
            self._frames[stored[_TIMES], len(stored), stays] = frame
        return frame

    def learn(self, octets: bytes, request: HttpRequest) -> None:
        """Remember the head of octets that as a whole were this request, if it is plain.

        Plain is a head without a condition and without expectations, in a version whose connections are
        kept, or closed, without a word from us in the headers other than ``close``.
        """
        headers, stays = request.headers, request.keep_alive
        if stays and not request.is_http_1_1:
            return
        if headers.keys() & {b"if-none-match", b"if-modified-since", b"expect"}:
            return
        if len(octets) - len(request.target) > _LONGEST_HEAD + len(request.body):
            return
        if request.method == "GET" and octets.startswith(_GET) and octets.endswith(b"\r\n\r\n"):
            head = octets[octets.find(_BEFORE_VERSION) :]
            if not request.body and len(self._gets) < _MOST_HEADS:
                self._gets[head] = stays
        elif request.method == "POST" and request.target == b"/ocsp" and request.is_ocsp:
            head = octets[: octets.find(b"\r\n\r\n") + 4]
            length = len(octets) - len(head)
            if length == int(headers.get(b"content-length", b"-1")) and len(self._posts) < _MOST_HEADS:
                self._posts[head] = length, stays
