"""A running status server with a few certificates, and ways to talk to it."""

import contextlib
import http.client
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp as oracle

from deploy.free_ports import free_port
from ocsp.store.lmdb_store import LmdbStore
from ocsp.wire.response import CertStatus
from tests.ocsp.authority import DER, Authority, make_authority

ROOT = Path(__file__).resolve().parents[3]
GOOD, REVOKED, NEVER_ISSUED = 2**90 + 1, 2**90 + 2, 2**90 + 3


@dataclass
class Answer:
    """An HTTP answer, headers by lower-case name."""

    code: int
    headers: dict[str, str]
    body: bytes

    @property
    def ocsp(self) -> oracle.OCSPResponse:
        return oracle.load_der_ocsp_response(self.body)

    @property
    def says(self) -> str:
        """The certificate status of a signed answer, or why there is none."""
        if self.ocsp.response_status is not oracle.OCSPResponseStatus.SUCCESSFUL:
            return self.ocsp.response_status.name
        return self.ocsp.certificate_status.name


@dataclass
class Server:
    """A server process on a private port."""

    home: Path
    port: int
    authority: Authority
    process: subprocess.Popen[bytes]
    pending: list[object] = field(default_factory=list)

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """Send one request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, {name.replace("_", "-"): v for name, v in headers.items()})
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def post(self, request_der: bytes) -> Answer:
        return self.ask("POST", "/ocsp", request_der, Content_Type="application/ocsp-request")

    @property
    def figures(self) -> dict[str, int]:
        """What it tells its operator: figures by name and labels."""
        with socket.socket(socket.AF_UNIX) as private:
            private.settimeout(10)
            private.connect(str(self.home / "private.sock"))
            private.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            received = b""
            while part := private.recv(65536):
                received += part
        head, _, text = received.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 ")
        lines = [line.rsplit(" ", 1) for line in text.decode().splitlines() if not line.startswith("#")]
        return {name: int(figure) for name, figure in lines}

    def raw(self, octets: bytes, *, seconds: float = 10) -> bytes:
        """Send octets as they are, and read until the server closes or the time is up."""
        received = b""
        with socket.create_connection(("127.0.0.1", self.port), timeout=seconds) as connection:
            connection.sendall(octets)
            with contextlib.suppress(TimeoutError, ConnectionResetError):
                while part := connection.recv(65536):
                    received += part
        return received

    def wait_for(self, condition: Callable[[], bool], seconds: float = 60) -> None:
        """Poll until something is so."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "it did not come about"
            assert self.process.poll() is None, "the server died"
            time.sleep(0.02)

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(60)


def question(
    authority: Authority,
    *serial_numbers: int,
    algorithm: hashes.HashAlgorithm | None = None,
    nonce: bytes | None = None,
) -> bytes:
    """Ask about one certificate as a client does."""
    (serial_number,) = serial_numbers
    builder = oracle.OCSPRequestBuilder().add_certificate(
        authority.issue(serial_number),
        authority.certificate,
        algorithm or hashes.SHA1(),  # noqa: S303 - RFC 5019
    )
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.build().public_bytes(DER)


def start(home: Path, authority: Authority, *, may_sign: bool = True, port: int = 0) -> Server:
    """Start a server and wait until it listens."""
    port = port or free_port()
    key_file = home / ("ocsp.key" if may_sign else "none")
    (home / "ocsp.key").write_bytes(
        authority.signer_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.ocsp.responder.process", str(home), str(port), str(key_file)], cwd=ROOT
    )
    server = Server(home, port, authority, process)
    server.wait_for(lambda: _listens(port) and _answers_privately(home))
    return server


def _answers_privately(home: Path) -> bool:
    """Tell whether the figures can be asked for: that socket is opened after the public port."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(home / "private.sock")) == 0


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def fill(home: Path, authority: Authority) -> LmdbStore:
    """Publish what the tests ask about, as of now."""
    store = LmdbStore(home / "ocsp" / "lmdb")
    now = int(time.time())
    authority.publish(store, [GOOD], at=now)
    authority.publish(store, [REVOKED], at=now, status=CertStatus.REVOKED, reason=1)
    store.mark_reconciled(now)
    return store


@pytest.fixture(scope="session")
def authority() -> Authority:
    return make_authority()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[Server]:
    """Run a server for tests that leave it as it was."""
    home = tmp_path_factory.mktemp("home")
    fill(home, authority).close()
    running = start(home, authority)
    yield running
    assert running.stop() == 0


@pytest.fixture
def starting(tmp_path: Path, authority: Authority) -> Iterator[Callable[..., Server]]:
    """Start servers of the test's own; ``home`` is ``tmp_path``."""
    running: list[Server] = []

    def begin(*, may_sign: bool = True) -> Server:
        running.append(start(tmp_path, authority, may_sign=may_sign))
        return running[-1]

    yield begin
    for one in running:
        if one.process.poll() is None:
            one.stop()
