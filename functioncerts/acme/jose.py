"""Public keys as JWK and their signatures (RFC 7517, 7518, 8037): what ACME accounts sign with."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ca.pki import weak_keys
from ca.pki.errors import PkiError
from functioncerts.acme.encoded import base64url, from_base64url
from functioncerts.acme.errors import AcmeProblem, ProblemType

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | Ed25519PublicKey

_CURVES: Final[Mapping[str, tuple[ec.EllipticCurve, str, hashes.HashAlgorithm]]] = {
    "P-256": (ec.SECP256R1(), "ES256", hashes.SHA256()),
    "P-384": (ec.SECP384R1(), "ES384", hashes.SHA384()),
    "P-521": (ec.SECP521R1(), "ES512", hashes.SHA512()),
}
ALGORITHMS: Final = ("ES256", "ES384", "ES512", "RS256", "EdDSA")
_MEMBERS: Final[Mapping[str, tuple[str, ...]]] = {
    "EC": ("crv", "kty", "x", "y"),
    "RSA": ("e", "kty", "n"),
    "OKP": ("crv", "kty", "x"),
}
"""What a key is made of, in the order of its thumbprint (RFC 7638 section 3.2, RFC 8037 section 2)."""
_LONGEST_NUMBER: Final = 1024
"""Characters of one member; 4096 bits are 683."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountKey:
    """A public key that is good enough to act with; ``algorithm`` is the one it signs by."""

    jwk: Mapping[str, str]
    public_key: PublicKey
    algorithm: str

    @property
    def thumbprint(self) -> str:
        """base64url of SHA-256 over the key's members (RFC 7638)."""
        told = json.dumps(dict(sorted(self.jwk.items())), separators=(",", ":"))
        return base64url(hashlib.sha256(told.encode()).digest())

    @property
    def public_key_der(self) -> bytes:
        """SubjectPublicKeyInfo."""
        return self.public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def read_key(jwk: object) -> AccountKey:
    """Return the key of a JWK; raises AcmeProblem (badPublicKey), also for a weak one."""
    kind = jwk.get("kty") if isinstance(jwk, dict) else None
    if not isinstance(jwk, dict) or not isinstance(kind, str) or kind not in _MEMBERS:
        raise _bad(f"a key is a JWK of {', '.join(_MEMBERS)}")
    members = {name: jwk.get(name) for name in _MEMBERS[kind]}
    known = {name: value for name, value in members.items() if isinstance(value, str)}
    if known != members or any(len(value) > _LONGEST_NUMBER for value in known.values()) or "d" in jwk:
        raise _bad(f"a public key of kind {kind} has the members {', '.join(_MEMBERS[kind])} as text")
    try:
        public_key, algorithm = _loaded(kind, known)
    except (ValueError, AcmeProblem, PkiError) as error:
        raise _bad(f"the key may not be used: {error}") from error
    found = AccountKey(jwk=known, public_key=public_key, algorithm=algorithm)
    if not isinstance(public_key, Ed25519PublicKey):
        try:
            weak_keys.check(found.public_key_der)
        except PkiError as error:
            raise _bad(f"the key may not be used: {error}") from error
    return found


def verify(key: AccountKey, *, algorithm: object, signed: bytes, signature: bytes) -> bool:
    """Tell whether the signature is the key's; raises AcmeProblem (badSignatureAlgorithm)."""
    demand_algorithm(algorithm)
    if algorithm != key.algorithm:
        raise _bad_algorithm(f"a key of this kind signs by {key.algorithm}")
    try:
        _verify(key, signed, signature)
    except InvalidSignature:
        return False
    return True


def demand_algorithm(algorithm: object) -> None:
    """Raise AcmeProblem (badSignatureAlgorithm) for an algorithm that no account may sign by."""
    if algorithm not in ALGORITHMS:
        raise _bad_algorithm("requests are signed by one of the algorithms named here")


def _verify(key: AccountKey, signed: bytes, signature: bytes) -> None:
    match key.public_key:
        case rsa.RSAPublicKey() as found:
            found.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
        case Ed25519PublicKey() as found:
            found.verify(signature, signed)
        case found:
            _, _, digest = _CURVES[key.jwk["crv"]]
            size = (found.key_size + 7) // 8
            if len(signature) != 2 * size:
                raise InvalidSignature
            r, s = (int.from_bytes(half, "big") for half in (signature[:size], signature[size:]))
            found.verify(encode_dss_signature(r, s), signed, ec.ECDSA(digest))


def _loaded(kind: str, jwk: Mapping[str, str]) -> tuple[PublicKey, str]:
    if kind == "RSA":
        modulus, exponent = (_number(jwk, name) for name in ("n", "e"))
        weak_keys.check_rsa(modulus=modulus, exponent=exponent)
        return rsa.RSAPublicNumbers(exponent, modulus).public_key(), "RS256"
    if kind == "OKP":
        if jwk["crv"] != "Ed25519":
            raise ValueError("the curve is not Ed25519")
        return Ed25519PublicKey.from_public_bytes(from_base64url(jwk["x"], "x")), "EdDSA"
    if jwk["crv"] not in _CURVES:
        raise ValueError(f"the curve is none of {', '.join(_CURVES)}")
    curve, algorithm, _ = _CURVES[jwk["crv"]]
    size = (curve.key_size + 7) // 8
    if any(len(from_base64url(jwk[name], name)) != size for name in ("x", "y")):
        raise ValueError(f"x and y have {size} octets (RFC 7518 section 6.2.1.2)")
    numbers = ec.EllipticCurvePublicNumbers(_number(jwk, "x"), _number(jwk, "y"), curve)
    return numbers.public_key(), algorithm


def _number(jwk: Mapping[str, str], name: str) -> int:
    content = from_base64url(jwk[name], name)
    if not content or (jwk["kty"] == "RSA" and content[0] == 0):
        raise ValueError(f"{name} is not in the fewest octets")
    return int.from_bytes(content, "big")


def _bad(detail: str) -> AcmeProblem:
    return AcmeProblem(ProblemType.BAD_PUBLIC_KEY, detail)


def _bad_algorithm(detail: str) -> AcmeProblem:
    return AcmeProblem(ProblemType.BAD_SIGNATURE_ALGORITHM, detail, algorithms=ALGORITHMS)
