"""TLS of the simulators: a server certificate of their own making, and callers known by a certificate."""

import ipaddress
import socket
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_HANDSHAKE = b"\x16"
"""The first byte of a TLS connection (RFC 8446 5.1: a record of type handshake); no HTTP begins so."""
_SECONDS = 10.0
_VALIDITY = timedelta(days=730)
_LEFT = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerTls:
    """Where our certificate lies, and whose certificates callers must show.

    ``folder`` gets ``server.pem``, ``server.key`` and ``authorities.pem``, which callers trust. A caller
    shows a certificate that leads to ``client_authorities``, a PEM file that may come later.
    """

    folder: Path
    client_authorities: Path

    def context(self) -> ssl.SSLContext:
        """Return the context for the next connection; files are read each time, so they may change."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_cert_chain(self.folder / "server.pem", self.folder / "server.key")
        if self.client_authorities.exists():
            context.load_verify_locations(cafile=self.client_authorities)
        return context

    def prepare(self) -> None:
        """Make the server's certificate, unless there is one that is good for a month more."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        now = datetime.now(UTC)
        server = self.folder / "server.pem"
        if server.exists():
            known = x509.load_pem_x509_certificate(server.read_bytes())
            if known.not_valid_before_utc <= now < known.not_valid_after_utc - _LEFT:
                return
        _make(self.folder, now)


def begins_tls(connection: socket.socket) -> bool:
    """Tell whether what comes is TLS: one port speaks both, plain HTTP for testers."""
    connection.settimeout(_SECONDS)
    try:
        return connection.recv(1, socket.MSG_PEEK) == _HANDSHAKE
    except OSError:
        return False


def accept(connection: socket.socket, context: ssl.SSLContext) -> ssl.SSLSocket | None:
    """Return the connection under TLS, or None for a caller whom we do not know; it is told why."""
    connection.settimeout(_SECONDS)
    secured = context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
    try:
        secured.do_handshake()
    except OSError:
        _let_it_read_the_alert(secured)
        return None
    secured.settimeout(None)
    return secured


def _let_it_read_the_alert(secured: ssl.SSLSocket) -> None:
    """Close without losing the alert: what a caller has sent and nobody read would reset the connection."""
    with socket.socket(fileno=secured.detach()) as bare:
        bare.settimeout(_SECONDS)
        try:
            bare.shutdown(socket.SHUT_WR)
            while bare.recv(65_536):
                pass
        except OSError:
            return


def _make(folder: Path, now: datetime) -> None:
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority_name, name = _name("Registers of the simulators CA"), _name("Registers of the simulators")

    def begun(subject: x509.Name, public_key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(authority_name)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=5))
            .not_valid_after(now + _VALIDITY)
        )

    authority = (
        begun(authority_name, authority_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    server = (
        begun(name, key.public_key())
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem = serialization.Encoding.PEM
    _write(folder / "server.key", secret)
    _write(folder / "authorities.pem", authority.public_bytes(pem))
    _write(folder / "server.pem", server.public_bytes(pem))


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _write(path: Path, content: bytes) -> None:
    draft = path.with_suffix(".draft")
    draft.touch(mode=0o600)
    draft.write_bytes(content)
    draft.replace(path)
