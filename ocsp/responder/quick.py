"""The quick way: a whole request of a kind seen before is answered without parsing HTTP again."""

from functools import partial
from typing import Final

from ocsp.responder import messages, native
from ocsp.responder.answering import Answering
from ocsp.responder.metrics import Metrics
from ocsp.responder.native.plain import KEYS, LOOK_UP, Frame, State, frame_name
from ocsp.responder.request import HttpRequest
from ocsp.store.interface import SnapshotReader
from ocsp.store.record import HEAD_SIZE, DamagedRecord

_MOST_FRAMES: Final = 8192
_MOST_HEADS: Final = 512
_LONGEST_HEAD: Final = 2048
_GET: Final = b"GET /ocsp/"
_BEFORE_VERSION: Final = b" HTTP/1."


class QuickWay:
    """Answers octets that are as a whole one plain question; None says "not I": they are read in full.

    The head (all but the path or body) was found plain before (``learn``), so the question is what is left;
    and the stored answer has a signer, times and size for which the headers are made already (a frame).
    Frames live until ``forget``: when the second changes or the store does. ``answer`` is compiled where
    there is a compiler (``native``).
    """

    def __init__(self, *, reader: SnapshotReader, answering: Answering, metrics: Metrics) -> None:
        self._reader = reader
        self._answering = answering
        self._now = 0
        self._gets: dict[bytes, bool] = {}
        self._posts: dict[bytes, tuple[int, bool]] = {}
        self._frames: dict[bytes, Frame] = {}
        self._state: list[object] = list(
            State(
                gets=self._gets,
                posts=self._posts,
                keys={},
                look_up=reader.get,
                frames=self._frames,
                make_frame=self._make_frame,
                statuses=metrics.certificate_statuses,
            )
        )
        self.answer = partial(native.answer, self._state)
        """Answer octets: the whole answer and whether the connection stays, or None."""

    def forget(self, now: int) -> None:
        """Drop all frames."""
        self._now = now
        self._frames.clear()

    def renewed(self, *, has_changed: bool) -> None:
        """Ask the snapshot that there is now; what was made of another one is void."""
        self._state[LOOK_UP] = self._reader.look_up
        if has_changed:
            self._state[KEYS] = self._answering.registry.key_by_cert_id_prefix
            self._frames.clear()

    def _make_frame(self, stored: bytes, cert_id: bytes, stays: bool) -> bool:  # noqa: FBT001 - called from C
        """Make what stands around answers of this signer, times and size; False if they are stale."""
        try:
            envelope = self._answering.envelope_of(stored, self._now)
        except DamagedRecord:
            return False
        if envelope is None:
            return False
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

    def read(self, octets: bytes) -> HttpRequest | None:
        """Read octets that are as a whole one POST whose head was found plain before; None for all others."""
        start = octets.find(b"\r\n\r\n") + 4
        length, stays = self._posts.get(octets[:start], (-1, False))
        if len(octets) - start != length:
            return None
        return HttpRequest(
            method="POST",
            target=b"/ocsp",
            headers={},
            body=octets[start:],
            keep_alive=stays,
            is_http_1_1=True,
        )

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
            if not request.body:
                _make_room(self._gets)
                self._gets[head] = stays
        elif request.method == "POST" and request.target == b"/ocsp" and request.is_ocsp:
            head = octets[: octets.find(b"\r\n\r\n") + 4]
            length = len(octets) - len(head)
            if length == int(headers.get(b"content-length", b"-1")):
                _make_room(self._posts)
                self._posts[head] = length, stays


def _make_room(heads: dict[bytes, bool] | dict[bytes, tuple[int, bool]]) -> None:
    """Begin anew when there are too many: a client with a new head each time costs the others little."""
    if len(heads) >= _MOST_HEADS:
        heads.clear()
