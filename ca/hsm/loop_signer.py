"""The signer process as an event loop asks it: no thread waits, one request at a time, tried for a while."""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from ca.errors import SigningRefused, SigningUnavailable
from ca.hsm import wire
from ca.pki.signer import SignatureAlgorithm

Told = Callable[[Sequence[bytes] | Exception], None]
"""Told once, on the loop, after the call that asked has returned."""

_FIRST_PAUSE: Final = 0.02
_LONGEST_PAUSE: Final = 0.5
_PREFIX: Final = 4
"""Octets of a frame's length."""
_SECONDS_A_SIGNATURE: Final = 0.05
"""How long a signer that is there may work on each before it counts as hanging, as in ``ca.hsm.proxy``."""


@dataclass(slots=True)
class _Asked:
    frame: bytes
    count: int
    told: Told
    until: float
    """No new try after this."""
    timer: asyncio.TimerHandle
    """Nothing is waited for after this."""
    pause: float = _FIRST_PAUSE


class LoopSigner:
    """Signs by the label of a key; for one event loop.

    A connection that is lost or not to be had is tried again, waiting longer each time, for ``patience``
    seconds. Then, and when the signer takes the question and says nothing, ``SigningUnavailable`` is told.
    What the signer refuses for good is ``SigningRefused`` at once.
    """

    def __init__(self, socket_path: Path, *, patience: float) -> None:
        """Remember where the signer listens; nothing is opened before the first question."""
        self._path = socket_path
        self._patience = patience
        self._loop: asyncio.AbstractEventLoop
        self._channel: _Channel | None = None
        self._asked: _Asked | None = None
        self._opening: asyncio.Task[None] | None = None
        """Kept, for nobody else holds it."""

    def sign(self, label: str, algorithm: str, messages: Sequence[bytes], told: Told) -> None:
        """Have messages signed in their order. The one before must have been told."""
        if self._asked is not None:
            raise RuntimeError("one request at a time")
        request = wire.SignRequest(
            label=label, algorithm=SignatureAlgorithm[algorithm], messages=tuple(messages)
        )
        frame = wire.frame(*wire.encode_request(request))
        loop = self._loop = asyncio.get_running_loop()
        until = loop.time() + self._patience
        timer = loop.call_at(until + len(messages) * _SECONDS_A_SIGNATURE, self._give_up)
        self._asked = _Asked(frame, len(messages), told, until, timer)
        self._try()

    def close(self) -> None:
        """Close the connection; nobody is told any more."""
        if self._asked is not None:
            self._asked.timer.cancel()
            self._asked = None
        self._hang_up()

    def _try(self) -> None:
        if self._asked is None:
            return
        if self._channel is not None:
            self._channel.send(self._asked.frame)
        elif self._opening is None:
            self._opening = self._loop.create_task(self._open())

    async def _open(self) -> None:
        channel = _Channel(self._received, self._lost)
        try:
            await self._loop.create_unix_connection(lambda: channel, str(self._path))
        except OSError as error:
            self._opening = None
            self._again(f"the signer does not answer ({error})")
        else:
            self._opening = None
            self._channel = channel
            self._try()

    def _received(self, channel: "_Channel", body: bytes) -> None:
        if channel is not self._channel:
            return
        asked = self._asked
        if asked is None:
            self._hang_up()  # it answers what nobody asked
            return
        try:
            answer = wire.decode_answer(body)
        except wire.BadFrame as error:
            self._hang_up()
            self._again(f"the signer does not answer ({error})")
            return
        if answer.outcome is wire.Outcome.UNAVAILABLE:
            self._again(str(json.loads(answer.facts)["message"]))
        elif answer.outcome is wire.Outcome.REFUSED:
            facts = json.loads(answer.facts)
            self._tell(SigningRefused(str(facts["message"]), facts={"reason": str(facts["code"])}))
        elif len(answer.signatures) != asked.count:
            self._tell(
                SigningRefused(
                    f"the signer gave {len(answer.signatures)} signatures for {asked.count} messages"
                )
            )
        else:
            self._tell(answer.signatures)

    def _lost(self, channel: "_Channel", why: str) -> None:
        if channel is self._channel:
            self._channel = None
            self._again(f"the signer does not answer ({why})")

    def _again(self, why: str) -> None:
        asked = self._asked
        if asked is None:
            return
        if self._loop.time() + asked.pause > asked.until:
            self._tell(SigningUnavailable(why))
            return
        self._loop.call_later(asked.pause, self._try_if, asked)
        asked.pause = min(asked.pause * 2, _LONGEST_PAUSE)

    def _try_if(self, asked: _Asked) -> None:
        if asked is self._asked:
            self._try()

    def _give_up(self) -> None:
        self._hang_up()  # what it may still say is not the answer to the next question
        self._tell(SigningUnavailable("the signer does not answer (it took the question and says nothing)"))

    def _hang_up(self) -> None:
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.abort()

    def _tell(self, outcome: Sequence[bytes] | Exception) -> None:
        asked, self._asked = self._asked, None
        if asked is not None:
            asked.timer.cancel()
            asked.told(outcome)


class _Channel(asyncio.Protocol):
    """One connection: whole frames come in."""

    def __init__(
        self, received: Callable[["_Channel", bytes], None], lost: Callable[["_Channel", str], None]
    ) -> None:
        self._told_of = received
        self._lost = lost
        self._transport: asyncio.Transport
        self._incoming = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's has its methods, not its class

    def send(self, frame: bytes) -> None:
        self._transport.write(frame)

    def abort(self) -> None:
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        incoming = self._incoming = self._incoming + data if self._incoming else data
        if len(incoming) < _PREFIX:
            return
        try:
            end = _PREFIX + wire.frame_length(incoming[:_PREFIX])
        except wire.BadFrame:
            self.abort()
            return
        if len(incoming) > end:
            self.abort()  # more than the one answer that was asked for
        elif len(incoming) == end:
            self._incoming = b""
            self._told_of(self, incoming[_PREFIX:])

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost(self, str(exc or "it closed the connection"))
