"""HTTP manners: methods, limits, slow and rude clients, none of whom may make the others wait."""

import base64
import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ocsp.responder.request import BODY_LIMIT
from tests.ocsp.authority import write_pem
from tests.ocsp.responder.conftest import GOOD, NEVER_ISSUED, REVOKED, ROOT, Server, fill, question

TYPE = "application/ocsp-request"


def post_octets(body: bytes, *, extra: bytes = b"") -> bytes:
    head = b"POST /ocsp HTTP/1.1\r\nHost: x\r\nContent-Type: application/ocsp-request\r\n" + extra
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


def test_openssl_sees_good_revoked_and_unknown(server: Server, tmp_path: Path) -> None:
    """R1 with the client that everybody has, with and without a nonce, by POST."""
    issuer = write_pem(tmp_path / "issuer.pem", server.authority.certificate)
    for number, word in ((GOOD, "good"), (REVOKED, "revoked"), (NEVER_ISSUED, "unknown")):
        certificate = write_pem(tmp_path / f"{number}.pem", server.authority.issue(number))
        for options in ([], ["-no_nonce"], ["-sha256"], ["-sha384", "-no_nonce"]):
            digest = [option for option in options if option.startswith("-sha")]
            others = [option for option in options if not option.startswith("-sha")]
            done = subprocess.run(
                ["openssl", "ocsp", "-issuer", issuer, *digest, "-cert", certificate, *others,
                 "-url", f"http://127.0.0.1:{server.port}/ocsp", "-CAfile", issuer, "-timeout", "10"],
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr
            assert "Response verify OK" in done.stdout + done.stderr
            assert f"{number}.pem: {word}" in done.stdout
            assert "WARNING" not in done.stderr


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "PROPFIND", "CONNECT"])
def test_other_methods_are_refused_and_told_what_there_is(server: Server, method: str) -> None:
    assert server.ask(method, "/ocsp").code in {400, 405}
    if method != "CONNECT":
        assert server.ask(method, "/ocsp").headers["allow"] == "GET, HEAD, POST, OPTIONS"
        assert server.ask(method, "/crl/x.crl").headers["allow"] == "GET, HEAD, OPTIONS"


def test_post_belongs_to_ocsp_only(server: Server) -> None:
    request_der = question(server.authority, GOOD)
    assert server.ask("POST", "/ocsp/", request_der, Content_Type=TYPE).says == "GOOD"
    for _ in range(2):
        assert server.ask("POST", "/ocsp?x=1", request_der, Content_Type=TYPE).says == "GOOD"
    assert server.ask("POST", "/ocsp/more?x=/ocsp", request_der, Content_Type=TYPE).code == 404
    assert server.ask("POST", "/ocsp/more", request_der, Content_Type=TYPE).code == 404
    assert server.ask("POST", "/", request_der, Content_Type=TYPE).code == 405
    assert server.ask("GET", "/ocspx").code == 404


def test_the_content_type_of_a_question_is_looked_at(server: Server) -> None:
    request_der = question(server.authority, GOOD)
    for kind in ("application/x-www-form-urlencoded", "text/plain", "application/ocsp-response", ""):
        assert server.ask("POST", "/ocsp", request_der, Content_Type=kind).code == 415
    for kind in (TYPE, "Application/OCSP-Request", f"{TYPE}; charset=binary"):
        assert server.ask("POST", "/ocsp", request_der, Content_Type=kind).says == "GOOD"


def test_an_empty_question_is_malformed(server: Server) -> None:
    for answer in (
        server.ask("POST", "/ocsp", b"", Content_Type=TYPE),
        server.ask("GET", "/ocsp"),
        server.ask("GET", "/ocsp/"),
        server.ask("GET", "/ocsp/%00"),
        server.ask("GET", "/ocsp/not*base64"),
        server.ask("GET", "/ocsp/A"),
    ):
        assert answer.code == 200
        assert answer.says == "MALFORMED_REQUEST"


