"""The signing lane: fresh signatures off the loop, few at a time, each with a deadline."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

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
        self._pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="signing")
        self._most_waiting = most_waiting
        self._deadline = deadline
        self._waiting = 0
        self._rests_until = 0.0
        self.signed = 0
        self.failed = 0

    async def sign(self, label: str, to_be_signed: bytes) -> bytes:
        """Return a signature. Raises ``SigningUnavailable``."""
        loop = asyncio.get_running_loop()
        if loop.time() < self._rests_until or self._waiting >= self._most_waiting:
            self.failed += 1
            raise SigningUnavailable("the lane rests or is full")
        work = self._pool.submit(self._sign, label, to_be_signed)
        self._waiting += 1
        work.add_done_callback(lambda _: loop.call_soon_threadsafe(self._done))
        try:
            signature = await asyncio.wait_for(asyncio.wrap_future(work), self._deadline)
        except Exception as error:  # the signer's errors are its own affair; ours is to answer
            self.failed += 1
            self._rests_until = loop.time() + _REST
            raise SigningUnavailable("the signer gave no signature") from error
        self.signed += 1
        return signature

    def _done(self) -> None:
        self._waiting -= 1

    def close(self) -> None:
        """Take no more work; what is under way is not waited for."""
        self._pool.shutdown(wait=False, cancel_futures=True)
