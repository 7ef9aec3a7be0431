"""An OCSP responder and CRL server on loopback that can be made to behave badly in every way of F35."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp

from tests.authn.pki import START, Pki, key


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How the responder answers; the default is right."""

    status: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD
    nonce: str = "echo"
    produced_ago: timedelta = timedelta(0)
    lasts: timedelta = timedelta(hours=8)
    signer: str = "responder"
    signer_certificate: x509.Certificate | None = None
    other_serial: bool = False
    http_status: int = 200
    change: Callable[[bytes], bytes] = bytes


@dataclass
class StatusService:
    """The server; `manner` may be changed between questions, `asked` counts them."""

    manner: Manner = field(default_factory=Manner)
    crls: dict[str, bytes] = field(default_factory=dict)
    holders: dict[int, bytes] = field(default_factory=dict)
    asked: int = 0

    def __enter__(self) -> Self:
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self._send(service.manner.http_status, service.answer(body))

            def do_GET(self) -> None:
                name = self.path.rsplit("/", 1)[-1].removesuffix(".crl")
                crl = service.crls.get(name)
                self._send(200 if crl else 404, crl or b"")

            def _send(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.netloc = f"127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        self.pki = Pki(f"http://{self.netloc}")
        self.reset()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def reset(self) -> None:
        self.manner = Manner()
        self.crls = {"root": self.pki.crl("root"), "issuer": self.pki.crl("issuer")}
        self.asked = 0

    def behave(self, **changes: object) -> None:
        self.manner = replace(self.manner, **changes)  # type: ignore[arg-type]

    def answer(self, body: bytes) -> bytes:
        self.asked += 1
        request = ocsp.load_der_ocsp_request(body)
        manner, now = self.manner, datetime.now(UTC).replace(microsecond=0)
        serial = request.serial_number + 1 if manner.other_serial else request.serial_number
        is_revoked = manner.status is ocsp.OCSPCertStatus.REVOKED
        this_update = now - manner.produced_ago
        builder = ocsp.OCSPResponseBuilder().add_response_by_hash(
            request.issuer_name_hash,
            request.issuer_key_hash,
            serial,
            request.hash_algorithm,
            manner.status,
            this_update,
            this_update + manner.lasts,
            START if is_revoked else None,
            x509.ReasonFlags.key_compromise if is_revoked else None,
        )
        certificate = manner.signer_certificate or self.pki.responder
        if manner.signer == "issuer384":
            certificate = self.pki.issuer
        signer = manner.signer
        if self._is_about_functions(request):
            certificate, signer = self.pki.function_issuer, "function"
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, certificate)
        builder = builder.certificates([certificate])
        match manner.nonce:
            case "echo":
                nonce = request.extensions.get_extension_for_class(x509.OCSPNonce).value
                builder = builder.add_extension(nonce, critical=False)
            case "wrong":
                builder = builder.add_extension(x509.OCSPNonce(bytes(32)), critical=False)
            case _:
                pass
        return manner.change(builder.sign(key(signer), hashes.SHA256()).public_bytes(Encoding.DER))

    @staticmethod
    def _is_about_functions(request: ocsp.OCSPRequest) -> bool:
        """Tell whether a function's certificate is asked about: its issuer answers by itself."""
        point = key("function").public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        digest = hashes.Hash(request.hash_algorithm)
        digest.update(point)
        return digest.finalize() == request.issuer_key_hash
