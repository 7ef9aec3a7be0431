"""The quick way: a whole request of a kind seen before is answered without parsing HTTP again."""

from typing import Final

from ocsp.responder import messages
from ocsp.responder.answering import Answering
from ocsp.responder.metrics import Metrics
from ocsp.responder.native import join, question
from ocsp.responder.native.plain import Asked, Frame, frame_name
from ocsp.responder.request import HttpRequest
from ocsp.store.interface import SnapshotReader
from ocsp.store.record import HEAD_SIZE, DamagedRecord

Served = tuple[bytes, bool]
"""An answer with its headers, and whether the connection stays."""

_MOST_FRAMES: Final = 8192
_MOST_HEADS: Final = 512
_LONGEST_HEAD: Final = 2048
_GET: Final = b"GET /ocsp/"
_BEFORE_VERSION: Final = b" HTTP/1."


class QuickWay:
    """Answers in two steps, each of which may say "not I": then the request is read in full.

    1. The head (all but the path or body) was found plain before (``learn``): the question is what is left.
    2. The stored answer has a signer, times and size for which the headers are made already (a frame).

    Frames live until ``forget``: when the second changes or the store does. Both steps are compiled where
    there is a compiler (``native``).
    """

    def __init__(self, *, reader: SnapshotReader, answering: Answering, metrics: Metrics) -> None:
        self._reader = reader
        self._answering = answering
        self._statuses = metrics.certificate_statuses
        self._now = 0
        self._gets: dict[bytes, bool] = {}
        self._posts: dict[bytes, tuple[int, bool]] = {}
        self._keys: dict[bytes, bytes] = {}
        self._frames: dict[bytes, Frame] = {}

    def forget(self, now: int) -> None:
        """Drop all frames, and take the keys of the issuers that there are now."""
        self._now = now
        self._keys = self._answering.registry.key_by_cert_id_prefix
        self._frames.clear()

    def answer(self, octets: bytes) -> Served | None:
        """Answer octets that are as a whole one plain OCSP request; None says nothing about them."""
        asked = question(octets, self._gets, self._posts, self._keys)
        if asked is None:
            return None
        try:
            stored = self._reader.look_up(asked[0])
        except Exception:  # noqa: BLE001 - whatever it is, the full way meets it and says so
            return None
        if stored is None:
            return None
        whole = join(stored, asked, self._frames)
        if whole is None:
            if not self._make_frame(stored, asked):
                return None
            whole = join(stored, asked, self._frames)
            if whole is None:
                return None
        self._statuses[stored[0]] += 1
        return whole, asked[2]

    def _make_frame(self, stored: bytes, asked: Asked) -> bool:
        """Make what stands around answers of this signer, times and size; False if they are stale."""
        try:
            envelope = self._answering.envelope_of(stored, self._now)
        except DamagedRecord:
            return False
        if envelope is None:
            return False
        _, cert_id, stays = asked
        this_update, next_update, before, after = envelope
        headers = messages.ocsp_headers(
            this_update=this_update,
            next_update=next_update,
            length=len(before) + len(stored) - HEAD_SIZE + len(after),
            now=self._now,
        )
        if not stays:
            headers = messages.with_connection(headers, b"close")
        if len(self._frames) >= _MOST_FRAMES:
            self._frames.clear()
        likely = max(stored.find(cert_id), 0)
        self._frames[frame_name(stored, stays=stays)] = headers, messages.AFTER_TAG + before, after, likely
        return True

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
