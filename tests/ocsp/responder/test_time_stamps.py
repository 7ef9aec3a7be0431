"""Time-stamps over HTTP: stamped by the key in the HSM, or refused in the words of RFC 3161 (3.4)."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from asn1crypto import core, tsp

from ca.pki.time_stamp_file import FILE, TimeStampSigner
from ocsp.responder.lane import SigningLane, no_lint
from ocsp.responder.request import HttpRequest, RequestReader
from ocsp.responder.service import StatusService
from ocsp.responder.time_stamp_service import MOST_A_SECOND, MOST_OF_ONE
from ocsp.store.lmdb_store import LmdbStore
from tests.ca.pki.test_time_stamp import asked, authority_of, content_of, signer_of
from tests.ca.pki.world import AT
from tests.ocsp.in_thread import InThread

NOW = AT.timestamp() + 3600.75
QUERY = {b"content-type": b"application/timestamp-query"}


@pytest.fixture
def public(tmp_path: Path) -> Path:
    """What the worker publishes: which key stamps."""
    told(tmp_path / "public" / FILE, "time_stamp.1")
    return tmp_path / "public"


def told(file: Path, label: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(TimeStampSigner(label=label, authority=authority_of("p384")).encode())


def sign(label: str, algorithm: str, octets: Sequence[bytes]) -> list[bytes]:
    assert (label, algorithm) == ("time_stamp.1", "ECDSA_SHA256")
    return [signer_of("p384").sign(one) for one in octets]


def broken(label: str, algorithm: str, octets: Sequence[bytes]) -> list[bytes]:
    raise OSError("the signer is away")


class Asking:
    """Asks a status service in this process."""

    def __init__(
        self,
        public: Path,
        *,
        by: Callable[[str, str, Sequence[bytes]], list[bytes]] | None = sign,
        is_in_step: Callable[[], bool] = lambda: True,
    ) -> None:
        self.service = StatusService(
            reader=LmdbStore(public.parent / "ocsp"),  # type: ignore[arg-type] # nobody asks OCSP here
            lane=None,
            stamping=None if by is None else SigningLane(InThread(by), lint=no_lint),
            is_in_step=is_in_step,
            public=public,
            clock=lambda: NOW,
        )

    async def ask(
        self,
        body: bytes,
        *,
        method: str = "POST",
        headers: dict[bytes, bytes] | None = None,
        peer: str = "",
    ) -> bytes:
        request = HttpRequest(
            method=method,
            target=b"/tsa",
            headers=QUERY if headers is None else headers,
            body=body,
            keep_alive=True,
            is_http_1_1=True,
            peer=peer,
        )
        answer = self.service.respond(request)
        return answer if isinstance(answer, bytes) else await answer

    def post(self, body: bytes, **more: object) -> bytes:
        return asyncio.run(self.ask(body, **more))  # type: ignore[arg-type] # as ``ask``


def body_of(answer: bytes) -> bytes:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert b"Content-Type: application/timestamp-reply" in head
    return body


def failure_of(answer: bytes) -> str:
    status = tsp.PKIStatusInfo.load(core.load(body_of(answer), strict=True).contents)
    (failure,) = status["fail_info"].native
    return str(failure)


def test_a_query_gets_a_time_stamp(public: Path) -> None:
    asking = Asking(public)
    body = body_of(asking.post(asked()))
    content = content_of(body)
    assert content["gen_time"].native == datetime.fromtimestamp(int(NOW), UTC)
    assert content["message_imprint"]["hashed_message"].native == sha256(b"a report").digest()
    assert 'sigill_time_stamps_total{outcome="stamped"} 1' in asking.service.figures(connections=0)


def test_the_signature_is_that_of_the_key_that_was_told(public: Path) -> None:
    token = tsp.TimeStampResp.load(body_of(Asking(public).post(asked())))["time_stamp_token"]["content"]
    (signer,) = token["signer_infos"]
    signed = signer["signed_attrs"].untag().dump()
    stamping = authority_of("p384")
    stamping.algorithm.verify(
        public_key=signer_of("p384").public_key, signature=signer["signature"].native, signed=signed
    )


def test_what_cannot_be_stamped_is_refused(public: Path) -> None:
    asking = Asking(public)
    assert failure_of(asking.post(b"")) == "bad_data_format"
    assert failure_of(asking.post(asked(req_policy="1.2.3"))) == "unaccepted_policy"


def test_without_signer_key_or_file_the_refusal_says_so(public: Path) -> None:
    assert failure_of(Asking(public, by=None).post(asked())) == "system_failure"
    assert failure_of(Asking(public, by=broken).post(asked())) == "system_failure"
    (public / FILE).write_text("{}")
    assert failure_of(Asking(public).post(asked())) == "system_failure"
    (public / FILE).unlink()
    assert failure_of(Asking(public).post(asked())) == "system_failure"


def test_an_hsm_that_signs_wrongly_is_found_out(public: Path) -> None:
    def flipping(label: str, algorithm: str, octets: Sequence[bytes]) -> list[bytes]:
        return [one[:-1] + bytes((one[-1] ^ 1,)) for one in sign(label, algorithm, octets)]

    assert failure_of(Asking(public, by=flipping).post(asked())) == "system_failure"


def test_a_clock_that_is_not_in_step_stamps_nothing(public: Path) -> None:
    assert failure_of(Asking(public, is_in_step=lambda: False).post(asked())) == "time_not_available"


def test_the_next_key_is_used_as_soon_as_it_is_told(public: Path) -> None:
    seen = []

    def watching(label: str, algorithm: str, octets: Sequence[bytes]) -> list[bytes]:
        seen.append(label)
        return sign("time_stamp.1", algorithm, octets)

    asking = Asking(public, by=watching)
    asking.post(asked())
    (public / FILE).unlink()
    told(public / FILE, "time_stamp.2")
    asking.post(asked())
    assert seen == ["time_stamp.1", "time_stamp.2"]


def test_only_a_query_by_post_is_answered(public: Path) -> None:
    asking = Asking(public)
    assert asking.post(b"", method="GET").startswith(b"HTTP/1.1 405 ")
    assert b"Allow: POST, OPTIONS" in asking.post(b"", method="OPTIONS")
    other = asking.post(asked(), headers={b"content-type": b"application/ocsp-request"})
    assert other.startswith(b"HTTP/1.1 415 ")


def test_one_client_that_floods_is_refused_and_the_others_are_not(public: Path) -> None:
    """A client is an address, or a /64 of IPv6; what it is refused takes nothing from the rest."""
    asking = Asking(public)

    async def flood() -> None:
        for peer in ("192.0.2.7", "2001:db8::1"):
            for _ in range(MOST_OF_ONE):
                assert failure_of(await asking.ask(b"", peer=peer)) == "bad_data_format"
        for peer in ("192.0.2.7", "2001:db8::2") * 100:
            assert (await asking.ask(b"", peer=peer)).startswith(b"HTTP/1.1 429 Too Many Requests\r\n")
        for peer in ("192.0.2.8", "2001:db8:0:1::1", "127.0.0.1"):
            assert failure_of(await asking.ask(b"", peer=peer)) == "bad_data_format"

    asyncio.run(flood())


def test_the_address_of_a_query_is_that_of_its_connection() -> None:
    octets = b"POST /tsa HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
    (request,) = RequestReader("192.0.2.7").feed(octets)
    assert request.peer == "192.0.2.7"


def test_a_flood_of_queries_leaves_room_for_status(public: Path) -> None:
    """The clock of this service stands still: all of it is one second."""
    asking = Asking(public)

    async def flood() -> list[bytes]:
        return [await asking.ask(b"") for _ in range(MOST_A_SECOND + 1)]

    answers = asyncio.run(flood())
    assert failure_of(answers[MOST_A_SECOND - 1]) == "bad_data_format"
    assert answers[MOST_A_SECOND].startswith(b"HTTP/1.1 503 ")
