"""``answer(bytes)`` over a real store: whatever the bytes are, good is said only of what is good."""

import base64
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import ocsp as oracle
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ocsp.responder.answering import Answered, Answering, SigningPlan
from ocsp.responder.metrics import Metrics
from ocsp.responder.quick import QuickWay
from ocsp.responder.request import RequestReader
from ocsp.store.lmdb_reader import LmdbReader
from ocsp.wire.request import MalformedRequest, parse_request
from ocsp.wire.response import CertStatus, ResponseStatus
from tests.ocsp.authority import HOUR, Authority
from tests.ocsp.responder.conftest import GOOD, NEVER_ISSUED, REVOKED, fill, question


@pytest.fixture(scope="module")
def answering(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[Answering]:
    home: Path = tmp_path_factory.mktemp("home")
    fill(home, authority).close()
    reader = LmdbReader(home / "ocsp" / "lmdb")
    made = Answering(reader, may_sign=True)
    made.follow()
    yield made
    reader.close()


_whatever = st.one_of(
    st.binary(max_size=400),
    st.tuples(
        st.sampled_from([GOOD, REVOKED, NEVER_ISSUED]),
        st.sampled_from([hashes.SHA1(), hashes.SHA256(), hashes.SHA384()]),  # noqa: S303 - RFC 5019
        st.sampled_from([None, b"n", b"n" * 128, b"n" * 129]),
        st.lists(st.tuples(st.integers(0, 300), st.integers(0, 255)), max_size=3),
        st.integers(0, 4),
    ),
)


@settings(max_examples=600, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(whatever=_whatever)
def test_whatever_is_asked_only_the_good_certificate_is_good(
    answering: Answering, authority: Authority, whatever: object
) -> None:
    """R2, A2: random octets, and good questions with octets changed and cut off."""
    if isinstance(whatever, bytes):
        octets = whatever
    else:
        assert isinstance(whatever, tuple)
        number, algorithm, nonce, changes, cut = whatever
        changed = bytearray(question(authority, number, algorithm=algorithm, nonce=nonce))
        for at, octet in changes:
            changed[at % len(changed)] = octet
        octets = bytes(changed[: len(changed) - cut])
    outcome = answering.answer(octets, int(time.time()))
    if isinstance(outcome, ResponseStatus):
        return
    asked = parse_request(octets).cert_ids  # raises MalformedRequest if it should not have been answered
    if isinstance(outcome, Answered):
        read = oracle.load_der_ocsp_response(outcome.body)
        assert [read.serial_number] == [one.serial_number for one in asked]
        is_good = read.certificate_status is oracle.OCSPCertStatus.GOOD
        assert is_good is (outcome.status == CertStatus.GOOD.value)
        assert is_good is (read.serial_number == GOOD)
    else:
        assert isinstance(outcome, SigningPlan)
        for one, single in zip(asked, outcome.single_responses, strict=True):
            says_good = single.find(one.der + b"\x80\x00") >= 0
            assert says_good is (one.serial_number == GOOD)


def test_an_answer_that_lies_under_the_wrong_key_is_not_served(tmp_path: Path, authority: Authority) -> None:
    """Question and answer are compared, whatever the store says."""
    from ocsp.store.record import StoredAnswer  # noqa: PLC0415 - only here
    from ocsp.store.registry import answer_key  # noqa: PLC0415 - only here
    from ocsp.wire.cert_id import PRESIGNED  # noqa: PLC0415 - only here

    store = fill(tmp_path, authority)
    for algorithm in PRESIGNED:
        stored = store.get(answer_key(1, algorithm, GOOD))
        assert stored is not None
        store.put([(answer_key(1, algorithm, NEVER_ISSUED), StoredAnswer.decode(stored))])
    store.close()
    reader = LmdbReader(tmp_path / "ocsp" / "lmdb")
    answering = Answering(reader, may_sign=False)
    answering.follow()
    now = int(time.time())
    assert answering.answer(question(authority, NEVER_ISSUED), now) is ResponseStatus.TRY_LATER
    assert isinstance(answering.answer(question(authority, GOOD), now), Answered)
    reader.close()


def test_a_question_that_cannot_be_read_says_so() -> None:
    with pytest.raises(MalformedRequest):
        parse_request(b"\x30\x03\x02\x01\x00")


def test_what_has_ended_is_not_signed_anew(tmp_path: Path, authority: Authority) -> None:
    """F7: a responder that still has a signer and no publisher must not look up to date."""
    fill(tmp_path, authority).close()
    reader = LmdbReader(tmp_path / "ocsp" / "lmdb")
    answering, now = Answering(reader, may_sign=True), int(time.time())
    answering.follow()
    asked = question(authority, GOOD, nonce=b"n" * 32)
    assert isinstance(answering.answer(asked, now), SigningPlan)
    assert answering.answer(asked, now + 8 * HOUR) is ResponseStatus.TRY_LATER
    assert answering.answer(asked, now - HOUR) is ResponseStatus.TRY_LATER
    reader.close()


def test_a_client_with_a_new_head_each_time_does_not_close_the_quick_way_to_others(
    tmp_path: Path, authority: Authority
) -> None:
    fill(tmp_path, authority).close()
    reader = LmdbReader(tmp_path / "ocsp" / "lmdb")
    answering = Answering(reader, may_sign=False)
    quick = QuickWay(reader=reader, answering=answering, metrics=Metrics())
    answering.on_renewal = lambda changed: quick.renewed(has_changed=changed)
    answering.follow()
    quick.forget(int(time.time()))
    path = base64.b64encode(question(authority, GOOD))
    body = question(authority, GOOD)
    for number in range(1200):
        get = b"GET /ocsp/%b HTTP/1.1\r\nHost: x\r\nX: %d\r\n\r\n" % (path, number)
        post = b"POST /ocsp HTTP/1.1\r\nHost: %d\r\nContent-Length: %d\r\n\r\n%b" % (number, len(body), body)
        for octets in (get, post):
            assert quick.answer(octets) is None
            (request,) = RequestReader().feed(octets)
            quick.learn(octets, request)
            served = quick.answer(octets)
            assert served is not None
            assert served[0].startswith(b"HTTP/1.1 200 OK")
    assert len(quick._gets) <= 512
    assert len(quick._posts) <= 512
    reader.close()
