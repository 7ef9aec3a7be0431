"""An HSM that signs wrongly is found out before anybody is answered with it."""

import asyncio
import threading
from collections.abc import Sequence

import pytest

from ocsp.responder.lane import SigningLane, SigningUnavailable
from ocsp.store.record import SignerRecord
from ocsp.wire.cert_id import CertId, HashAlgorithm
from ocsp.wire.response import CertStatus, certificate_status, response_data, single_response
from ocsp.wire.signatures import verify
from tests.ocsp.authority import HOUR, SECONDS, Authority
from tests.ocsp.in_thread import InThread


class Flipping:
    """Signs with the authority's key, and flips a bit in the first signatures."""

    def __init__(self, authority: Authority, *, wrong: int) -> None:
        self._authority = authority
        self._wrong = wrong

    def __call__(self, label: str, algorithm: str, messages: Sequence[bytes]) -> list[bytes]:
        assert (label, algorithm) == (self._authority.signer().label, self._authority.signer().algorithm)
        signatures = self._authority.sign_batch(messages)
        for at in range(min(self._wrong, len(signatures))):
            self._wrong -= 1
            signatures[at] = signatures[at][:-1] + bytes((signatures[at][-1] ^ 1,))
        return signatures


async def sign_on(lane: SigningLane, signer: SignerRecord, message: bytes, algorithm: str = "") -> bytes:
    """Wait for a signature. Raises ``SigningUnavailable``."""
    answer: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()

    def done(signature: bytes | None) -> None:
        if not answer.done():
            answer.set_result(signature)

    lane.submit(signer, algorithm or signer.algorithm, message, done)
    signature = await answer
    if signature is None:
        raise SigningUnavailable
    return signature


def to_be_signed(authority: Authority, *, produced_at: int = SECONDS) -> bytes:
    """Return an answer about one certificate."""
    cert_id = CertId.of(
        algorithm=HashAlgorithm.SHA256,
        name_der=authority.name_der,
        key_bits=authority.key_bits,
        serial_number=1 << 100,
    )
    single = single_response(
        cert_id_der=cert_id.der,
        status_der=certificate_status(CertStatus.GOOD),
        this_update=SECONDS,
        next_update=SECONDS + 8 * HOUR,
    )
    return response_data(
        responder_key_hash=authority.signer().key_hash, produced_at=produced_at, single_responses=[single]
    )


def test_an_answer_that_breaks_a_rule_never_reaches_the_signer(authority: Authority) -> None:
    """A18: the answers of the lane are linted as those that are signed ahead."""
    asked: list[bytes] = []

    def sign(_: str, __: str, messages: Sequence[bytes]) -> list[bytes]:
        asked.extend(messages)
        return authority.sign_batch(messages)

    lane = SigningLane(InThread(sign))
    with pytest.raises(SigningUnavailable):
        asyncio.run(sign_on(lane, authority.signer(), to_be_signed(authority, produced_at=SECONDS - HOUR)))
    assert (asked, lane.failed) == ([], 1)


def test_a_signature_that_came_out_wrong_is_made_again(authority: Authority) -> None:
    """R9: whoever asks sees nothing of it."""
    lane = SigningLane(InThread(Flipping(authority, wrong=1)))
    signature = asyncio.run(sign_on(lane, authority.signer(), to_be_signed(authority)))
    verify(
        public_key=authority.signer().public_key,
        algorithm=authority.signer().algorithm,
        signature=signature,
        signed=to_be_signed(authority),
    )
    assert (lane.signed, lane.failed) == (1, 0)


def test_signatures_that_go_on_coming_out_wrong_are_served_to_nobody(authority: Authority) -> None:
    """R9: the caller falls back to the stored answer, or says try later."""
    lane = SigningLane(InThread(Flipping(authority, wrong=2)))
    with pytest.raises(SigningUnavailable):
        asyncio.run(sign_on(lane, authority.signer(), to_be_signed(authority)))
    assert (lane.signed, lane.failed) == (0, 1)


