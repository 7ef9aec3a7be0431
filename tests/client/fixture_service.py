"""A service that speaks the client API over real HTTP and really verifies the evidence; orders in memory."""

import json
import secrets
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from authn.evidence import (
    NO_TLS_SPKI,
    SIGNATURE_HEADER,
    Answer,
    ClientKey,
    Flow,
    Purpose,
    Question,
    RequestSignatureInvalid,
    b64,
    hashed,
    parse_client_key,
    return_proof,
    sha256,
    unb64,
    verification_code,
    verify,
    verify_request,
)
from hsm_sim.challenge import response

MOST_ANSWERS = 8
KEYS = {
    "hsa_authentication": "SITHS HSA-id legitimering",
    "id_authentication": "SITHS Person-ID legitimering",
}


class Refused(Exception):
    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code


@dataclass
class Order:
    question: Question
    session_secret: bytes
    return_url: str
    issuers: list[str]
    client_key: ClientKey | None = None
    answer: Answer | None = None
    aborted: str = ""


@dataclass
class Activation:
    activation_id: str
    card_number: str
    admin_key: str
    new_admin_key: str = field(default_factory=lambda: secrets.token_hex(8))
    client_key: ClientKey | None = None
    csrs: dict[str, bytes] = field(default_factory=dict)
    certificates: dict[str, bytes] = field(default_factory=dict)
    written: dict[str, str] = field(default_factory=dict)
    receipt: Question | None = None
    state: str = "opened"
    polls: int = 0
    answers: int = 0
    aborted: str = ""


class MiniIssuer:
    """Certificates like a card's, from a key in memory."""

    def __init__(self, name: str) -> None:
        self.key = ec.generate_private_key(ec.SECP384R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])

    def certify(
        self,
        public_key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey,
        *,
        holder: str,
        serial: str,
        days: int = 365,
        is_signature: bool = False,
    ) -> bytes:
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(
                x509.Name(
                    [
                        x509.NameAttribute(NameOID.COMMON_NAME, holder),
                        x509.NameAttribute(NameOID.SERIAL_NUMBER, serial),
                        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Region Norr"),
                    ]
                )
            )
            .issuer_name(self.name)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=400))
            .not_valid_after(now + timedelta(days=days))
            .add_extension(
                x509.KeyUsage(
                    digital_signature=not is_signature,
                    content_commitment=is_signature,
                    key_encipherment=False,
                    data_encipherment=False,
                    key_agreement=False,
                    key_cert_sign=False,
                    crl_sign=False,
                    encipher_only=False,
                    decipher_only=False,
                ),
                critical=True,
            )
            .sign(self.key, hashes.SHA384())
        )
        return certificate.public_bytes(Encoding.DER)


