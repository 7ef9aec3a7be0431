"""A seal stamped by somebody else: openssl's authority over HTTP, with a root and a list of its own."""

import io
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pytest_django import Settings

from tests.ca.conftest import Authority, ceremony_rows, installation, made_installation, made_rows  # noqa: F401
from tests.ca.conftest import authority as authority  # noqa: PLC0414 - a fixture
from tests.worker.test_sealing import PDF, a_seal, root
from tests.worker.test_sealing import house as house  # noqa: PLC0414 - a fixture
from worker.errors import NotYet

_CONFIGURATION = """
[tsa]
default_tsa = authority
[authority]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/tsa.pem
certs = {folder}/root.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.3.6.1.4.1.99999.1
digests = {digests}
ess_cert_id_alg = sha256
"""


class _Stranger:
    """Another house: a root, a time-stamp authority and its list of what is revoked, behind one port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._server = HTTPServer(("127.0.0.1", 0), partial(_Answering, folder))
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._root_key = ec.generate_private_key(ec.SECP256R1())
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "A stranger's root")])
        self.root = self._certificate("A stranger's root", self._root_key, is_root=True)
        self.certificate = self._certificate("A stranger's clock", self._key, is_root=False)
        (folder / "root.pem").write_bytes(self.root.public_bytes(Encoding.PEM))
        (folder / "tsa.pem").write_bytes(self.certificate.public_bytes(Encoding.PEM))
        (folder / "tsa.key").write_bytes(
            self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )
        (folder / "serial").write_text("01\n")
        self.take_digests("sha256, sha384, sha512")
        self.revoke(is_revoked=False)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    def take_digests(self, digests: str) -> None:
        """Answer queries over these digests alone."""
        told = _CONFIGURATION.format(folder=self.folder, digests=digests)
        (self.folder / "tsa.cnf").write_text(told)

    def revoke(self, *, is_revoked: bool) -> None:
        """Publish the root's list, with or without what stamps."""
        now = datetime.now(UTC)
        told = x509.CertificateRevocationListBuilder().issuer_name(self._name)
        told = told.last_update(now - timedelta(minutes=5)).next_update(now + timedelta(days=1))
        told = told.add_extension(x509.CRLNumber(1), critical=False)
        if is_revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(self.certificate.serial_number)
            told = told.add_revoked_certificate(entry.revocation_date(now - timedelta(minutes=5)).build())
        octets = told.sign(self._root_key, hashes.SHA256()).public_bytes(Encoding.DER)
        (self.folder / "root.crl").write_bytes(octets)

    def leave(self) -> None:
        """Answer nobody any more."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _certificate(self, name: str, key: ec.EllipticCurvePrivateKey, *, is_root: bool) -> x509.Certificate:
        now = datetime.now(UTC)
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        made = x509.CertificateBuilder().subject_name(subject).issuer_name(self._name)
        made = made.public_key(key.public_key()).serial_number(x509.random_serial_number())
        made = made.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=365))
        made = made.add_extension(x509.BasicConstraints(ca=is_root, path_length=None), critical=True)
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._root_key.public_key())
        made = made.add_extension(identifier, critical=False)
        identifier_of_key = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        made = made.add_extension(identifier_of_key, critical=False)
        if not is_root:
            stamps = x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.TIME_STAMPING])
            made = made.add_extension(stamps, critical=True)
            place = x509.DistributionPoint(
                [x509.UniformResourceIdentifier(f"{self.url}/root.crl")], None, None, None
            )
            made = made.add_extension(x509.CRLDistributionPoints([place]), critical=False)
        return made.sign(self._root_key, hashes.SHA256())


class _Answering(BaseHTTPRequestHandler):
    """``openssl ts`` behind HTTP (RFC 3161 3.4), and the list."""

    def __init__(self, folder: Path, *arguments: object) -> None:
        self._folder = folder
        super().__init__(*arguments)  # type: ignore[arg-type] # the server's own

    def do_GET(self) -> None:
        """Answer the list."""
        self._say((self._folder / "root.crl").read_bytes(), "application/pkix-crl")

    def do_POST(self) -> None:
        """Answer a query with what openssl replies."""
        query = self._folder / "query.tsq"
        query.write_bytes(self.rfile.read(int(self.headers["Content-Length"])))
        reply = self._folder / "reply.tsr"
        command = ["openssl", "ts", "-reply", "-config", self._folder / "tsa.cnf", "-queryfile", query]
        subprocess.run([*command, "-out", reply], check=True, capture_output=True)
        self._say(reply.read_bytes(), "application/timestamp-reply")

    def _say(self, octets: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(octets)))
        self.end_headers()
        self.wfile.write(octets)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


@pytest.fixture
def stranger(tmp_path: Path, settings: Settings) -> Iterator[_Stranger]:
    """An authority that is not ours, and the installation told of it."""
    authority = _Stranger(tmp_path)
    settings.SIGILL_TSA_URL = f"{authority.url}/tsa"
    settings.SIGILL_TSA_ROOTS = str(tmp_path / "root.pem")
    yield authority
    authority.leave()


def test_somebody_elses_time_stamp_is_in_the_seal_with_what_shows_its_state(
    house: Authority, stranger: _Stranger
) -> None:
    """REP: the authority can be switched; who knows both roots asks nobody, and believes the stamp."""
    began = datetime.now(UTC).replace(microsecond=0)
    reader = PdfFileReader(io.BytesIO(a_seal(house)))
    their_root = asn1.Certificate.load(stranger.root.public_bytes(Encoding.DER))
    asked = {"trust_roots": [root(), their_root], "revocation_mode": "require", "allow_fetching": False}
    context = DocumentSecurityStore.read_dss(reader).as_validation_context(asked)
    status = validate_pdf_signature(reader.embedded_signatures[0], context)
    assert status.bottom_line
    stamp = status.timestamp_validity
    assert stamp is not None
    assert stamp.signing_cert.subject.native == {"common_name": "A stranger's clock"}
    assert began <= stamp.timestamp <= datetime.now(UTC)
    assert len(DocumentSecurityStore.read_dss(reader).crls) == 2  # our root's and theirs


def test_a_stranger_that_cannot_be_believed_makes_the_document_wait(
    house: Authority, stranger: _Stranger
) -> None:
    """Nothing is sealed with a stamp that a reader would refuse: a revoked one, or another root's."""
    stranger.revoke(is_revoked=True)
    with pytest.raises(NotYet, match="cannot be believed"):
        a_seal(house)
    stranger.revoke(is_revoked=False)
    ours = x509.load_der_x509_certificate(root().dump())
    (stranger.folder / "root.pem").write_bytes(ours.public_bytes(Encoding.PEM))
    with pytest.raises(NotYet, match="cannot be believed"):
        a_seal(house)


def test_a_stranger_that_refuses_or_is_away_makes_the_document_wait(
    house: Authority, stranger: _Stranger, settings: Settings
) -> None:
    stranger.take_digests("sha1")
    with pytest.raises(NotYet, match="refuses: rejection"):
        a_seal(house)
    settings.SIGILL_TSA_URL = f"{stranger.url}/tsa".replace("http://127.0.0.1", "http://127.0.0.2")
    with pytest.raises(NotYet, match="does not answer"):
        a_seal(house)
    settings.SIGILL_TSA_URL = ""
    assert a_seal(house).startswith(PDF)
