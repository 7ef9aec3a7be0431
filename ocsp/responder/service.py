"""Maps a request to an answer: the routes of the status service."""

import json
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from ca.pki.time_stamp_file import FILE
from ocsp.responder import messages
from ocsp.responder.file_service import FileService
from ocsp.responder.lane import SigningLane
from ocsp.responder.metrics import Metrics
from ocsp.responder.ocsp_service import OcspService
from ocsp.responder.request import HttpRequest
from ocsp.responder.time_stamp_service import TimeStampService
from ocsp.store.interface import Freshness, SnapshotReader, StoreUnavailable
from ocsp.wire.response import ResponseStatus

_log = logging.getLogger(__name__)

_READ_METHODS: Final = b"Allow: GET, HEAD, OPTIONS\r\n"
_HOME: Final = """Sigill status services

/ocsp              OCSP (RFC 6960, RFC 5019): POST, or GET /ocsp/<base64 of the request>
/tsa               time-stamps (RFC 3161): POST of application/timestamp-query
/crl/<issuer>.crl  revocation lists
/aia/<issuer>.cer  issuer certificates
/chain.pem         the chain of the card issuer
/log/checkpoint    the journal's signed head; its hashes: /log/tile/<level>/<number>
/healthz           how this process is
/readyz            whether it has answers to give"""


class StatusService:
    """One process's service. ``tick`` must be called often: it moves the clock and the store's snapshot."""

    def __init__(
        self,
        *,
        reader: SnapshotReader,
        lane: SigningLane | None,
        public: Path,
        clock: Callable[[], float],
        base_paths: tuple[str, ...] = (),
        stamping: SigningLane | None = None,
        is_in_step: Callable[[], bool] = lambda: True,
    ) -> None:
        self._reader = reader
        self._lane = lane
        self._clock = clock
        self._base_paths = tuple(path.encode("ascii") for path in base_paths)
        """What stood before /ocsp, /crl and /aia in the addresses of certificates, now or before (PKI-2)."""
        self._has_store: bool | None = None
        self.now = int(clock())
        self.metrics = Metrics()
        self.ocsp = OcspService(reader=reader, lane=lane, metrics=self.metrics, refuse=self.refuse)
        self._files = FileService(public)
        self._time_stamps = TimeStampService(
            signer_file=public / FILE,
            lane=stamping,
            clock=clock,
            is_in_step=is_in_step,
            metrics=self.metrics,
            refuse=self.refuse,
        )

    def tick(self) -> None:
        """Follow the clock and the store."""
        self.now = int(self._clock())
        try:
            self.ocsp.follow(self.now)
        except StoreUnavailable as error:
            if self._has_store is not False:
                _log.warning("the OCSP store cannot be read: %s", error)
            self.metrics.store_unavailable += 1
            self._has_store = False
        else:
            self._has_store = True

    def respond(self, request: HttpRequest) -> bytes | Awaitable[bytes]:
        """Answer any request."""
        target = request.target
        if target.startswith((b"http://", b"https://")):  # RFC 9112 3.2.2: the absolute form
            target = b"/" + target.split(b"/", 3)[3] if target.count(b"/") > 2 else b"/"  # noqa: PLR2004
        for base_path in self._base_paths:
            if target.startswith(base_path + b"/"):
                target = target[len(base_path) :]
                break
        if target == b"/ocsp" or target.startswith((b"/ocsp/", b"/ocsp?")):
            return self.ocsp.respond(request, target)
        if target in (b"/tsa", b"/tsa/"):
            return self._time_stamps.respond(request)
        if request.method == "OPTIONS":
            return messages.whole(204, b"", self.now, _READ_METHODS)
        if request.method not in ("GET", "HEAD"):
            return self.refuse(405, "Only GET and HEAD.", _READ_METHODS)
        return self._read(target.split(b"?", 1)[0].decode("latin-1"), request)

    def _read(self, path: str, request: HttpRequest) -> bytes | Awaitable[bytes]:
        match path:
            case "/":
                return messages.plain(200, _HOME, self.now)
            case "/healthz":
                return self._health(asks_readiness=False)
            case "/readyz":
                return self._health(asks_readiness=True)
            case _:
                return self._files.respond(path, request, self)

    def refuse(self, code: int, text: str, headers: bytes = b"") -> bytes:
        """Answer with an HTTP error."""
        self.metrics.refused[code] += 1
        return messages.plain(code, text, self.now, headers)

    def internal_error(self, request: HttpRequest) -> bytes:
        """Answer when this program failed: an OCSP asker gets an OCSP answer, never a good one."""
        self.metrics.failures += 1
        if request.target.startswith(b"/ocsp"):
            return self.ocsp.unsigned(ResponseStatus.INTERNAL_ERROR)
        return self.refuse(503, "This failed; try again.")

    def _freshness(self) -> Freshness | None:
        try:
            return self._reader.freshness()
        except StoreUnavailable:
            return None

    def _health(self, *, asks_readiness: bool) -> bytes:
        """Say how this process is; asked for readiness, 503 while it has nothing to answer from."""
        freshness = self._freshness()
        is_ready = freshness is not None and freshness.reconciled_at is not None
        facts = {"ready": is_ready, "store": freshness is not None}
        headers = b"Content-Type: application/json\r\nCache-Control: no-store\r\n"
        code = 503 if asks_readiness and not is_ready else 200
        return messages.whole(code, json.dumps(facts).encode() + b"\n", self.now, headers)

    def figures(self, *, connections: int) -> str:
        """Return this process's figures as Prometheus reads them."""
        return self.metrics.text(
            freshness=self._freshness(),
            now=self.now,
            connections=connections,
            signed=0 if self._lane is None else self._lane.signed,
            unsigned=0 if self._lane is None else self._lane.failed,
        )