def test_those_that_wait_together_are_signed_in_one_exchange(authority: Authority) -> None:
    """Each gets its own signature; a wrong one among them costs only itself a second exchange."""
    exchanges: list[int] = []
    begun, may_go_on = threading.Event(), threading.Event()
    flipping = Flipping(authority, wrong=0)

    def sign(label: str, algorithm: str, messages: Sequence[bytes]) -> list[bytes]:
        exchanges.append(len(messages))
        if len(exchanges) == 1:
            begun.set()
            assert may_go_on.wait(60)
            flipping._wrong = 1
        elif len(exchanges) == 2:
            flipping._wrong = 0
        return flipping(label, algorithm, messages)

    messages = [to_be_signed(authority, produced_at=SECONDS + n) for n in range(9)]

    async def ask() -> list[bytes]:
        lane = SigningLane(InThread(sign), deadline=60)
        asked = [asyncio.ensure_future(sign_on(lane, authority.signer(), messages[0]))]
        await asyncio.to_thread(begun.wait, 60)
        asked += [
            asyncio.ensure_future(sign_on(lane, authority.signer(), message)) for message in messages[1:]
        ]
        await asyncio.sleep(0)
        may_go_on.set()
        signatures = await asyncio.gather(*asked)
        assert (lane.signed, lane.failed) == (9, 0)
        return list(signatures)

    for message, signature in zip(messages, asyncio.run(ask()), strict=True):
        signer = authority.signer()
        verify(public_key=signer.public_key, algorithm=signer.algorithm, signature=signature, signed=message)
    assert exchanges == [1, 8, 1]  # what waits does not wait for the second try


def test_an_algorithm_that_the_token_cannot_do_rests_alone(authority: Authority) -> None:
    def sign(_: str, algorithm: str, messages: Sequence[bytes]) -> list[bytes]:
        if algorithm == "ECDSA_SHA512":
            raise ValueError("CKR_MECHANISM_INVALID")
        return authority.sign_batch(messages)

    async def ask() -> None:
        lane, signer = SigningLane(InThread(sign)), authority.signer()
        assert lane.can_sign(signer, "ECDSA_SHA512")
        with pytest.raises(SigningUnavailable):
            await sign_on(lane, signer, to_be_signed(authority), "ECDSA_SHA512")
        assert not lane.can_sign(signer, "ECDSA_SHA512")
        assert await sign_on(lane, signer, to_be_signed(authority))

    asyncio.run(ask())


def test_whoever_goes_away_leaves_the_lane_as_it_was(authority: Authority) -> None:
    async def ask() -> None:
        link = InThread(lambda _, __, messages: authority.sign_batch(messages))
        lane, signer = SigningLane(link), authority.signer()
        gone = asyncio.ensure_future(sign_on(lane, signer, to_be_signed(authority)))
        await asyncio.sleep(0)
        gone.cancel()
        for _ in range(3):
            assert await sign_on(lane, signer, to_be_signed(authority))
        assert lane._waiting == 0

    asyncio.run(ask())


def test_who_cannot_be_told_keeps_nobody_else_from_an_answer(
    authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    async def ask() -> None:
        link = InThread(lambda _, __, messages: authority.sign_batch(messages))
        lane, signer = SigningLane(link), authority.signer()

        def fall(_: bytes | None) -> None:
            raise ValueError("gone")

        lane.submit(signer, signer.algorithm, to_be_signed(authority), fall)
        assert await sign_on(lane, signer, to_be_signed(authority))

    asyncio.run(ask())
    assert [record.message for record in caplog.records] == ["whoever asked could not be told"]


def test_a_stuck_signer_lets_everybody_go_in_time_and_the_next_at_once(authority: Authority) -> None:
    """Design decision 8: what waits has a deadline of its own; then the lane rests."""
    may_go_on = threading.Event()

    def sign(_: str, __: str, messages: Sequence[bytes]) -> list[bytes]:
        may_go_on.wait(60)
        return authority.sign_batch(messages)

    async def ask() -> None:
        lane, signer = SigningLane(InThread(sign), deadline=0.2), authority.signer()
        waiting = [asyncio.ensure_future(sign_on(lane, signer, to_be_signed(authority))) for _ in range(40)]
        said = await asyncio.gather(*waiting, return_exceptions=True)
        assert {type(one) for one in said} == {SigningUnavailable}
        assert lane.failed == 40
        with pytest.raises(SigningUnavailable):
            lane.submit(signer, signer.algorithm, to_be_signed(authority), lambda _: None)
        may_go_on.set()

    asyncio.run(ask())