class FixtureService(ThreadingHTTPServer):
    """`log` holds the calls in order; `interrupt` may raise or sleep before a call is answered."""

    daemon_threads = True

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_side=True)
        self.orders: dict[str, Order] = {}
        self.tokens: dict[str, Order | Activation] = {}
        self.activations: dict[str, Activation] = {}
        self.claimed: list[Activation] = []
        self.change_claim: Mapping[str, object] = {}
        self.key_algorithm = "P-256"
        self.issuers = {
            "hsa_authentication": MiniIssuer("TEST Person HSA-id 3"),
            "id_authentication": MiniIssuer("TEST Person ID 3"),
        }
        self.log: list[str] = []
        self.least_version = "1.0"
        self.latest_version = "1.0"
        self.clock_ahead = 0
        self.signature_keys: set[str] = set()
        self.refuse_with: dict[str, str] = {}
        self.before_call: Callable[[str], None] = lambda _: None
        self.days_valid = 365
        self.holder = "Åsa Lindqvist"
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def api(self) -> str:
        return f"{self.origin}/c/v1/"

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()

    def start_login(self, *, issuers: list[str] | None = None, **changes: Any) -> tuple[str, Order]:
        token = secrets.token_urlsafe(24)
        order = Order(
            question=_question(self.origin, **changes),
            session_secret=secrets.token_bytes(32),
            return_url=f"{self.origin}/login/oob/return",
            issuers=issuers or [],
        )
        self.tokens[token] = self.orders[order.question.order_ref] = order
        return f"siths://auth/1/{token}", order

    def start_qr_login(self) -> tuple[str, Order]:
        url, order = self.start_login(flow=Flow.OTHER_DEVICE.value)
        qr = f"siths://q/1/{url.rpartition('/')[2]}/3/{'m' * 22}"
        self.tokens[qr] = order
        return qr, order

    def start_activation(
        self, card_number: str, admin_key: str, *, resumes: Activation | None = None
    ) -> tuple[str, Activation]:
        token = secrets.token_urlsafe(24)
        activation = Activation(
            activation_id=secrets.token_hex(16), card_number=card_number, admin_key=admin_key
        )
        if resumes:
            activation.csrs, activation.certificates = dict(resumes.csrs), dict(resumes.certificates)
        self.tokens[token] = self.activations[activation.activation_id] = activation
        return f"siths://activate/1/{token}", activation

    # --- the calls -------------------------------------------------------------------------------

    def hello(self) -> dict[str, object]:
        return {
            "minVersion": self.least_version,
            "latest": self.latest_version,
            "spkiPins": [NO_TLS_SPKI],
            "serverTime": int(time.time()) + self.clock_ahead,
        }

    def claim(self, body: Mapping[str, Any]) -> dict[str, object]:
        order = self._claimed(body)
        assert isinstance(order, Order)
        return {
            **order.question.as_json(),
            "visible": {"text": order.question.visible_text, "lang": "sv"},
            "requirement": {"loa": [], "carriers": ["card"], "issuers": order.issuers},
            "verificationCode": verification_code(order.question.rp_challenge),
            "sameIp": True,
        }

    def respond(self, body: Mapping[str, Any], prove: Callable[[ClientKey], None]) -> dict[str, object]:
        order = self.orders[body["orderId"]]
        prove(_key(order))
        answer = _answer(body)
        verify(order.question, answer, server_spki_pins=[NO_TLS_SPKI])
        order.answer = answer
        return {"ok": True, "d": return_proof(order.session_secret), "returnUrl": order.return_url}

    def abort(self, body: Mapping[str, Any], prove: Callable[[ClientKey], None]) -> dict[str, object]:
        order = self.orders[body["orderId"]]
        prove(_key(order))
        order.aborted = body["reason"]
        return {"ok": True}

    def activation_claim(self, body: Mapping[str, Any]) -> dict[str, object]:
        activation = self._claimed(body)
        assert isinstance(activation, Activation)
        activation.state = "claimed"
        answer: dict[str, object] = {
            "activationId": activation.activation_id,
            "state": "claimed",
            "cardNumber": activation.card_number,
            "holderName": self.holder,
            "organization": "Region Norr",
            "keys": [
                {
                    "name": name,
                    "label": label,
                    "algorithm": self.key_algorithm,
                    "done": name in activation.csrs,
                }
                for name, label in KEYS.items()
            ],
            "pinRules": {"min": 6, "max": 8, "forbidden": ["19890102"]},
            "terms": {"version": "2026-11", "text": "Kortet är personligt och får inte lånas ut."},
            "expiresAt": 2_000_000_000,
        }
        self.claimed.insert(0, activation)
        return {**answer, **self.change_claim}

    def activation_call(
        self, name: str, body: Mapping[str, Any], prove: Callable[[ClientKey], None]
    ) -> dict[str, object]:
        activation = self.activations[body["activationId"]]
        prove(_key(activation))
        match name:
            case "keys":
                for row in body["keys"]:
                    csr = x509.load_der_x509_csr(unb64(row["csr"]))
                    assert csr.is_signature_valid
                    earlier = activation.csrs.setdefault(row["name"], unb64(row["csr"]))
                    if earlier != unb64(row["csr"]):
                        raise Refused(409, "illegal_transition")
                activation.state = "keys_made"
            case "certificates":
                activation.polls += 1
                if activation.polls < 2:
                    return {"state": "issuing"}
                return self._issue(activation)
            case "written":
                for row in body["certificates"]:
                    assert row["sha256"] == sha256(activation.certificates[row["name"]]).hex()
                    activation.written[row["name"]] = row["sha256"]
                activation.receipt = activation.receipt or _question(
                    self.origin,
                    order_ref=activation.activation_id,
                    purpose=Purpose.AUTH_FOR_SIGN.value,
                    visible_text=f"Kvittens: kort {activation.card_number}\nVillkor 2026-11",
                )
                activation.state = "written"
                return {"state": "written", "receipt": activation.receipt.as_json()}
            case "receipt":
                answer = _answer(body)
                assert activation.receipt
                assert answer.certificate_der in activation.certificates.values()
                verify(activation.receipt, answer, server_spki_pins=[NO_TLS_SPKI])
                activation.state = "active"
            case "abort":
                activation.aborted = body["reason"]
                activation.state = "aborted"
        return {"state": activation.state}

    def activation_answer(
        self, body: Mapping[str, Any], prove: Callable[[ClientKey], None]
    ) -> dict[str, object]:
        activation = self.activations[body["activationId"]]
        prove(_key(activation))
        if activation.answers >= MOST_ANSWERS:
            raise Refused(409, "illegal_transition")
        broken = [
            one.new_admin_key
            for one in self.claimed
            if one.answers and one is not activation and one.card_number == activation.card_number
        ]
        keys = [*broken, activation.admin_key, activation.new_admin_key]
        key = keys[activation.answers % len(keys)]
        activation.answers += 1
        challenge = bytes.fromhex(body["challenge"])
        renewed = activation.new_admin_key
        return {"answer": response(key, activation.card_number, challenge, renewed=renewed)}

    def _issue(self, activation: Activation) -> dict[str, object]:
        for name in KEYS:
            if name not in activation.certificates:
                key = x509.load_der_x509_csr(activation.csrs[name]).public_key()
                assert isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey)
                serial = "SE2321000016-4KQ7" if name == "hsa_authentication" else "198901029809"
                activation.certificates[name] = self.issuers[name].certify(
                    key,
                    holder=self.holder,
                    serial=serial,
                    days=self.days_valid,
                    is_signature=name in self.signature_keys,
                )
        return {
            "state": "issued",
            "certificates": [
                {"name": name, "certificate": b64(der), "chain": []}
                for name, der in activation.certificates.items()
            ],
        }

    def _claimed(self, body: Mapping[str, Any]) -> Order | Activation:
        thing = self.tokens.pop(body.get("token") or body["qr"], None)
        if thing is None:
            raise Refused(409, "alreadyClaimed")
        thing.client_key = parse_client_key(body["clientKey"])
        return thing


