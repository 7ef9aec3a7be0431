"""Detached JWS by the client's ephemeral key over a request, so that a stolen order id is worth nothing."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from authn.encoding import MalformedText, b64url, sha256, unb64url

SIGNATURE_HEADER = "Sigill-Signature"
MAX_SIGNATURE_LENGTH = 512
_OCTETS = 32


class ClientKeyInvalid(ValueError):
    """The text is not a public P-256 JWK (RFC 7517, RFC 7518 section 6.2)."""


class RequestSignatureInvalid(ValueError):
    """The request is not signed, or not by this client key, or not this request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientKey:
    """The public half of a client's ephemeral P-256 key; `thumbprint` is RFC 7638 SHA-256 as base64url."""

    x: str
    y: str

    @property
    def thumbprint(self) -> str:
        """Return the JWK thumbprint (RFC 7638 section 3), 43 characters."""
        members = {"crv": "P-256", "kty": "EC", "x": self.x, "y": self.y}
        return b64url(sha256(json.dumps(members, sort_keys=True, separators=(",", ":")).encode()))

    def as_jwk(self) -> dict[str, str]:
        """Return the JWK as it travels."""
        return {"kty": "EC", "crv": "P-256", "x": self.x, "y": self.y}

    def public_key(self) -> ec.EllipticCurvePublicKey:
        """Return the key; raises ClientKeyInvalid when the point is not on the curve."""
        try:
            numbers = ec.EllipticCurvePublicNumbers(
                int.from_bytes(unb64url(self.x)), int.from_bytes(unb64url(self.y)), ec.SECP256R1()
            )
            return numbers.public_key()
        except ValueError as error:
            raise ClientKeyInvalid("the point is not on P-256") from error


def parse_client_key(jwk: object) -> ClientKey:
    """Return the client key of a decoded JWK; raises ClientKeyInvalid, also when a private half was sent."""
    if not isinstance(jwk, Mapping) or jwk.get("kty") != "EC" or jwk.get("crv") != "P-256" or "d" in jwk:
        raise ClientKeyInvalid("not a public P-256 JWK")
    x, y = jwk.get("x"), jwk.get("y")
    if not isinstance(x, str) or not isinstance(y, str):
        raise ClientKeyInvalid("x and y are texts")
    try:
        sizes = {len(unb64url(x)), len(unb64url(y))}
    except MalformedText as error:
        raise ClientKeyInvalid("x and y are base64url") from error
    if sizes != {_OCTETS}:
        raise ClientKeyInvalid("x and y are 32 octets each")
    key = ClientKey(x=x, y=y)
    key.public_key()
    return key


def client_key_of(private_key: ec.EllipticCurvePrivateKey) -> ClientKey:
    """Return the public half of a P-256 key."""
    numbers = private_key.public_key().public_numbers()
    return ClientKey(x=b64url(numbers.x.to_bytes(_OCTETS)), y=b64url(numbers.y.to_bytes(_OCTETS)))


def sign_request(private_key: ec.EllipticCurvePrivateKey, *, method: str, path: str, body: bytes) -> str:
    """Return the value of the header Sigill-Signature: a detached JWS (RFC 7515 appendix F), ES256.

    `path` is what stands in the request line, without query; the payload is method, path and
    base64url(SHA-256(body)) joined by LF.
    """
    header = _header(client_key_of(private_key))
    signed = _signing_input(header, method=method, path=path, body=body)
    r, s = decode_dss_signature(private_key.sign(signed, ec.ECDSA(hashes.SHA256())))
    return f"{header}..{b64url(r.to_bytes(_OCTETS) + s.to_bytes(_OCTETS))}"


def verify_request(client_key: ClientKey, signature: str, *, method: str, path: str, body: bytes) -> None:
    """Check that the request was signed by this client key; raises RequestSignatureInvalid.

    The header is not parsed: it must be, octet for octet, the one our key and ES256 give.
    """
    header = _header(client_key)
    parts = signature.split(".") if len(signature) <= MAX_SIGNATURE_LENGTH else []
    match parts:
        case [sent_header, "", encoded] if sent_header == header:
            pass
        case _:
            raise RequestSignatureInvalid("not a detached ES256 JWS by this client key")
    try:
        raw = unb64url(encoded)
        if len(raw) != 2 * _OCTETS:
            raise RequestSignatureInvalid("an ES256 signature has 64 octets")
        der = encode_dss_signature(int.from_bytes(raw[:_OCTETS]), int.from_bytes(raw[_OCTETS:]))
        signed = _signing_input(header, method=method, path=path, body=body)
        client_key.public_key().verify(der, signed, ec.ECDSA(hashes.SHA256()))
    except (MalformedText, InvalidSignature) as error:
        raise RequestSignatureInvalid("the signature is not over this request") from error


def _header(client_key: ClientKey) -> str:
    return b64url(json.dumps({"alg": "ES256", "kid": client_key.thumbprint}, separators=(",", ":")).encode())


def _signing_input(header: str, *, method: str, path: str, body: bytes) -> bytes:
    payload = f"{method.upper()}\n{path}\n{b64url(sha256(body))}".encode()
    return f"{header}.{b64url(payload)}".encode("ascii")
