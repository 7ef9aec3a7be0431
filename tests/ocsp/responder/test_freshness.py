"""Time, stores and files: what is past its nextUpdate is not served, what is revoked is seen at once."""

import json
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from ocsp.store.lmdb_store import LmdbStore
from ocsp.wire.response import CertStatus
from tests.ocsp.authority import DER, HOUR, Authority, make_authority
from tests.ocsp.responder.conftest import GOOD, NEVER_ISSUED, REVOKED, ROOT, Server, fill, question, start


def test_a_revocation_is_seen_at_once_by_every_process(
    starting: Callable[..., Server], tmp_path: Path, authority: Authority
) -> None:
    """R4; two processes share the port of one machine."""
    store = fill(tmp_path, authority)
    first = starting()
    second = start(tmp_path, authority, port=first.port)
    request_der = question(authority, GOOD)
    try:
        for _ in range(20):  # it is in memory by now
            assert first.post(request_der).says == "GOOD"
        authority.publish(store, [GOOD], at=int(time.time()), status=CertStatus.REVOKED, reason=1)
        deadline = time.monotonic() + 60
        in_a_row = 0
        while in_a_row < 40:
            assert time.monotonic() < deadline
            in_a_row = in_a_row + 1 if first.post(request_der).says == "REVOKED" else 0
    finally:
        second.stop()
        store.close()


def test_a_new_certificate_is_good_at_the_first_question(
    starting: Callable[..., Server], tmp_path: Path, authority: Authority
) -> None:
    """A3, R5: asked in the moment in which it was published, never unknown."""
    store = fill(tmp_path, authority)
    server = starting()
    for number in range(10**6, 10**6 + 100):
        request_der = question(authority, number, nonce=b"n" if number % 2 else None)
        authority.publish(store, [number], at=int(time.time()))
        assert server.post(request_der).says == "GOOD"
    store.close()


def test_nothing_is_served_past_its_next_update(
    starting: Callable[..., Server], tmp_path: Path, authority: Authority
) -> None:
    """F9, F10, R7: publisher gone for eight hours."""
    fill(tmp_path, authority).close()
    server = starting()
    asked = [
        (question(authority, number, nonce=nonce)) for number in (GOOD, REVOKED) for nonce in (None, b"n" * 8)
    ]
    assert {server.post(request_der).says for request_der in asked} == {"GOOD", "REVOKED"}
    (tmp_path / "clock-shift").write_text(str(8 * HOUR - 120))
    assert {server.post(request_der).says for request_der in asked} == {"GOOD", "REVOKED"}
    (tmp_path / "clock-shift").write_text(str(8 * HOUR - 30))
    server.wait_for(lambda: max_age(server, asked[0]) <= 31)
    (tmp_path / "clock-shift").write_text(str(8 * HOUR + 1))
    server.wait_for(lambda: server.post(asked[0]).says == "TRY_LATER")
    assert {server.post(request_der).says for request_der in asked} == {"TRY_LATER"}
    assert server.post(question(authority, NEVER_ISSUED)).says == "TRY_LATER"
    assert server.post(question(make_authority(), GOOD)).says == "UNAUTHORIZED"


def max_age(server: Server, request_der: bytes) -> int:
    header = server.post(request_der).headers["cache-control"]
    return int(header.split("=", 1)[1].split(",", 1)[0])


def test_an_answer_from_the_future_is_not_served(
    starting: Callable[..., Server], tmp_path: Path, authority: Authority
) -> None:
    fill(tmp_path, authority).close()
    server = starting()
    (tmp_path / "clock-shift").write_text(str(-HOUR))
    server.wait_for(lambda: server.post(question(authority, GOOD)).says == "TRY_LATER")
    (tmp_path / "clock-shift").write_text("0")
    server.wait_for(lambda: server.post(question(authority, GOOD)).says == "GOOD")


