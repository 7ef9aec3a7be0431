"""The signing lane: fresh signatures off the loop, few at a time, each with a deadline."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from datetime import UTC, datetime
from queue import SimpleQueue
from threading import Thread
from typing import Final

from ca.pki.lints import stop_on_errors
from ca.pki.response_lints import lint_response
from ocsp.store.record import SignerRecord
from ocsp.wire.signatures import SignatureMismatch, verify

Sign = Callable[[str, bytes], bytes]
"""Signs bytes with the key of a label, and may wait: ``(label, to be signed) -> signature``."""

_REST: Final = 1.0
"""Seconds for which nothing is tried after a failure."""


class SigningUnavailable(Exception):
    """No signature could be had in time."""


class SigningLane:
    """Bounded in every direction: threads, waiting questions, time.

    After a failure it rests, so that a dead signer costs the questions after it nothing.
    """

    def __init__(
        self, sign: Sign, *, threads: int = 4, most_waiting: int = 256, deadline: float = 3.0
    ) -> None:
        self._sign = sign
        self._work: SimpleQueue[tuple[Future[bytes], SignerRecord, bytes]] = SimpleQueue()
        self._most_waiting = most_waiting
        self._deadline = deadline
        self._waiting = 0
        self._rests_until = 0.0
        self.signed = 0
        self.failed = 0
        for number in range(threads):
            # Daemons: a thread that waits for a stuck signer does not keep the process from ending.
            Thread(target=self._run, name=f"signing-{number}", daemon=True).start()

    async def sign(self, signer: SignerRecord, to_be_signed: bytes) -> bytes:
        """Return a signature that the signer's certificate verifies. Raises ``SigningUnavailable``."""
        loop = asyncio.get_running_loop()
        if loop.time() < self._rests_until or self._waiting >= self._most_waiting:
            self.failed += 1
            raise SigningUnavailable("the lane rests or is full")
        work: Future[bytes] = Future()
        self._waiting += 1
        work.add_done_callback(lambda _: self._done(loop))
        self._work.put((work, signer, to_be_signed))
        try:
            signature = await asyncio.wait_for(asyncio.wrap_future(work), self._deadline)
        except Exception as error:  # the signer's errors are its own affair; ours is to answer
            self.failed += 1
            self._rests_until = loop.time() + _REST
            raise SigningUnavailable("the signer gave no signature") from error
        self.signed += 1
        return signature

    def _done(self, loop: asyncio.AbstractEventLoop) -> None:
        def less() -> None:
            self._waiting -= 1

        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(less)

    def _run(self) -> None:
        while True:
            work, signer, to_be_signed = self._work.get()
            if not work.set_running_or_notify_cancel():
                continue  # whoever asked has waited long enough
            try:
                work.set_result(self._signed(signer, to_be_signed))
            except BaseException as error:  # noqa: BLE001 - told to whoever asked
                work.set_exception(error)

    def _signed(self, signer: SignerRecord, to_be_signed: bytes) -> bytes:
        """Sign, and again if an HSM that errs once gave a wrong signature. Raises ``SignatureMismatch``."""
        with suppress(SignatureMismatch):
            return self._verified(signer, to_be_signed)
        return self._verified(signer, to_be_signed)

    def _verified(self, signer: SignerRecord, to_be_signed: bytes) -> bytes:
        stop_on_errors(
            lint_response(
                to_be_signed,
                responder_key_hash=signer.key_hash,
                signer_not_after=datetime.fromtimestamp(signer.not_after, UTC),
            )
        )
        signature = self._sign(signer.label, to_be_signed)
        verify(
            public_key=signer.public_key,
            algorithm=signer.algorithm,
            signature=signature,
            signed=to_be_signed,
        )
        return signature
