"""The compiled quick way gives the octets that plain Python gives, whatever it is asked."""

import base64
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
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


@pytest.fixture(scope="module")
def quick() -> ModuleType:
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


changes = st.lists(st.tuples(st.integers(0, 400), st.binary(max_size=2)), max_size=3)
serials = st.binary(min_size=0, max_size=36)


@settings(max_examples=1500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(serial=serials, number=st.integers(0, 1), form=st.integers(0, 40), changed=changes)
@example(serial=b"\x01", number=0, form=0, changed=[])
def test_both_read_the_same_question(
    quick: ModuleType, serial: bytes, number: int, form: int, changed: list[tuple[int, bytes]]
) -> None:
    lines = forms(question_der(serial, number))
    octets = bytearray(lines[form % len(lines)])
    for at, put in changed:
        octets[at % len(octets) : at % len(octets) + 1] = put
    assert quick.question(bytes(octets), GETS, POSTS, KEYS) == plain.question(
        bytes(octets), GETS, POSTS, KEYS
    )


@settings(max_examples=800, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.one_of(st.binary(max_size=260), st.text("AQw9+/-_=%2Ff", max_size=260)))
def test_both_read_the_same_path(quick: ModuleType, text: bytes | str) -> None:
    octets = b"GET /ocsp/" + (text if isinstance(text, bytes) else text.encode()) + TAIL
    assert quick.question(octets, GETS, POSTS, KEYS) == plain.question(octets, GETS, POSTS, KEYS)


def test_every_usual_form_is_read(quick: ModuleType) -> None:
    for number, algorithm in enumerate(PRESIGNED):
        for serial in (b"\x01", b"\x00\xff", b"\x7f" * 20, b"\x01" * 32):
            if number and len(serial) > 32 - 6:
                continue
            request_der = question_der(serial, number)
            for octets in forms(request_der):
                found = quick.question(octets, GETS, POSTS, KEYS)
                if len(request_der) > 129:
                    assert found is None
                    continue
                assert found is not None, octets
                assert found[:2] == (key_prefix(7, algorithm) + serial, request_der[10:])


@settings(max_examples=800, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    stored=st.binary(max_size=200), cut=st.tuples(st.integers(0, 200), st.integers(0, 90), st.booleans()),
    frame=st.tuples(st.binary(max_size=9), st.binary(max_size=9), st.binary(max_size=9), st.integers(0, 250)),
)  # fmt: skip
def test_both_join_the_same_answer(
    quick: ModuleType, stored: bytes, cut: tuple[int, int, bool], frame: plain.Frame
) -> None:
    at, size, stays = cut
    asked = (b"key", stored[at : at + size] or b"\x01not there", stays)
    for frames in ({plain.frame_name(stored, stays=stays): frame}, {}):
        assert quick.join(stored, asked, frames) == plain.join(stored, asked, frames)


def test_an_answer_about_another_certificate_is_not_joined(quick: ModuleType) -> None:
    stored = b"\x00" * 60 + b"the certificate" + b"\x01" * 60
    frames = {plain.frame_name(stored, stays=True): (b"head ", b" between ", b" after", 60)}
    for way in (quick, plain):
        assert way.join(stored, (b"key", b"the certificate", True), frames) is not None
        assert way.join(stored, (b"key", b"the certificatf", True), frames) is None
        assert way.join(stored, (b"key", b"the certificate", False), frames) is None


def test_wrong_arguments_are_told_and_do_no_harm(quick: ModuleType) -> None:
    for arguments in ((), (b"", {}, {}), ("", {}, {}, {}), (b"", None, {}, {})):
        with pytest.raises(TypeError):
            quick.question(*arguments)
    for asked in ((b"", "", True), (b"", b""), None):
        with pytest.raises(TypeError):
            quick.join(b"", asked, {})


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
        "raise SystemExit(native.IS_COMPILED or native.question is not native.plain.question)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
