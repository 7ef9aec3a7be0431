"""The signer as an event loop meets it: real, killed, hung, gone, and saying what it should not."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ca.errors import SigningRefused, SigningUnavailable
from ca.hsm import wire
from ca.hsm.loop_signer import LoopSigner
from ca.hsm.proxy import SocketSigners
from tests.ca.hsm.conftest import SignerProcess

Outcome = Sequence[bytes] | Exception
MESSAGES = [b"one", b"two", b"three"]


def signed(messages: Sequence[bytes] = MESSAGES) -> bytes:
    """What a signer says that signs by writing backwards."""
    signatures = tuple(message[::-1] for message in messages)
    return wire.frame(wire.encode_answer(wire.Answer(outcome=wire.Outcome.SIGNATURES, signatures=signatures)))


def refused(outcome: wire.Outcome) -> bytes:
    facts = '{"code": "key_absent", "message": "there is no such key"}'
    return wire.frame(wire.encode_answer(wire.Answer(outcome=outcome, facts=facts)))


async def ask(signer: LoopSigner, messages: Sequence[bytes] = MESSAGES, label: str = "ocsp") -> Outcome:
    """Wait for what is told; it must be told once only."""
    answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
    signer.sign(label, "ECDSA_SHA256", messages, answer.set_result)
    assert not answer.done()
    return await answer


class Scripted:
    """A signer that does one thing after the other, a connection or a question each."""

    def __init__(self, *steps: bytes | None) -> None:
        self.steps = list(steps)
        """What it says to each question; None: it hangs up."""
        self.questions = 0
        self.connections = 0
        self.handlers: list[asyncio.Task[object]] = []

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.handlers.append(task)
        await self.serve(reader, writer)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                await reader.readexactly(wire.frame_length(await reader.readexactly(4)))
                self.questions += 1
                step = self.steps.pop(0)
                if step is None:
                    break
                for at in range(0, len(step), 5):  # in pieces, as a stream may bring them
                    writer.write(step[at : at + 5])
                    await writer.drain()
                    await asyncio.sleep(0)


@asynccontextmanager
async def listening(scripted: Scripted, path: Path) -> AsyncIterator[None]:
    server = await asyncio.start_unix_server(scripted.accept, path)
    yield
    server.close()
    await asyncio.gather(*scripted.handlers)
    await asyncio.sleep(0)


def told(
    scripted: Scripted,
    tmp_path: Path,
    asking: Callable[[LoopSigner], Awaitable[list[Outcome]]],
    *,
    patience: float = 30,
) -> list[Outcome]:
    async def run() -> list[Outcome]:
        signer = LoopSigner(tmp_path / "s", patience=patience)
        async with listening(scripted, tmp_path / "s"):
            outcomes = await asking(signer)
            signer.close()
        return outcomes

    return asyncio.run(run())


async def once(signer: LoopSigner) -> list[Outcome]:
    return [await ask(signer)]


async def twice(signer: LoopSigner) -> list[Outcome]:
    return [await ask(signer), await ask(signer, [b"four"])]


def test_the_real_signer_signs_for_a_loop_and_heals_from_being_killed(signer_process: SignerProcess) -> None:
    """R9: whoever asks sees nothing of a signer that is killed and started again."""
    key = SocketSigners(signer_process.socket).signer_for("ocsp")

    async def run() -> None:
        signer = LoopSigner(signer_process.socket, patience=60)
        for kills in (False, True, False):
            if kills:
                signer_process.kill()
                asyncio.get_running_loop().call_later(0.3, signer_process.start)
            signatures = await ask(signer)
            assert not isinstance(signatures, Exception), signatures
            for message, signature in zip(MESSAGES, signatures, strict=True):
                key.algorithm.verify(public_key=key.public_key, signature=signature, signed=message)
        refusal = await ask(signer, label="nobody")
        assert isinstance(refusal, SigningRefused)
        assert refusal.facts == {"reason": "key_absent"}
        signer.close()
        await asyncio.sleep(0)

    asyncio.run(run())


def test_one_connection_serves_one_question_after_the_other(tmp_path: Path) -> None:
    scripted = Scripted(signed(), signed([b"four"]))
    assert told(scripted, tmp_path, twice) == [(b"eno", b"owt", b"eerht"), (b"ruof",)]
    assert scripted.connections == 1


@pytest.mark.parametrize(
    "fault",
    [None, refused(wire.Outcome.UNAVAILABLE), b"\xff\xff\xff\xff", wire.frame(b""), signed() + b"more"],
    ids=["hangs up", "unavailable", "a frame without end", "an empty frame", "more than the answer"],
)
def test_what_may_pass_is_asked_again(fault: bytes | None, tmp_path: Path) -> None:
    scripted = Scripted(fault, signed())
    assert told(scripted, tmp_path, once) == [(b"eno", b"owt", b"eerht")]
    assert scripted.questions == 2


def test_what_is_refused_is_told_at_once(tmp_path: Path) -> None:
    scripted = Scripted(refused(wire.Outcome.REFUSED), signed([b"four"]))
    outcomes = told(scripted, tmp_path, twice)
    assert isinstance(outcomes[0], SigningRefused)
    assert outcomes[1] == (b"ruof",)


def test_too_few_signatures_are_none(tmp_path: Path) -> None:
    (outcome,) = told(Scripted(signed(MESSAGES[:2])), tmp_path, once)
    assert isinstance(outcome, SigningRefused)


def test_a_signer_that_is_not_there_is_tried_for_a_while(tmp_path: Path) -> None:
    async def run() -> None:
        signer = LoopSigner(tmp_path / "s", patience=0.3)
        started = time.monotonic()
        assert isinstance(await ask(signer), SigningUnavailable)
        assert time.monotonic() - started > 0.1
        patient = LoopSigner(tmp_path / "s", patience=60)
        waiting = asyncio.ensure_future(ask(patient))
        await asyncio.sleep(0.05)
        async with listening(Scripted(signed()), tmp_path / "s"):
            assert await waiting == (b"eno", b"owt", b"eerht")
            patient.close()

    asyncio.run(run())


def test_a_signer_that_says_nothing_is_given_up_and_its_late_word_is_nobodys_answer(tmp_path: Path) -> None:
    class Late(Scripted):
        async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if not self.connections:
                asyncio.get_running_loop().call_later(1.0, writer.write, signed())
                self.connections += 1
                await reader.read()  # until the other side hangs up
                return
            await super().serve(reader, writer)

    late = Late(signed([b"four"]))

    async def first_briefly(signer: LoopSigner) -> list[Outcome]:
        outcome = await ask(signer)
        signer._patience = 60
        return [outcome, await ask(signer, [b"four"])]

    outcomes = told(late, tmp_path, first_briefly, patience=0.2)
    assert isinstance(outcomes[0], SigningUnavailable)
    assert outcomes[1] == (b"ruof",)


def test_a_second_question_waits_for_the_first(tmp_path: Path) -> None:
    async def both(signer: LoopSigner) -> list[Outcome]:
        first = asyncio.ensure_future(ask(signer))
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError):
            await ask(signer)
        return [await first]

    assert told(Scripted(signed()), tmp_path, both) == [(b"eno", b"owt", b"eerht")]
