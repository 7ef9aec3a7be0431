"""Answers requests for time-stamps over HTTP (RFC 3161 3.4), beside OCSP and never in its way."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Final

from ca.pki.lints import stop_on_errors
from ca.pki.time_stamp import Failure, TimeStampPlan, TimeStampRefused, plan_time_stamp, refusal
from ca.pki.time_stamp_file import TimeStampSigner
from ca.pki.time_stamp_lints import lint_time_stamp
from ocsp.responder import messages
from ocsp.responder.lane import SigningLane, SigningUnavailable
from ocsp.responder.metrics import Metrics
from ocsp.responder.request import HttpRequest
from ocsp.store.record import SignerRecord

_log: Final = logging.getLogger(__name__)
_METHODS: Final = b"Allow: POST, OPTIONS\r\n"
_REPLY: Final = b"Content-Type: application/timestamp-reply\r\nCache-Control: no-store\r\n"
_QUERY: Final = b"application/timestamp-query"
_LATER: Final = b"Retry-After: 1\r\n"
MOST_A_SECOND: Final = 50
"""Each costs this process two milliseconds: more must not keep those waiting who ask for status."""
MOST_OF_ONE: Final = 10
"""Of those, what one client may have (an address, or a /64 of IPv6). What comes from this machine itself is
the operator's, or a proxy's that counts its clients itself (deploy/nginx/status.conf)."""


class TimeStampService:
    """The route ``/tsa``. ``lane`` is one of its own: a queue here delays no fresh OCSP answer."""

    def __init__(
        self,
        *,
        signer_file: Path,
        lane: SigningLane | None,
        clock: Callable[[], float],
        is_in_step: Callable[[], bool],
        metrics: Metrics,
        refuse: Callable[[int, str, bytes], bytes],
    ) -> None:
        self._file = signer_file
        self._lane = lane
        self._clock = clock
        self._is_in_step = is_in_step
        self._metrics = metrics
        self._refuse_with = refuse
        self._known: tuple[tuple[int, int], TimeStampSigner, SignerRecord] | None = None
        self._second, self._this_second = 0, 0
        self._by_client: Counter[str] = Counter()
        """How many each had this second: never more entries than queries that were let in."""

    def respond(self, request: HttpRequest) -> bytes | Awaitable[bytes]:
        """Answer a request to ``/tsa``."""
        if request.method == "OPTIONS":
            return messages.whole(204, b"", int(self._clock()), _METHODS)
        if request.method != "POST":
            return self._refuse_with(405, "POST a time-stamp query (RFC 3161).", _METHODS)
        kind = request.headers.get(b"content-type", b"").split(b";", 1)[0].strip().lower()
        if kind != _QUERY:
            return self._refuse_with(415, "The content type must be application/timestamp-query.", b"")
        now = self._clock()
        if int(now) != self._second:
            self._second, self._this_second, self._by_client = int(now), 0, Counter()
        if self._this_second >= MOST_A_SECOND:
            return self._refuse_with(503, "Too many at once; try again.", _LATER)
        client = client_of(request.peer)
        if client and self._by_client[client] >= MOST_OF_ONE:
            return self._refuse_with(429, "Too many of yours at once; try again.", _LATER)
        self._by_client[client] += 1
        self._this_second += 1
        return self._stamp(request.body, now)

    def _stamp(self, query: bytes, now: float) -> bytes | Awaitable[bytes]:
        known = self._signer()
        if known is None or self._lane is None:
            return self._reply(refusal(Failure.SYSTEM_FAILURE), "unsigned")
        stamping, record = known
        if not self._is_in_step():
            return self._reply(refusal(Failure.TIME_NOT_AVAILABLE), "unsigned")
        try:
            plan = plan_time_stamp(query, authority=stamping.authority, at=datetime.fromtimestamp(now, UTC))
        except TimeStampRefused as refused:
            return self._reply(refused.response_der, "refused")
        found = lint_time_stamp(
            plan.to_be_signed,
            content_der=plan.content_der,
            certificate_der=stamping.authority.chain_der[0],
        )
        stop_on_errors(found)
        return self._sign(plan, record, self._lane)

    def _sign(self, plan: TimeStampPlan, record: SignerRecord, lane: SigningLane) -> bytes | Awaitable[bytes]:
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

        def done(signature: bytes | None) -> None:
            if answer.done():
                return  # whoever asked is gone
            if signature is None:
                answer.set_result(self._reply(refusal(Failure.SYSTEM_FAILURE), "unsigned"))
            else:
                answer.set_result(self._reply(plan.response(signature), "stamped"))

        try:
            lane.submit(record, record.algorithm, plan.to_be_signed, done)
        except SigningUnavailable:
            return self._reply(refusal(Failure.SYSTEM_FAILURE), "unsigned")
        return answer

    def _reply(self, body: bytes, outcome: str) -> bytes:
        self._metrics.time_stamps[outcome] += 1
        return messages.whole(200, body, int(self._clock()), _REPLY)

    def _signer(self) -> tuple[TimeStampSigner, SignerRecord] | None:
        """Return who stamps, read again when the file is another; None while nobody does."""
        try:
            told = self._file.stat()
            state = (told.st_mtime_ns, told.st_ino)
            if self._known is None or self._known[0] != state:
                stamping = TimeStampSigner.read(self._file)
                self._known = (state, stamping, _record(stamping))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            _log.error("who stamps time cannot be read: %s", error)
            return None
        return self._known[1], self._known[2]


def client_of(peer: str) -> str:
    """Return whose queries an address counts with; "" for this machine's own and for none."""
    try:
        address = ip_address(peer)
    except ValueError:
        return ""
    if address.is_loopback:
        return ""
    if address.version == 6:  # noqa: PLR2004 - the protocol's number
        return str(ip_network((address, 64), strict=False))
    return peer


def _record(stamping: TimeStampSigner) -> SignerRecord:
    """Return the key as the signing lane knows keys."""
    return SignerRecord(
        signer_id=0,
        issuer_id=0,
        label=stamping.label,
        algorithm=stamping.authority.algorithm.name,
        certificate_der=stamping.authority.chain_der[0],
        key_hash=b"",
        public_key=stamping.public_key,
        not_after=int(stamping.certificate.not_valid_after_utc.timestamp()),
    )
