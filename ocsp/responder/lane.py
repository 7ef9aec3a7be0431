"""The signing lane: fresh signatures, one exchange with the signer for all that wait, each in its time."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Final, Protocol

from ca.pki.errors import LintFailed
from ca.pki.lints import stop_on_errors
from ca.pki.response_lints import lint_response
from ocsp.store.record import SignerRecord
from ocsp.wire.signatures import SignatureMismatch, verify

Done = Callable[[bytes | None], None]
"""Told the signature, or None when none could be had; on the loop."""

_log: Final = logging.getLogger(__name__)
_REST: Final = 1.0
"""Seconds for which nothing is tried after a failure."""
_LONG_REST: Final = 60.0
_MOST_AT_ONCE: Final = 32


class SigningUnavailable(Exception):
    """No signature could be had in time."""


class SigningLink(Protocol):
    """The way to the signer: one request at a time, and the loop never waits."""

    def sign(
        self,
        label: str,
        algorithm: str,
        messages: Sequence[bytes],
        told: Callable[[Sequence[bytes] | Exception], None],
    ) -> None:
        """Have messages signed in order; ``told`` is told once, on the loop, not before this returns."""

    def close(self) -> None:
        """Tell nobody any more."""


@dataclass(slots=True, eq=False)
class _Work:
    signer: SignerRecord
    algorithm: str
    to_be_signed: bytes
    done: Done
    expires_at: float
    is_over: bool = False
    was_wrong: bool = False
    """It was signed, and not rightly: an HSM that errs once is asked once more."""


class SigningLane:
    """Bounded in every direction: waiting questions, time, what goes to the signer at once.

    What comes in at once, or while the signer works, goes to it together; what it gave is verified while it
    works on. After a failure the lane rests, so that a dead signer costs the questions after it nothing. An
    algorithm other than the key's own that fails rests alone and for longer: a token need not be able to.
    """

    def __init__(
        self,
        link: SigningLink,
        *,
        most_waiting: int = 256,
        deadline: float = 3.0,
        lint: Callable[[SignerRecord, bytes], None] | None = None,
    ) -> None:
        self._link = link
        self._lint = lint or lint_answer
        self._loop: asyncio.AbstractEventLoop
        self._pending: list[_Work] = []
        self._is_busy = False
        """The signer has some, or will have when the loop has read what came in with it."""
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

    def close(self) -> None:
        """Let the signer go; who waits is told nothing any more."""
        self._link.close()

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
        """Give the signer what waits for one of its keys."""
        self._is_busy = False
        while self._pending and not self._is_busy:
            group = self._sound_of_one_key()
            if not group:
                continue
            self._is_busy = True
            messages = [work.to_be_signed for work in group]
            first = group[0]
            try:
                self._link.sign(first.signer.label, first.algorithm, messages, partial(self._told, group))
            except Exception as error:  # noqa: BLE001 - told to all who asked
                self._is_busy = False
                self._end_all(group, error)

    def _sound_of_one_key(self) -> list[_Work]:
        """Take what waits for the key that the first waits for, without those whose time is over.

        What must not be signed is not.
        """
        first = self._pending[0]
        taken: list[_Work] = []
        left: list[_Work] = []
        for work in self._pending:
            is_alike = work.signer.label == first.signer.label and work.algorithm == first.algorithm
            (taken if is_alike and len(taken) < _MOST_AT_ONCE else left).append(work)
        self._pending = left
        sound = []
        for work in taken:
            try:
                if not work.is_over:
                    self._lint(work.signer, work.to_be_signed)
            except Exception as error:  # noqa: BLE001 - told to whoever asked
                self._end(work, error)
            else:
                if work.is_over:
                    self._waiting -= 1
                else:
                    sound.append(work)
        return sound

    def _told(self, group: Sequence[_Work], outcome: Sequence[bytes] | Exception) -> None:
        """Tell those who asked, once what they get is verified; on the loop."""
        if isinstance(outcome, Exception) or len(outcome) != len(group):
            self._end_all(group, outcome if isinstance(outcome, Exception) else SignatureMismatch("too few"))
            self._hand_over()
            return
        self._hand_over()  # the signer works on meanwhile
        for work, signature in zip(group, outcome, strict=True):
            if _is_right(work, signature):
                self._end(work, signature)
            elif work.was_wrong:
                self._end(work, SignatureMismatch("the signature is not the signer's"))
            else:
                work.was_wrong = True
                self._pending.insert(0, work)
        self._forget_ended()
        if not self._is_busy:
            self._hand_over()

    def _end_all(self, group: Sequence[_Work], error: Exception) -> None:
        for work in group:
            self._end(work, error)
        self._forget_ended()

    def _end(self, work: _Work, outcome: bytes | Exception) -> None:
        self._waiting -= 1
        if work.is_over:
            return  # whoever asked has waited long enough
        if isinstance(outcome, Exception):
            self._fail(work, outcome)
        else:
            self.signed += 1
            self._tell(work, outcome)

    def _forget_ended(self) -> None:
        while self._expiring and self._expiring[0].is_over:
            self._expiring.popleft()

    def _expire(self) -> None:
        """Let those go who have waited too long; the signer's answer finds nobody."""
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