class _Handler(BaseHTTPRequestHandler):
    server: FixtureService
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/favicon.ico":
            self._reply(200, {})
        elif self.path.startswith("/login/oob/return"):
            self.server.log.append("return")
            self._reply(200, {"page": "portal"})
        else:
            self._serve(b"")

    def do_POST(self) -> None:
        self._serve(self.rfile.read(int(self.headers["Content-Length"])))

    def _serve(self, raw: bytes) -> None:
        name = self.path.removeprefix("/c/v1/")
        self.server.log.append(name)

        def prove(key: ClientKey) -> None:
            verify_request(
                key, self.headers.get(SIGNATURE_HEADER, ""), method="POST", path=self.path, body=raw
            )

        try:
            self.server.before_call(name)
            answer = self._dispatch(name, json.loads(raw) if raw else {}, prove)
        except ConnectionAbortedError:
            self.close_connection = True
        except Refused as refusal:
            self._reply(refusal.status, {"errorCode": refusal.code})
        except RequestSignatureInvalid:
            self._reply(401, {"errorCode": "unauthorized"})
        else:
            self._reply(200, answer)

    def _dispatch(
        self, name: str, body: Mapping[str, Any], prove: Callable[[ClientKey], None]
    ) -> dict[str, object]:
        if name in self.server.refuse_with:
            raise Refused(400, self.server.refuse_with[name])
        if name.startswith("activation/"):
            return self._dispatch_activation(name.removeprefix("activation/"), body, prove)
        match name.split("/"):
            case ["hello"]:
                return self.server.hello()
            case ["claim"]:
                return self.server.claim(body)
            case ["respond"]:
                return self.server.respond(body, prove)
            case ["abort"]:
                return self.server.abort(body, prove)
            case _:
                raise Refused(404, "notFound")

    def _dispatch_activation(
        self, call: str, body: Mapping[str, Any], prove: Callable[[ClientKey], None]
    ) -> dict[str, object]:
        match call:
            case "claim":
                return self.server.activation_claim(body)
            case "answer":
                return self.server.activation_answer(body, prove)
            case _:
                return self.server.activation_call(call, body, prove)

    def _reply(self, status: int, members: Mapping[str, object]) -> None:
        content = json.dumps(members).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as http.server names it
        pass


def _key(thing: Order | Activation) -> ClientKey:
    assert thing.client_key
    return thing.client_key


def _question(origin: str, **changes: Any) -> Question:
    values: dict[str, Any] = {
        "purpose": Purpose.AUTH.value,
        "order_ref": secrets.token_hex(16),
        "server_random": secrets.token_bytes(32),
        "rp_challenge": secrets.token_bytes(64),
        "rp_id": "SE2321000016-PORTAL",
        "rp_name": "Sigill",
        "rp_origin": origin,
        "visible_text": "Logga in i Sigill",
        "non_visible_hash": hashed(b""),
        "flow": Flow.SAME_DEVICE.value,
        "expires_at": 2_000_000_000,
    }
    return Question(**{**values, **changes})


def _answer(body: Mapping[str, Any]) -> Answer:
    return Answer(
        certificate_der=unb64(body["certificate"]),
        algorithm=body["alg"],
        signature=unb64(body["signature"]),
        user_challenge=body["userChallenge"],
        server_spki=body["spki"],
    )
