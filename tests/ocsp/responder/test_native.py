"""The compiled quick way gives the octets that plain Python gives, whatever it is asked."""

import base64
import re
import subprocess
import sys
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ocsp.responder.native import build, compiled, plain
from ocsp.responder.native.build import BuildFailed
from ocsp.responder.paths import decode_get_path
from ocsp.store.registry import key_prefix
from ocsp.wire import der
from ocsp.wire.cert_id import PRESIGNED, CertId
from tests.ocsp.responder.conftest import ROOT

TAIL = b" HTTP/1.1\r\nHost: x\r\n\r\n"
HEAD = b"POST /ocsp HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
NAMES = {"name_der": b"name", "key_bits": b"key"}
GETS = {TAIL: True, TAIL.replace(b"1.1", b"1.0"): False}
POSTS = {HEAD % size: (size, size % 2 == 0) for size in range(200)}
KEYS = {
    CertId.of(algorithm=algorithm, serial_number=1, **NAMES).der[2:-3]: key_prefix(7, algorithm)
    for algorithm in PRESIGNED
}


class Way(Protocol):
    """One of the two ways."""

    def answer(self, state: list[object], octets: bytes) -> tuple[bytes, bool] | None: ...


@pytest.fixture(scope="module")
def quick() -> Way:
    build.build()
    found = compiled()
    assert found is not None
    return found


def question_der(serial: bytes, algorithm_number: int) -> bytes:
    cert_id = CertId.of(algorithm=PRESIGNED[algorithm_number], serial_number=1, **NAMES).der[2:-3]
    wrapped = der.encode(der.SEQUENCE, cert_id, der.encode(der.INTEGER, serial))
    for _ in range(4):
        wrapped = der.encode(der.SEQUENCE, wrapped)
    return wrapped


def forms(request_der: bytes) -> list[bytes]:
    """Return the question as clients put it on the line."""
    text = base64.b64encode(request_der)
    quoted = quote(text, safe="").encode()
    paths = [text, text.rstrip(b"="), b"//" + text, text + b"==="]
    paths += [quoted, re.sub(b"%..", lambda escape: escape[0].lower(), quoted)]
    paths.append(base64.urlsafe_b64encode(request_der))
    paths.append(b"".join(b"%%%02x" % octet for octet in text))
    lines = [b"GET /ocsp/" + path + tail for path in paths for tail in GETS]
    return [*lines, HEAD % len(request_der) + request_der]


class World:
    """What the quick way stands on, with a store in a dict; notes whom it asked."""

    def __init__(self, stored: dict[bytes, bytes] | None = None, *, may_frame: bool = True) -> None:
        self.stored = stored
        self.may_frame = may_frame
        self.asked: list[tuple[bytes, ...]] = []
        self.frames: dict[bytes, plain.Frame] = {}
        self.statuses = [0, 0, 0]
        self.state: list[object] = list(
            plain.State(
                gets=GETS,
                posts=POSTS,
                keys=KEYS,
                look_up=self.look_up,
                frames=self.frames,
                make_frame=self.make_frame,
                statuses=self.statuses,
            )
        )

    def look_up(self, key: bytes) -> bytes | None:
        self.asked.append((key,))
        if self.stored is None:
            raise OSError("the store is away")
        return self.stored.get(key, self.stored.get(b"any"))

    def make_frame(self, stored: bytes, cert_id: bytes, stays: bool) -> bool:  # noqa: FBT001 - as it is called
        self.asked.append((stored, cert_id, b"stays" if stays else b"closes"))
        if self.may_frame:
            likely = max(stored.find(cert_id), 0) if len(self.asked) % 2 else 7
            self.frames[plain.frame_name(stored, stays=stays)] = b"head ", b" between ", b" after", likely
        return self.may_frame

    def answers(self, way: Way, octets: bytes) -> object:
        """Ask twice, with and without a frame, and return all that there is to see."""
        outcomes = [way.answer(self.state, octets) for _ in range(2)]
        return outcomes, self.asked, self.frames, self.statuses


changes = st.lists(st.tuples(st.integers(0, 400), st.binary(max_size=2)), max_size=3)
serials = st.binary(min_size=0, max_size=36)
DEFAULTS = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@settings(DEFAULTS, max_examples=1500)
@given(serial=serials, number=st.integers(0, 1), form=st.integers(0, 40), changed=changes)
@example(serial=b"\x01", number=0, form=0, changed=[])
def test_both_read_the_same_question(
    quick: Way, serial: bytes, number: int, form: int, changed: list[tuple[int, bytes]]
) -> None:
    lines = forms(question_der(serial, number))
    octets = bytearray(lines[form % len(lines)])
    for at, put in changed:
        octets[at % len(octets) : at % len(octets) + 1] = put
    assert World({}).answers(quick, bytes(octets)) == World({}).answers(plain, bytes(octets))