def test_what_is_too_big_is_refused_before_it_is_read(server: Server) -> None:
    assert server.ask("POST", "/ocsp", b"x" * BODY_LIMIT, Content_Type=TYPE).says == "MALFORMED_REQUEST"
    announced = b"POST /ocsp HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (BODY_LIMIT + 1)
    assert server.raw(announced).startswith(b"HTTP/1.1 413 ")
    chunk = b"%x\r\n" % 40_000 + b"x" * 40_000 + b"\r\n"
    chunked = b"POST /ocsp HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk * 2
    assert server.raw(chunked).startswith(b"HTTP/1.1 413 ")
    assert server.raw(b"GET /ocsp/" + b"A" * 5000 + b" HTTP/1.1\r\nHost: x\r\n\r\n").startswith(
        b"HTTP/1.1 414 "
    )
    assert server.raw(b"GET / HTTP/1.1\r\nX: " + b"y" * 20_000).startswith(b"HTTP/1.1 431 ")
    assert server.raw(b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 200).startswith(b"HTTP/1.1 431 ")


def test_a_client_that_sends_two_megabytes_before_it_reads_is_told_why_not(server: Server) -> None:
    """The answer is not lost in a reset: what still comes is read and thrown away."""
    head = b"POST /ocsp HTTP/1.1\r\nHost: x\r\nContent-Type: application/ocsp-request\r\n"
    announced = head + b"Content-Length: 2000000\r\n\r\n" + b"x" * 2_000_000
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    chunked = head + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 32 + b"0\r\n\r\n"
    for octets in (announced, chunked):
        received = server.raw(octets)
        assert received.startswith(b"HTTP/1.1 413 ")
        assert b"\r\nConnection: close\r\n" in received
        assert received.endswith(b"This request cannot be read.\n")


@pytest.mark.parametrize("pause", [0.0, 0.3], ids=["as fast as it goes", "drop by drop"])
def test_a_refused_client_that_never_stops_is_cut_off(server: Server, pause: float) -> None:
    """What is thrown away is bounded in octets and in time."""
    sent = 0
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as endless:
        endless.sendall(b"POST /ocsp HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999999\r\n\r\n")
        assert endless.recv(65536).startswith(b"HTTP/1.1 413 ")
        assert endless.recv(1) == b""
        with contextlib.suppress(ConnectionResetError, BrokenPipeError):
            while sent * pause < 60:
                endless.sendall(b"x" if pause else b"x" * 65536)
                sent += 1
                time.sleep(pause)
    assert sent * pause < 60
    assert sent * (1 if pause else 65536) < 64 * 1024 * 1024
    assert server.post(question(server.authority, GOOD)).says == "GOOD"


@pytest.mark.parametrize(
    "after_the_body",
    [b"X: " + b"y" * 2_000_000, b"".join(b"X%d: y\r\n" % number for number in range(200))],
    ids=["one long trailer", "many trailers"],
)
def test_what_follows_a_body_is_bounded_too(server: Server, after_the_body: bytes) -> None:
    head = b"POST /ocsp HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n"
    assert server.raw(head + after_the_body).startswith((b"HTTP/1.1 413 ", b"HTTP/1.1 431 "))


def test_a_trailer_is_no_header(server: Server) -> None:
    """RFC 9110 6.5.1: a content type after the body says nothing of it."""
    request_der = question(server.authority, GOOD)
    chunk = b"%x\r\n%b\r\n0\r\n" % (len(request_der), request_der)
    head = b"POST /ocsp HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    assert b" 200 OK" in server.raw(head + chunk + b"Content-Type: text/plain\r\n\r\n")


def test_chunked_questions_and_those_in_pieces_are_read(server: Server) -> None:
    request_der = question(server.authority, GOOD)
    chunks = b"".join(b"1\r\n" + bytes((octet,)) + b"\r\n" for octet in request_der) + b"0\r\n\r\n"
    head = b"POST /ocsp HTTP/1.1\r\nHost: x\r\nContent-Type: application/ocsp-request\r\n"
    whole = head + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n" + chunks
    assert b"HTTP/1.1 200 OK" in server.raw(whole)
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        octets = post_octets(request_der)
        for at in range(0, len(octets), 7):
            connection.sendall(octets[at : at + 7])
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 OK")


