"""A small ACME client that can also say what no client should: each part of a request is the test's own."""

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from django.http import HttpResponse
from django.test import Client

BASE = "http://127.0.0.1:8000/acme"
TYPE = "application/jose+json"
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
_CURVES = {256: ("P-256", "ES256"), 384: ("P-384", "ES384"), 521: ("P-521", "ES512")}
_HASHES = {256: hashes.SHA256(), 384: hashes.SHA384(), 521: hashes.SHA512()}


def b64(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def octets(number: int, size: int = 0) -> bytes:
    return number.to_bytes(size or (number.bit_length() + 7) // 8, "big")


def jwk_of(key: Key) -> dict[str, str]:
    public = key.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        numbers = public.public_numbers()
        return {"kty": "RSA", "n": b64(octets(numbers.n)), "e": b64(octets(numbers.e))}
    if isinstance(public, ed25519.Ed25519PublicKey):
        return {"kty": "OKP", "crv": "Ed25519", "x": b64(public.public_bytes_raw())}
    point, size = public.public_numbers(), (public.key_size + 7) // 8
    return {
        "kty": "EC",
        "crv": _CURVES[public.key_size][0],
        "x": b64(octets(point.x, size)),
        "y": b64(octets(point.y, size)),
    }


def algorithm_of(key: Key) -> str:
    if isinstance(key, rsa.RSAPrivateKey):
        return "RS256"
    return "EdDSA" if isinstance(key, ed25519.Ed25519PrivateKey) else _CURVES[key.key_size][1]


def thumbprint(key: Key) -> str:
    told = json.dumps(jwk_of(key), sort_keys=True, separators=(",", ":"))
    return b64(hashlib.sha256(told.encode()).digest())


def signature_of(key: Key, signed: bytes) -> bytes:
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(signed)
    size = (key.key_size + 7) // 8
    r, s = decode_dss_signature(key.sign(signed, ec.ECDSA(_HASHES[key.key_size])))
    return octets(r, size) + octets(s, size)


def jws(key: Key, protected: dict[str, Any], payload: object) -> dict[str, str]:
    """Sign; ``payload`` is an object, or octets as they are (b"" for POST-as-GET)."""
    content = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    told = {"protected": b64(json.dumps(protected).encode()), "payload": b64(content)}
    signed = f"{told['protected']}.{told['payload']}".encode()
    return {**told, "signature": b64(signature_of(key, signed))}


def binding(
    key_id: str, hmac_key: str, account_key: Key, *, algorithm: str = "sha256", **changed: Any
) -> dict[str, str]:
    """Return an externalAccountBinding; ``changed`` replaces members of its header (None: left out)."""
    header = {"alg": "HS256", "kid": key_id, "url": f"{BASE}/new-account", **changed}
    header = {name: value for name, value in header.items() if value is not None}
    told = {
        "protected": b64(json.dumps(header).encode()),
        "payload": b64(json.dumps(jwk_of(account_key)).encode()),
    }
    secret = urlsafe_b64decode(hmac_key + "=" * (-len(hmac_key) % 4))
    signed = f"{told['protected']}.{told['payload']}".encode()
    return {**told, "signature": b64(hmac.digest(secret, signed, algorithm))}


@dataclass
class Program:
    """An account's program: asks, keeps the nonce of each answer, and knows its own address."""

    key: Key = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    client: Client = field(default_factory=Client)
    account: str = ""
    nonce: str = ""

    def get(self, place: str) -> HttpResponse:
        return self.client.get(self._path(place))

    def fresh(self) -> str:
        return self.client.head("/acme/new-nonce")["Replay-Nonce"]

    def post(
        self, place: str, payload: object = b"", *, key: Key | None = None, **header: Any
    ) -> HttpResponse:
        """Ask; ``header`` replaces members of the protected header (None: left out)."""
        protected = {
            "alg": algorithm_of(key or self.key),
            "nonce": self.nonce or self.fresh(),
            "url": place if place.startswith("http") else f"{BASE}/{place}",
            **({"kid": self.account} if self.account else {"jwk": jwk_of(key or self.key)}),
            **header,
        }
        protected = {name: value for name, value in protected.items() if value is not None}
        return self.send(place, jws(key or self.key, protected, payload))

    def send(self, place: str, body: object, content_type: str = TYPE) -> HttpResponse:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = self.client.post(self._path(place), content, content_type=content_type)
        self.nonce = answer.headers.get("Replay-Nonce", "")
        return answer

    def open(self, key_id: str, hmac_key: str, **fields: Any) -> HttpResponse:
        told = {
            "termsOfServiceAgreed": True,
            "contact": ["mailto:drift@regionnorr.test"],
            "externalAccountBinding": binding(key_id, hmac_key, self.key),
            **fields,
        }
        answer = self.post("new-account", told, kid=None, jwk=jwk_of(self.key))
        self.account = answer.headers.get("Location", "")
        return answer

    def order(self, *names: str, **fields: Any) -> HttpResponse:
        return self.post("new-order", {"identifiers": [dns(name) for name in names], **fields})

    @staticmethod
    def _path(place: str) -> str:
        return place.removeprefix("http://127.0.0.1:8000") if place.startswith("http") else f"/acme/{place}"


def dns(name: str) -> dict[str, str]:
    return {"type": "dns", "value": name}


def problem(answer: HttpResponse) -> str:
    """Return the type of a problem document, which must be one."""
    assert answer["Content-Type"] == "application/problem+json", answer.content
    told = json.loads(answer.content)
    assert told["status"] == answer.status_code
    assert told["detail"]
    return str(told["type"]).removeprefix("urn:ietf:params:acme:error:")