def test_a_store_that_is_missing_lost_or_restored_is_followed(
    starting: Callable[..., Server], tmp_path: Path, authority: Authority
) -> None:
    server = starting()
    request_der = question(authority, GOOD)
    assert server.post(request_der).says == "TRY_LATER"
    assert server.ask("GET", "/readyz").code == 503
    assert server.ask("GET", "/healthz").code == 200
    fill(tmp_path, authority).close()
    server.wait_for(lambda: server.post(request_der).says == "GOOD")
    server.wait_for(lambda: server.ask("GET", "/readyz").code == 200)
    folder = tmp_path / "ocsp" / "lmdb"
    shutil.move(folder, tmp_path / "aside")
    server.wait_for(lambda: server.post(request_der).says == "TRY_LATER")
    folder.mkdir()
    (folder / "data.mdb").write_bytes(b"damaged" * 3000)
    assert server.post(request_der).says == "TRY_LATER"
    shutil.rmtree(folder)
    shutil.move(tmp_path / "aside", folder)
    server.wait_for(lambda: server.post(request_der).says == "GOOD")


def test_the_publisher_killed_in_the_middle_is_not_noticed(
    starting: Callable[..., Server], tmp_path: Path, authority: Authority
) -> None:
    fill(tmp_path, authority).close()
    server = starting()
    request_der = question(authority, REVOKED)
    for _ in range(5):
        writer = subprocess.Popen(
            [sys.executable, "-m", "tests.ocsp.store.killed_writer", str(tmp_path / "ocsp" / "lmdb"), "1"],
            cwd=ROOT, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert writer.stdout is not None
        writer.stdout.readline()
        for _ in range(30):
            assert server.post(request_der).says == "REVOKED"
        writer.send_signal(signal.SIGKILL)
        writer.communicate()
        assert server.post(request_der).says == "REVOKED"
    store = LmdbStore(tmp_path / "ocsp" / "lmdb")
    authority.publish(store, [GOOD], at=int(time.time()), status=CertStatus.REVOKED)
    store.close()
    server.wait_for(lambda: server.post(question(authority, GOOD)).says == "REVOKED")


def make_crl(authority: Authority, *, next_update: datetime, count: int = 1) -> bytes:
    now = datetime.now(UTC)
    revoked = [
        x509.RevokedCertificateBuilder().serial_number(number).revocation_date(now).build()
        for number in range(1, count + 1)
    ]
    builder = x509.CertificateRevocationListBuilder(revoked_certificates=revoked)
    builder = builder.issuer_name(authority.certificate.subject).last_update(now - timedelta(days=1))
    crl = builder.next_update(next_update).sign(authority.key, hashes.SHA384())
    return crl.public_bytes(DER)


def put(file: Path, content: bytes) -> None:
    draft = file.with_suffix(".draft")
    draft.write_bytes(content)
    draft.replace(file)


def test_lists_certificates_and_the_chain_are_served_from_the_published_folder(
    starting: Callable[..., Server], tmp_path: Path, authority: Authority
) -> None:
    """PKI-3."""
    server = starting()
    public = tmp_path / "public"
    for folder in ("crl", "aia"):
        (public / folder).mkdir(parents=True)
    assert server.ask("GET", "/crl/testpersonid3ca.crl").code == 404
    until = datetime.now(UTC) + timedelta(hours=48)
    crl = make_crl(authority, next_update=until)
    certificate = authority.certificate.public_bytes(DER)
    put(public / "crl" / "testpersonid3ca.crl", crl)
    put(public / "crl" / "testpersonid3ca-7.crl", crl)
    put(public / "aia" / "testpersonid3ca.cer", certificate)
    put(public / "chain.pem", b"-----BEGIN")
    for path, kind, content in (
        ("/crl/testpersonid3ca.crl", "application/pkix-crl", crl),
        ("/crl/testpersonid3ca-7.crl", "application/pkix-crl", crl),
        ("/aia/testpersonid3ca.cer", "application/pkix-cert", certificate),
        ("/chain.pem", "application/pem-certificate-chain", b"-----BEGIN"),
    ):
        answer = server.ask("GET", path)
        assert (answer.code, answer.headers["content-type"], answer.body) == (200, kind, content)
        assert "max-age=" in answer.headers["cache-control"]
        head = server.ask("HEAD", path)
        assert (head.code, head.body) == (200, b"")
        assert head.headers["content-length"] == str(len(content))
        assert server.ask("GET", path, If_None_Match=answer.headers["etag"]).code == 304
        assert server.ask("GET", path, If_Modified_Since=answer.headers["last-modified"]).code == 304
    changed = make_crl(authority, next_update=until, count=2)
    put(public / "crl" / "testpersonid3ca.crl", changed)
    assert server.ask("GET", "/crl/testpersonid3ca.crl").body == changed


def test_a_list_past_its_next_update_or_damaged_is_not_served(
    starting: Callable[..., Server], tmp_path: Path, authority: Authority
) -> None:
    """F9."""
    server = starting()
    folder = tmp_path / "public" / "crl"
    folder.mkdir(parents=True)
    put(folder / "x.crl", make_crl(authority, next_update=datetime.now(UTC) - timedelta(seconds=1)))
    expired = server.ask("GET", "/crl/x.crl")
    assert expired.code == 503
    assert expired.headers["cache-control"] == "no-store"
    assert int(expired.headers["retry-after"]) > 0
    for damaged in (
        b"",
        b"not a CRL",
        make_crl(authority, next_update=datetime.now(UTC) + timedelta(1))[:-9],
    ):
        put(folder / "x.crl", damaged)
        assert server.ask("GET", "/crl/x.crl").code == 503
    soon = datetime.now(UTC) + timedelta(seconds=30)
    put(folder / "x.crl", make_crl(authority, next_update=soon))
    answer = server.ask("GET", "/crl/x.crl")
    assert answer.code == 200
    assert int(answer.headers["cache-control"].split("=")[1].split(",")[0]) <= 30


def test_a_big_list_is_served_whole(
    starting: Callable[..., Server], tmp_path: Path, authority: Authority
) -> None:
    server = starting()
    folder = tmp_path / "public" / "crl"
    folder.mkdir(parents=True)
    crl = make_crl(authority, next_update=datetime.now(UTC) + timedelta(hours=1), count=60_000)
    put(folder / "big.crl", crl)
    for _ in range(2):
        assert server.ask("GET", "/crl/big.crl").body == crl


def test_no_path_leads_out_of_the_published_folder(
    starting: Callable[..., Server], tmp_path: Path, authority: Authority
) -> None:
    server = starting()
    (tmp_path / "public" / "crl").mkdir(parents=True)
    (tmp_path / "secret.crl").write_bytes(make_crl(authority, next_update=datetime.now(UTC) + timedelta(1)))
    for path in (
        "/crl/../secret.crl", "/crl/..%2f..%2fsecret.crl", "/crl//etc/passwd", "/../secret.crl", "/crl/.crl",
        "/crl/%2e%2e/secret.crl", "/secret.crl", "/crl/a/b.crl", "/crl/x.crl/", "/aia/x.crl", "/crl/",
        "/crl/x\x00.crl", "/crl/" + "a" * 300 + ".crl",
    ):  # fmt: skip
        raw = server.raw(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        assert raw.startswith((b"HTTP/1.1 404 ", b"HTTP/1.1 400 ")), path


def test_metrics_tell_how_old_the_oldest_answer_is(server: Server) -> None:
    figures = server.figures
    assert figures["sigill_ocsp_store_answers"] == 4
    assert 0 <= figures["sigill_ocsp_oldest_answer_age_seconds"] < 600
    assert 7 * HOUR < figures["sigill_ocsp_oldest_answer_left_seconds"] <= 8 * HOUR


def test_figures_are_for_the_operator_alone(server: Server) -> None:
    """How many certificates there are, and how they are asked about, is nobody else's affair."""
    for path in ("/metrics", "/metrics?x", "//metrics", "/metrics/"):
        assert server.ask("GET", path).code == 404
    assert b"metrics" not in server.ask("GET", "/").body
    assert json.loads(server.ask("GET", "/healthz").body) == {"ready": True, "store": True}
    before = server.figures['sigill_ocsp_answers_total{status="good"}']
    server.post(question(server.authority, GOOD))
    assert server.figures['sigill_ocsp_answers_total{status="good"}'] == before + 1
    assert stat.S_IMODE((server.home / "private.sock").stat().st_mode) == 0o600


def test_the_server_ends_cleanly_with_questions_under_way(
    starting: Callable[..., Server], tmp_path: Path, authority: Authority
) -> None:
    fill(tmp_path, authority).close()
    server = starting()
    assert server.post(question(authority, GOOD)).says == "GOOD"
    assert server.stop() == 0