@settings(DEFAULTS, max_examples=800)
@given(text=st.one_of(st.binary(max_size=260), st.text("AQw9+/-_=%2Ff", max_size=260)))
def test_both_read_the_same_path(quick: Way, text: bytes | str) -> None:
    octets = b"GET /ocsp/" + (text if isinstance(text, bytes) else text.encode()) + TAIL
    assert World({}).answers(quick, octets) == World({}).answers(plain, octets)


def test_every_usual_form_is_read(quick: Way) -> None:
    for number, algorithm in enumerate(PRESIGNED):
        for serial in (b"\x01", b"\x00\xff", b"\x7f" * 20, b"\x01" * 32):
            request_der = question_der(serial, number)
            for octets in forms(request_der):
                world = World({})
                assert quick.answer(world.state, octets) is None
                expected = [] if len(request_der) > 129 else [(key_prefix(7, algorithm) + serial,)]
                assert world.asked == expected, octets


@settings(DEFAULTS, max_examples=1000)
@given(
    before=st.binary(max_size=90), after=st.binary(max_size=90), holds_it=st.booleans(),
    form=st.integers(0, 40), may_frame=st.booleans(),
)  # fmt: skip
def test_both_join_the_same_answer(
    quick: Way, before: bytes, after: bytes, *, holds_it: bool, form: int, may_frame: bool
) -> None:
    request_der = question_der(b"\x05" * 9, form % 2)
    lines = forms(request_der)
    stored = {b"any": before + (request_der[10:] if holds_it else b"") + after}
    octets = lines[form % len(lines)]
    mine, others = (World(stored, may_frame=may_frame).answers(way, octets) for way in (quick, plain))
    assert mine == others


def test_an_answer_about_another_certificate_is_not_joined(quick: Way) -> None:
    asked, other = question_der(b"\x05" * 9, 0), question_der(b"\x06" * 9, 0)
    octets = HEAD % len(asked) + asked
    for way in (quick, plain):
        for about, is_served in ((asked, True), (other, False)):
            world = World({b"any": b"\x01" * 60 + about[10:] + b"\x01" * 60})
            served = way.answer(world.state, octets)
            assert (served is not None) is is_served
            assert world.statuses == [0, int(is_served), 0]


def test_a_store_that_is_away_or_damaged_is_left_to_the_full_way(quick: Way) -> None:
    asked = question_der(b"\x05" * 9, 0)
    octets = HEAD % len(asked) + asked
    for way in (quick, plain):
        for stored in (None, {}, {b"any": b""}, {b"any": b"\x00" * 47}):
            assert way.answer(World(stored).state, octets) is None
        damaged = World({b"any": b"\xff" * 60 + asked[10:] + b"\x01" * 60})
        assert way.answer(damaged.state, octets) is not None
        assert damaged.statuses == [0, 0, 0]


def test_wrong_arguments_are_told_and_do_no_harm(quick: Way) -> None:
    for arguments in ((), ([], b""), (World().state, ""), (tuple(World().state), b""), (World().state,)):
        with pytest.raises(TypeError):
            quick.answer(*arguments)  # type: ignore[call-arg,arg-type]


def test_the_alphabet_for_urls_is_read() -> None:
    for octets in (b"\xfb\xff\xfe", b"\xff" * 61, bytes(range(256))):
        assert decode_get_path(base64.urlsafe_b64encode(octets).rstrip(b"=")) == octets


def test_the_compiler_has_nothing_to_say(tmp_path: Path) -> None:
    made = build.build(
        extra_flags=("-Werror", "-Wshadow", "-Wconversion", "-Wno-sign-conversion"), into=tmp_path / "m"
    )
    assert made.stat().st_size > 1000
    with pytest.raises(BuildFailed, match="no-such-flag"):
        build.build(extra_flags=("-no-such-flag",), into=tmp_path / "n")


def test_without_the_module_plain_python_answers() -> None:
    code = (
        "from pathlib import Path; from ocsp.responder.native import place; "
        "place.module_path = lambda: Path('/nowhere'); "
        "import importlib, ocsp.responder.native as native; importlib.reload(native); "
        "raise SystemExit(native.IS_COMPILED or native.answer is not native.plain.answer)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