def test_several_questions_sent_at_once_are_answered_in_their_order(server: Server) -> None:
    """The one in the middle waits for a signature; those behind it wait for their turn."""
    order = [REVOKED, NEVER_ISSUED, GOOD, REVOKED, GOOD]
    octets = b"".join(post_octets(question(server.authority, number)) for number in order[:-1])
    octets += post_octets(question(server.authority, order[-1]), extra=b"Connection: close\r\n")
    received = server.raw(octets)
    at = [received.find(number.to_bytes(12, "big")) for number in (NEVER_ISSUED, GOOD)]
    assert received.count(b"HTTP/1.1 200 OK") == len(order)
    assert 0 < at[0] < at[1]
    assert received.index(REVOKED.to_bytes(12, "big")) < at[0]


def test_what_comes_while_an_answer_is_made_waits_for_its_turn_also_the_end(server: Server) -> None:
    """A client that sends piece by piece and closes its half gets every answer in order, and then the end."""
    order = [NEVER_ISSUED, GOOD, REVOKED, NEVER_ISSUED, GOOD]
    received = b""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for number in order:
            octets = post_octets(question(server.authority, number, nonce=b"n" * 32))
            connection.sendall(octets[:100])
            connection.sendall(octets[100:])
        connection.shutdown(socket.SHUT_WR)
        while part := connection.recv(65536):
            received += part
    assert received.count(b"HTTP/1.1 200 OK") == len(order)
    at = [received.find(number.to_bytes(12, "big")) for number in (NEVER_ISSUED, GOOD, REVOKED)]
    assert 0 < at[0] < at[1] < at[2]
    server.wait_for(lambda: server.figures["sigill_status_connections"] == 0)


def test_a_connection_is_kept_and_closed_as_the_client_asks(server: Server) -> None:
    get = b"GET /ocsp/%b HTTP/%b\r\nHost: x\r\n%b\r\n"
    path = base64.b64encode(question(server.authority, GOOD))
    assert b"Connection: close" in server.raw(get % (path, b"1.1", b"Connection: close\r\n"))
    assert b"Connection: close" in server.raw(get % (path, b"1.0", b""))
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        for _ in range(3):
            connection.sendall(get % (path, b"1.0", b"Connection: keep-alive\r\n"))
            assert b"Connection: keep-alive" in connection.recv(65536)
        for _ in range(3):
            connection.sendall(get % (path, b"1.1", b""))
            assert b"Connection:" not in connection.recv(65536)


def test_a_request_names_its_host_once(server: Server) -> None:
    """RFC 9112 3.2; HTTP/1.0 knew no hosts."""
    path = base64.b64encode(question(server.authority, GOOD))
    get = b"GET /ocsp/%b HTTP/%b\r\n%bConnection: close\r\n\r\n"
    for _ in range(2):
        assert server.raw(get % (path, b"1.1", b"")).startswith(b"HTTP/1.1 400 ")
        assert server.raw(get % (path, b"1.1", b"Host: x\r\nHost: y\r\n")).startswith(b"HTTP/1.1 400 ")
        assert server.raw(get % (path, b"1.1", b"Host: x\r\n")).startswith(b"HTTP/1.1 200 ")
        assert server.raw(get % (path, b"1.0", b"")).startswith(b"HTTP/1.1 200 ")


def test_expect_continue_is_answered(server: Server) -> None:
    request_der = question(server.authority, GOOD)
    octets = post_octets(request_der, extra=b"Expect: 100-continue\r\n")
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        connection.sendall(octets[: -len(request_der)])
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(request_der)
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize(
    "octets",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\r\n\r\n\x00\x00",
        b"GET\r\n\r\n",
        b"POST /ocsp HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /ocsp HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"POST /ocsp HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : x\r\nBad Header\r\n\r\n",
    ],
)
def test_what_is_not_http_is_refused_and_closed(server: Server, octets: bytes) -> None:
    received = server.raw(octets)
    assert received.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 408 ")) or received == b""
    assert b"200 OK" not in received
    assert server.ask("GET", "/healthz").code == 200


