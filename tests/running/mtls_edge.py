"""nginx as it is shipped for two-way TLS, on a port of the test's own, before what is behind its socket."""

import getpass
import os
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.running.installation import REPOSITORY, eventually

CONFIGURATION = REPOSITORY / "deploy" / "nginx" / "mtls.conf"
PROGRAM = shutil.which("nginx", path="/usr/sbin:/usr/bin:/sbin:/bin") or "nginx"
NAME = "login.localhost"
"""Names below `localhost` are this machine in every browser, without a name server (RFC 6761 section 6.3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MtlsEdge:
    """The running nginx: its port and the folder with its files."""

    port: int
    folder: Path

    @property
    def url(self) -> str:
        return f"https://{NAME}:{self.port}"

    @property
    def server_certificate(self) -> Path:
        return self.folder / "login.pem"

    def connect(self, name: str, *, shows: tuple[Path, Path] | None = None) -> ssl.SSLSocket:
        """Open a TLS connection to a name, showing a certificate and key where they are given."""
        context = ssl.create_default_context(cafile=str(self.server_certificate))
        if shows is not None:
            context.load_cert_chain(*shows)
        raw = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        return context.wrap_socket(raw, server_hostname=name)

    def raw(self, name: str, octets: bytes, *, shows: tuple[Path, Path] | None = None) -> bytes:
        """Send octets as they are, and return everything that comes back until nginx closes."""
        with closing(self.connect(name, shows=shows)) as connection:
            connection.sendall(octets)
            answer = b""
            while piece := connection.recv(65536):
                answer += piece
            return answer

    def sent(self, tx: str, *, slot: int = 0) -> str:
        """Go by the login host as a browser does; return the cookie that says where it was sent."""
        counter = f"__Host-sigill-mtls-name={slot}"
        status, headers, _ = self.get(NAME, f"/mtls/start?tx={tx}", Cookie=counter)
        asks = f"https://secure{slot}.{NAME}:{self.port}/mtls/auth?tx={tx}"
        assert (status, headers["location"]) == (302, asks)
        cookie = headers["set-cookie"].split(";")[0]
        assert cookie.startswith("__Secure-sigill-mtls-sent=")
        return cookie

    def show(
        self, tx: str, *, slot: int = 0, shows: tuple[Path, Path] | None = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """Go by the login host to a name that asks, and show it a certificate, or none."""
        cookie = self.sent(tx, slot=slot)
        name = f"secure{slot}.{NAME}"
        return self.get(name, f"/mtls/auth?tx={tx}", shows=shows, Cookie=cookie, **headers)

    def get(
        self, name: str, path: str, *, shows: tuple[Path, Path] | None = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """Ask for a path of a name; return the status, the headers by lower-case name, and the body."""
        said = {"Host": name, "Connection": "close", **{k.replace("_", "-"): v for k, v in headers.items()}}
        lines = [f"GET {path} HTTP/1.1", *(f"{key}: {value}" for key, value in said.items()), "", ""]
        head, _, body = self.raw(name, "\r\n".join(lines).encode(), shows=shows).partition(b"\r\n\r\n")
        first, *rest = head.decode().split("\r\n")
        found: dict[str, str] = {}
        for line in rest:  # of headers that come twice the last; of cookies that is the one for all names
            key, _, value = line.partition(": ")
            found[key.lower()] = value
        return int(first.split()[1]), found, body


@contextmanager
def mtls_edge(
    folder: Path, *, port: int, upstream: Path, rate: str = "1000r/s", beside: str = "", without: str = ""
) -> Iterator[MtlsEdge]:
    """Run nginx with the shipped file; ``folder`` holds person-cas.pem and person-root.pem.

    Only addresses, names and folders are the test's own, and how many requests a second one address may make.
    ``beside`` stands in the same http block, as the files of other services do; ``without`` is taken out.
    """
    _make_certificate(folder)
    text = CONFIGURATION.read_text(encoding="utf-8")
    assert without in text
    text = text.replace(without, "")
    for shipped, own in {
        "listen 192.0.2.20:443 ssl;": f"listen 127.0.0.1:{port} ssl;",
        "listen 192.0.2.20:443 ssl default_server;": f"listen 127.0.0.1:{port} ssl default_server;",
        "login\\.example\\.org": NAME.replace(".", "\\."),
        "login.example.org": NAME,
        "/etc/nginx/sigill/": f"{folder}/",
        "/var/log/nginx/": f"{folder}/",
        "rate=10r/s": f"rate={rate}",
    }.items():
        assert shipped in text, shipped
        text = text.replace(shipped, own)
    for file in ("mtls-busy.conf", "portal-busy.html"):
        content = CONFIGURATION.with_name(file).read_text(encoding="utf-8")
        (folder / file).write_text(content.replace("/etc/nginx/sigill", str(folder)), encoding="utf-8")
    included = CONFIGURATION.with_name("mtls-upstream.conf").read_text(encoding="utf-8")
    assert "/run/sigill/mtls.sock" in included
    (folder / "mtls-upstream.conf").write_text(included.replace("/run/sigill/mtls.sock", str(upstream)))
    user = f"user {getpass.getuser()};" if os.geteuid() == 0 else ""
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    path = folder / "mtls-nginx.conf"
    path.write_text(
        f"{user} daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;\n"
        f"events {{ worker_connections 256; }}\nhttp {{ {temporary}\n{beside}\n{text}\n}}\n",
        encoding="utf-8",
    )
    command = [PROGRAM, "-p", str(folder), "-c", str(path), "-e", str(folder / "error.log")]
    tried = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert tried.returncode == 0, tried.stderr
    nginx = subprocess.Popen(command)
    try:
        eventually(lambda: _listens(port), why="nginx listens")
        yield MtlsEdge(port=port, folder=folder)
    finally:
        nginx.terminate()
        nginx.wait(timeout=60)


def _listens(port: int) -> bool:
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _make_certificate(folder: Path) -> None:
    """Write the login host's key and certificate, for its own name and all below it."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(NAME), x509.DNSName(f"*.{NAME}")]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    (folder / "login.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "login.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
