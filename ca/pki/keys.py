"""Public keys as bytes, their short names (`ec-p256`, `rsa-3072`) and rules for which are accepted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha1

from asn1crypto.keys import PublicKeyInfo
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from ca.pki.errors import PolicyFileRefused, WeakKey

_CURVES = {"secp256r1": "ec-p256", "secp384r1": "ec-p384", "secp521r1": "ec-p521"}
_RULE = re.compile(r"(?P<curve>ec-p(?:256|384))|rsa-(?P<low>[0-9]{4})(?:\.\.(?P<high>[0-9]{4}))?")


@lru_cache(maxsize=1024)
def load_public_key(public_key: bytes) -> EllipticCurvePublicKey | RSAPublicKey:
    """Parse a SubjectPublicKeyInfo in DER.

    Raises WeakKey when it is malformed, of a kind that is not certified, a point that is not on its curve,
    or encoded in another way than the canonical one (the bytes go into the certificate as they are).
    """
    try:
        key = load_der_public_key(public_key)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise WeakKey("malformed", f"not a public key that can be certified: {error}") from error
    if not isinstance(key, EllipticCurvePublicKey | RSAPublicKey):
        raise WeakKey("kind", f"keys of the kind {type(key).__name__} are not certified")
    if key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) != public_key:
        raise WeakKey("not_canonical", "the key is not encoded as DER asks")
    return key


def key_name(public_key: bytes) -> str:
    """Return `ec-p256`, `ec-p384`, `rsa-3072` …; raises WeakKey as load_public_key does."""
    key = load_public_key(public_key)
    if isinstance(key, RSAPublicKey):
        return f"rsa-{key.key_size}"
    return _CURVES.get(key.curve.name, f"ec-{key.curve.name}")


def is_rsa(public_key: bytes) -> bool:
    """Tell whether the key is RSA (else elliptic curve)."""
    return isinstance(load_public_key(public_key), RSAPublicKey)


@lru_cache(maxsize=1024)
def key_identifier(public_key: bytes) -> bytes:
    """Return the SHA-1 of the subjectPublicKey bits (RFC 5280 §4.2.1.2, method 1): a name, not a promise."""
    bits: bytes = PublicKeyInfo.load(public_key)["public_key"].contents
    return sha1(bits[1:], usedforsecurity=False).digest()  # bits[0] counts unused bits


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRule:
    """One kind of key that a hierarchy accepts: a curve, or RSA between two sizes in bits."""

    text: str
    curve: str | None = None
    smallest: int = 0
    largest: int = 0

    @classmethod
    def parse(cls, text: str) -> KeyRule:
        """Read `ec-p256`, `ec-p384`, `rsa-3072` or `rsa-2048..4096`; raises PolicyFileRefused."""
        match = _RULE.fullmatch(text)
        if match is None:
            raise PolicyFileRefused(f"not a kind of key: {text!r}", facts={"value": text})
        if match["curve"]:
            return cls(text=text, curve=match["curve"])
        smallest = int(match["low"])
        return cls(text=text, smallest=smallest, largest=int(match["high"] or smallest))

    def accepts(self, public_key: bytes) -> bool:
        """Tell whether the key is of this kind; raises WeakKey for what is no key at all."""
        name = key_name(public_key)
        if self.curve:
            return name == self.curve
        return name.startswith("rsa-") and self.smallest <= int(name.removeprefix("rsa-")) <= self.largest
