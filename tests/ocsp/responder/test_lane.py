"""An HSM that signs wrongly is found out before anybody is answered with it."""

import asyncio

import pytest

from ocsp.responder.lane import SigningLane, SigningUnavailable
from ocsp.wire.signatures import verify
from tests.ocsp.authority import Authority


class Flipping:
    """Signs with the authority's key, and flips a bit in the first signatures."""

    def __init__(self, authority: Authority, *, wrong: int) -> None:
        self._authority = authority
        self._wrong = wrong

    def __call__(self, label: str, to_be_signed: bytes) -> bytes:
        assert label == self._authority.signer().label
        signature = self._authority.sign(to_be_signed)
        if self._wrong:
            self._wrong -= 1
            return signature[:-1] + bytes((signature[-1] ^ 1,))
        return signature


def test_a_signature_that_came_out_wrong_is_made_again(authority: Authority) -> None:
    """R9: whoever asks sees nothing of it."""
    lane = SigningLane(Flipping(authority, wrong=1))
    signature = asyncio.run(lane.sign(authority.signer(), b"to be signed"))
    verify(
        public_key=authority.signer().public_key,
        algorithm=authority.signer().algorithm,
        signature=signature,
        signed=b"to be signed",
    )
    assert (lane.signed, lane.failed) == (1, 0)


def test_signatures_that_go_on_coming_out_wrong_are_served_to_nobody(authority: Authority) -> None:
    """R9: the caller falls back to the stored answer, or says try later."""
    lane = SigningLane(Flipping(authority, wrong=2))
    with pytest.raises(SigningUnavailable):
        asyncio.run(lane.sign(authority.signer(), b"to be signed"))
    assert (lane.signed, lane.failed) == (0, 1)
