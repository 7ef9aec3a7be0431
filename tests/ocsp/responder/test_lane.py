"""An HSM that signs wrongly is found out before anybody is answered with it."""

import asyncio

import pytest

from ocsp.responder.lane import SigningLane, SigningUnavailable
from ocsp.wire.cert_id import CertId, HashAlgorithm
from ocsp.wire.response import CertStatus, certificate_status, response_data, single_response
from ocsp.wire.signatures import verify
from tests.ocsp.authority import HOUR, SECONDS, Authority


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

    def sign(_: str, message: bytes) -> bytes:
        asked.append(message)
        return authority.sign(message)

    lane = SigningLane(sign)
    with pytest.raises(SigningUnavailable):
        asyncio.run(lane.sign(authority.signer(), to_be_signed(authority, produced_at=SECONDS - HOUR)))
    assert (asked, lane.failed) == ([], 1)


def test_a_signature_that_came_out_wrong_is_made_again(authority: Authority) -> None:
    """R9: whoever asks sees nothing of it."""
    lane = SigningLane(Flipping(authority, wrong=1))
    signature = asyncio.run(lane.sign(authority.signer(), to_be_signed(authority)))
    verify(
        public_key=authority.signer().public_key,
        algorithm=authority.signer().algorithm,
        signature=signature,
        signed=to_be_signed(authority),
    )
    assert (lane.signed, lane.failed) == (1, 0)


def test_signatures_that_go_on_coming_out_wrong_are_served_to_nobody(authority: Authority) -> None:
    """R9: the caller falls back to the stored answer, or says try later."""
    lane = SigningLane(Flipping(authority, wrong=2))
    with pytest.raises(SigningUnavailable):
        asyncio.run(lane.sign(authority.signer(), to_be_signed(authority)))
    assert (lane.signed, lane.failed) == (0, 1)