def test_a_client_that_says_nothing_is_closed_and_nobody_waits_for_it(server: Server) -> None:
    """``openssl ocsp -port`` hangs for ever after this."""
    silent = [socket.create_connection(("127.0.0.1", server.port), timeout=60) for _ in range(100)]
    for one in silent[:50]:
        one.close()
    assert server.post(question(server.authority, GOOD)).says == "GOOD"
    for one in silent[50:]:
        assert one.recv(1) == b""
        one.close()


def test_a_connection_that_is_kept_and_not_used_is_closed(server: Server) -> None:
    """Not before its time: a client that asks again within it is answered."""
    octets = post_octets(question(server.authority, GOOD))
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as kept:
        for _ in range(2):
            kept.sendall(octets)
            assert kept.recv(65536).startswith(b"HTTP/1.1 200 OK")
        assert kept.recv(1) == b""


def test_a_request_that_comes_drop_by_drop_is_ended(server: Server) -> None:
    """Slowloris: each drop in time does not make the whole in time."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as slow:
        started = time.monotonic()
        slow.sendall(b"GET / HTTP/1.1\r\n")
        slow.settimeout(0.2)
        received = b""
        while not received:
            assert time.monotonic() - started < 60
            try:
                received = slow.recv(1000)
            except TimeoutError:
                slow.sendall(b"X: y\r\n")
        assert received.startswith(b"HTTP/1.1 408 ")
    assert server.post(question(server.authority, GOOD)).says == "GOOD"


def test_a_client_that_takes_nothing_is_cut_off(starting: Callable[..., Server], tmp_path: Path) -> None:
    chain = tmp_path / "public" / "chain.pem"
    chain.parent.mkdir()
    chain.write_bytes(b"x" * 30_000_000)
    server = starting()
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as greedy:
        greedy.sendall(b"GET /chain.pem HTTP/1.1\r\nHost: x\r\n\r\n")
        greedy.recv(100)
        server.wait_for(lambda: server.figures["sigill_status_connections"] == 0)
    assert server.ask("GET", "/healthz").code == 200
    assert len(server.ask("GET", "/chain.pem").body) == 30_000_000


def test_a_stuck_signer_costs_only_what_only_it_can_give(
    starting: Callable[..., Server], tmp_path: Path
) -> None:
    server = starting()
    fill(tmp_path, server.authority).close()
    server.wait_for(lambda: server.post(question(server.authority, GOOD)).says == "GOOD")
    assert server.post(question(server.authority, NEVER_ISSUED)).says == "UNKNOWN"
    (tmp_path / "signer-is-stuck").touch()
    with_nonce = server.post(question(server.authority, REVOKED, nonce=b"n" * 32))
    assert with_nonce.says == "REVOKED"
    assert not list(with_nonce.ocsp.extensions)  # the answer that lay ready; RFC 9654 allows that
    for _ in range(20):
        assert server.post(question(server.authority, NEVER_ISSUED)).says == "UNAUTHORIZED"
        assert server.post(question(server.authority, GOOD)).says == "GOOD"
        assert server.post(question(server.authority, GOOD, nonce=b"n" * 32)).says == "GOOD"


def test_without_a_signer_what_lies_ready_is_served(starting: Callable[..., Server], tmp_path: Path) -> None:
    server = starting(may_sign=False)
    fill(tmp_path, server.authority).close()
    server.wait_for(lambda: server.post(question(server.authority, GOOD)).says == "GOOD")
    assert server.post(question(server.authority, GOOD, nonce=b"n" * 32)).says == "GOOD"
    assert server.post(question(server.authority, NEVER_ISSUED)).says == "UNAUTHORIZED"
    assert server.post(question(server.authority, NEVER_ISSUED, nonce=b"n" * 32)).says == "UNAUTHORIZED"


def test_the_server_process_loads_no_django() -> None:
    """style.md 10: the hot path serves bytes."""
    code = (
        "import sys, worker.mains.responder, worker.mains.ocsp_mirror; "
        "loaded = {name.split('.')[0] for name in sys.modules}; "
        "sys.exit(bool(loaded & {'django', 'psycopg', 'sqlite3', 'PyKCS11'}))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
