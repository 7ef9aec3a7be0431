"""Answers OCSP over HTTP: methods, the signing lane, and the quick way in front of both."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from ocsp.responder import messages
from ocsp.responder.answering import Answered, Answering, SigningPlan
from ocsp.responder.conditional import is_not_modified
from ocsp.responder.lane import SigningLane, SigningUnavailable
from ocsp.responder.metrics import Metrics
from ocsp.responder.paths import decode_get_path
from ocsp.responder.quick import QuickWay
from ocsp.responder.request import HttpRequest
from ocsp.store.interface import SnapshotReader
from ocsp.wire.response import UNSIGNED_RESPONSES, ResponseStatus

_OCSP_METHODS: Final = b"Allow: GET, HEAD, POST, OPTIONS\r\n"


class OcspService:
    """The route ``/ocsp``."""

    def __init__(
        self,
        *,
        reader: SnapshotReader,
        lane: SigningLane | None,
        metrics: Metrics,
        refuse: Callable[[int, str, bytes], bytes],
    ) -> None:
        self._answering = Answering(reader, may_sign=lane is not None)
        self._lane = lane
        self._metrics = metrics
        self._refuse_with = refuse
        self.quick = QuickWay(reader=reader, answering=self._answering, metrics=metrics)
        self.now = 0
        self._answering.on_renewal = lambda changed: self.quick.renewed(has_changed=changed)

    def follow(self, now: int) -> None:
        """Follow the clock and the store. Raises ``StoreUnavailable``."""
        if now != self.now:
            self.now = now
            self.quick.forget(now)
        self._answering.follow()

    def respond(self, request: HttpRequest, target: bytes) -> bytes | Awaitable[bytes]:
        """Answer a request to ``/ocsp`` or below it."""
        match request.method:
            case "GET" | "HEAD":
                return self._answer(
                    decode_get_path(target.removeprefix(b"/ocsp").removeprefix(b"/")), request
                )
            case "POST" if target.partition(b"?")[0] not in (b"/ocsp", b"/ocsp/"):
                return self._refuse_with(404, "POST to /ocsp.", b"")
            case "POST" if not request.is_ocsp:
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
        if isinstance(outcome, SigningPlan) and not self._can_sign(outcome):
            outcome = outcome.by_default()
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

    def _can_sign(self, plan: SigningPlan) -> bool:
        return self._lane is not None and self._lane.can_sign(plan.signer, plan.algorithm)

    def _sign(self, plan: SigningPlan, request: HttpRequest) -> bytes | Awaitable[bytes]:
        if self._lane is None:
            return self._deliver(plan.fallback, request)
        to_be_signed = plan.to_be_signed(self.now)
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

        def done(signature: bytes | None) -> None:
            if answer.done():
                return  # whoever asked is gone
            try:
                answer.set_result(
                    self._deliver(plan.fallback, request)
                    if signature is None
                    else self._signed(plan.signed(to_be_signed, signature))
                )
            except Exception as error:  # noqa: BLE001 - told to whoever asked
                answer.set_exception(error)

        try:
            self._lane.submit(plan.signer, plan.algorithm, to_be_signed, done)
        except SigningUnavailable:
            return self._deliver(plan.fallback, request)
        return answer

    def _signed(self, body: bytes) -> bytes:
        self._metrics.answers["signed_on_demand"] += 1
        return messages.ocsp_uncached(body, self.now)
