"""The nginx of the relying-party API, the real one: who calls is TLS's word alone (T12)."""

import getpass
import http.client
import json
import os
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import unquote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from deploy.free_ports import free_port
from tests.deploy.echo import echo
from tests.running.installation import eventually

CONFIGURATION = Path(__file__).resolve().parents[2] / "deploy" / "nginx" / "rp.conf"
BESIDE = "ssl_session_cache shared:portal:1m; ssl_session_timeout 1h; ssl_session_tickets off;"
"""What a portal in the same http block sets for every server that says nothing of it."""
PROGRAM = shutil.which("nginx", path="/usr/sbin:/usr/bin:/sbin:/bin") or "nginx"


@dataclass
class Edge:
    """nginx on a port, the issuer that it believes, and files of certificates."""

    port: int
    folder: Path

    def post(self, path: str, *, certificate: str = "", **headers: str) -> tuple[int, str]:
        context = ssl.create_default_context(cafile=str(self.folder / "server.pem"))
        if certificate:
            context.load_cert_chain(self.folder / f"{certificate}.pem", self.folder / f"{certificate}.key")
        connection = http.client.HTTPSConnection("localhost", self.port, timeout=60, context=context)
        try:
            connection.request("POST", path, b"{}", headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()


def _write(
    folder: Path, stem: str, *, issuer: tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost" if stem == "server" else stem)])
    now = datetime.now(UTC)
    is_ca = issuer is None
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer[0].subject if issuer else name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]),
            critical=False,
        )
    )
    certificate = builder.sign(issuer[1] if issuer else key, hashes.SHA256())
    (folder / f"{stem}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / f"{stem}.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate, key


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    """Run nginx with the shipped file; only addresses, names and folders are the test's own."""
    folder = tmp_path_factory.mktemp("rp")
    _write(folder, "server", issuer=None)
    functions = _write(folder, "functions", issuer=None)
    strangers = _write(folder, "strangers", issuer=None)
    _write(folder, "service", issuer=functions)
    _write(folder, "stranger", issuer=strangers)
    port = free_port()
    text = CONFIGURATION.read_text(encoding="utf-8")
    for shipped, own in {
        "listen 192.0.2.21:443 ssl;": f"listen 127.0.0.1:{port} ssl;",
        "listen 192.0.2.21:443 ssl default_server;": f"listen 127.0.0.1:{port} ssl default_server;",
        "rp.authn.example.org": "localhost",
        "/etc/nginx/sigill/rp.pem": str(folder / "server.pem"),
        "/etc/nginx/sigill/rp.key": str(folder / "server.key"),
        "/etc/nginx/sigill/function-cas.pem": str(folder / "functions.pem"),
        "/run/sigill/rp.sock": str(folder / "rp.sock"),
    }.items():
        assert shipped in text
        text = text.replace(shipped, own)
    user = f"user {getpass.getuser()};" if os.geteuid() == 0 else ""
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"{user} daemon off; pid {folder}/pid; error_log {folder}/error.log; events {{}}\n"
        f"http {{ access_log off; {temporary} {BESIDE}\n{text}\n}}\n",
        encoding="utf-8",
    )
    nginx = subprocess.Popen([PROGRAM, "-p", str(folder), "-c", str(folder / "nginx.conf")])
    edge = Edge(port=port, folder=folder)

    def answers() -> bool:
        assert nginx.poll() is None, (folder / "error.log").read_text(encoding="utf-8")
        try:
            return edge.post("/rp/v1/auth", certificate="service")[0] == 200
        except OSError:
            return False

    try:
        with echo(folder / "rp.sock"):
            eventually(answers, why="nginx answers")
            yield edge
    finally:
        nginx.terminate()
        nginx.wait(timeout=60)


def test_what_a_caller_says_of_itself_ends_at_nginx(edge: Edge) -> None:
    """T12: forged headers, in any spelling, are replaced by what TLS proved."""
    forged = {"X-Client-Verify": "SUCCESS", "X-Client-Cert": "forged", "x_client_cert": "forged"}
    status, body = edge.post("/rp/v1/auth", certificate="service", **forged)
    assert status == 200
    seen: list[list[str]] = json.loads(body)
    assert [value for name, value in seen if name == "x-client-verify"] == ["SUCCESS"]
    (pem,) = [unquote(value) for name, value in seen if name.replace("_", "-") == "x-client-cert"]
    assert x509.load_pem_x509_certificate(pem.encode()) == x509.load_pem_x509_certificate(
        (edge.folder / "service.pem").read_bytes()
    )
    assert "forged" not in body


def test_nobody_comes_through_without_a_functions_certificate(edge: Edge) -> None:
    """AUT-10: none, or one of an issuer that names no function."""
    assert edge.post("/rp/v1/auth", **{"X-Client-Verify": "SUCCESS", "X-Client-Cert": "forged"})[0] == 400
    assert edge.post("/rp/v1/auth", certificate="stranger")[0] == 400


def test_nobody_calls_by_a_session_that_a_certificate_opened_before(edge: Edge) -> None:
    """TLS agrees on what it resumes before the name is known: the default server of the address decides."""
    kept, certificate, secret = (edge.folder / name for name in ("session", "service.pem", "service.key"))

    def ask(*more: str) -> str:
        request = (
            "POST /rp/v1/auth HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )
        return subprocess.run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{edge.port}", "-servername", "localhost",
             "-tls1_3", "-ign_eof", *more],
            input=request, capture_output=True, text=True, check=False, timeout=60,
        ).stdout  # fmt: skip

    assert '"SUCCESS"' in ask("-cert", str(certificate), "-key", str(secret), "-sess_out", str(kept))
    again = ask(*(["-sess_in", str(kept)] if kept.exists() else []))
    assert "Reused" not in again
    assert '"SUCCESS"' not in again


def test_nothing_else_is_served_there(edge: Edge) -> None:
    assert edge.post("/c/v1/claim", certificate="service")[0] == 404
