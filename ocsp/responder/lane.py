"""The signing lane: fresh signatures off the loop, one exchange for all that wait, each with a deadline."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from queue import SimpleQueue
from threading import Thread
from typing import Final

from ca.pki.errors import LintFailed
from ca.pki.lints import stop_on_errors
from ca.pki.response_lints import lint_response
from ocsp.store.record import SignerRecord
from ocsp.wire.signatures import SignatureMismatch, verify

SignMany = Callable[[str, str, Sequence[bytes]], Sequence[bytes]]
"""Signs messages with a key, in their order, and may wait: ``(label, algorithm, messages) -> signatures``."""

Done = Callable[[bytes | None], None]
"""Told the signature, or None when none could be had; on the loop."""

_log: Final = logging.getLogger(__name__)
_REST: Final = 1.0
"""Seconds for which nothing is tried after a failure."""
_LONG_REST: Final = 60.0
_MOST_AT_ONCE: Final = 32


class SigningUnavailable(Exception):
    """No signature could be had in time."""


@dataclass(slots=True, eq=False)
class _Work:
    signer: SignerRecord
    algorithm: str
    to_be_signed: bytes
    done: Done
    expires_at: float
    is_over: bool = False


_Outcome = tuple[_Work, bytes | Exception]


class SigningLane:
    """Bounded in every direction: one thread, waiting questions, time.

    What comes in at once, or while the signer works, goes to it together. After a failure the lane rests, so
    that a dead signer costs the questions after it nothing. An algorithm other than the key's own that fails
    rests alone and for longer: a token need not be able to do it.
    """

    def __init__(
        self,
        sign: SignMany,
        *,
        most_waiting: int = 256,
        deadline: float = 3.0,
        lint: Callable[[SignerRecord, bytes], None] | None = None,
    ) -> None:
        self._sign = sign
        self._lint = lint or lint_answer
        self._loop: asyncio.AbstractEventLoop
        self._queue: SimpleQueue[list[_Work]] = SimpleQueue()
        self._pending: list[_Work] = []
        self._is_busy = False
        """The thread has a batch, or will have one when the loop has read what came in with it."""
        self._most_waiting = most_waiting
        self._deadline = deadline
        self._waiting = 0
        self._expiring: deque[_Work] = deque()
        """In the order of their deadlines; one timer for the first of them."""
        self._timer: asyncio.TimerHandle | None = None
        self._rests_until = 0.0
        self._resting: dict[tuple[str, str], float] = {}
        self.signed = 0
        self.failed = 0
        # A daemon: a thread that waits for a stuck signer does not keep the process from ending.
        Thread(target=self._run, name="signing", daemon=True).start()

    def can_sign(self, signer: SignerRecord, algorithm: str) -> bool:
        """Tell whether a signature with that algorithm is worth asking for; on the loop."""
        until = self._resting.get((signer.label, algorithm))
        return until is None or until < asyncio.get_running_loop().time()

    def submit(self, signer: SignerRecord, algorithm: str, to_be_signed: bytes, done: Done) -> None:
        """Have something signed so that the signer's certificate verifies it, and tell ``done``; on the loop.

        Raises ``SigningUnavailable`` when it is not worth waiting for; then ``done`` is not told.
        """
        loop = self._loop = asyncio.get_running_loop()
        now = loop.time()
        if now < self._rests_until or self._waiting >= self._most_waiting:
            self.failed += 1
            raise SigningUnavailable("the lane rests or is full")
        work = _Work(signer, algorithm, to_be_signed, done, now + self._deadline)
        self._waiting += 1
        self._expiring.append(work)
        if self._timer is None:
            self._timer = loop.call_at(work.expires_at, self._expire)
        self._pending.append(work)
        if not self._is_busy:
            self._is_busy = True
            loop.call_soon(self._hand_over)

    def _hand_over(self) -> None:
        """Give the thread what waits, without those who have waited too long already."""
        batch, self._pending = self._pending[:_MOST_AT_ONCE], self._pending[_MOST_AT_ONCE:]
        wanted = [work for work in batch if not work.is_over]
        self._waiting -= len(batch) - len(wanted)
        self._is_busy = bool(wanted or self._pending)
        if wanted:
            self._queue.put(wanted)
        elif self._pending:
            self._hand_over()

    def _expire(self) -> None:
        """Let those go who have waited too long; the thread finds out that nobody waits any more."""
        now = self._loop.time()
        while self._expiring and (self._expiring[0].is_over or self._expiring[0].expires_at <= now):
            work = self._expiring.popleft()
            if not work.is_over:
                self._fail(work, TimeoutError("no signature in time"))
        following = self._expiring[0].expires_at if self._expiring else None
        self._timer = None if following is None else self._loop.call_at(following, self._expire)

    def _fail(self, work: _Work, error: Exception) -> None:
        self.failed += 1
        if work.algorithm != work.signer.algorithm:
            self._resting[work.signer.label, work.algorithm] = self._loop.time() + _LONG_REST
        elif not isinstance(error, LintFailed):
            self._rests_until = self._loop.time() + _REST
        self._tell(work, None)

    @staticmethod
    def _tell(work: _Work, signature: bytes | None) -> None:
        work.is_over = True
        try:
            work.done(signature)
        except Exception:  # noqa: BLE001 - one asker's fault costs the others nothing
            _log.exception("whoever asked could not be told")

    def _deliver(self, outcomes: Sequence[_Outcome]) -> None:
        """Tell those who asked; on the loop."""
        self._waiting -= len(outcomes)
        for work, outcome in outcomes:
            if work.is_over:
                continue  # whoever asked has waited long enough
            if isinstance(outcome, Exception):
                self._fail(work, outcome)
            else:
                self.signed += 1
                self._tell(work, outcome)
        while self._expiring and self._expiring[0].is_over:
            self._expiring.popleft()
        self._hand_over()

    def _run(self) -> None:
        while True:
            batch = self._queue.get()
            groups: dict[tuple[str, str], list[_Work]] = {}
            for work in batch:
                groups.setdefault((work.signer.label, work.algorithm), []).append(work)
            outcomes = [
                outcome
                for (label, algorithm), group in groups.items()
                for outcome in self._outcomes(label, algorithm, group)
            ]
            with suppress(RuntimeError):  # the loop has ended meanwhile
                self._loop.call_soon_threadsafe(self._deliver, outcomes)

    def _outcomes(self, label: str, algorithm: str, group: list[_Work]) -> Iterable[_Outcome]:
        sound = []
        for work in group:
            try:
                self._lint(work.signer, work.to_be_signed)
            except Exception as error:  # noqa: BLE001 - told to whoever asked
                yield work, error
            else:
                sound.append(work)
        for is_last in (False, True):  # an HSM that errs once is asked once more, for what it got wrong
            wrong = []
            messages = [work.to_be_signed for work in sound]
            try:
                signatures = self._sign(label, algorithm, messages) if messages else []
                for work, signature in zip(sound, signatures, strict=True):
                    if _is_right(work, signature):
                        yield work, signature
                    elif is_last:
                        yield work, SignatureMismatch("the signature is not the signer's")
                    else:
                        wrong.append(work)
            except Exception as error:  # noqa: BLE001 - told to all who asked
                yield from ((work, error) for work in sound)
                return
            sound = wrong


def lint_answer(signer: SignerRecord, to_be_signed: bytes) -> None:
    """Raise ``LintFailed`` for an OCSP answer that must not be signed."""
    found = lint_response(
        to_be_signed,
        responder_key_hash=signer.key_hash,
        signer_not_after=datetime.fromtimestamp(signer.not_after, UTC),
    )
    stop_on_errors(found)


def no_lint(signer: SignerRecord, to_be_signed: bytes) -> None:
    """Find nothing: whoever asks has looked."""


def _is_right(work: _Work, signature: bytes) -> bool:
    try:
        verify(
            public_key=work.signer.public_key,
            algorithm=work.algorithm,
            signature=signature,
            signed=work.to_be_signed,
        )
    except SignatureMismatch:
        return False
    return True
