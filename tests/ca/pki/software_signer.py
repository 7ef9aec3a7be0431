"""A signer with its key in memory: for tests only, the product's keys live behind PKCS#11."""

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from ca.pki.signer import SignatureAlgorithm

KEYS = Path(__file__).parents[2] / "vectors" / "keys"


@dataclass(kw_only=True)
class SoftwareSigner:
    """Signs with `key`, and counts how often it was asked."""

    key: EllipticCurvePrivateKey | RSAPrivateKey = field(repr=False)
    algorithm: SignatureAlgorithm
    asked: int = 0

    @property
    def public_key(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, tbs: bytes) -> bytes:
        self.asked += 1
        if isinstance(self.key, RSAPrivateKey):
            return self.key.sign(tbs, PKCS1v15(), self.algorithm.hash_algorithm)
        return self.key.sign(tbs, ECDSA(self.algorithm.hash_algorithm))


def stored_signer(name: str, algorithm: SignatureAlgorithm) -> SoftwareSigner:
    """Return the signer with the key pair tests/vectors/keys/<name>.pem."""
    return SoftwareSigner(key=stored_key(name), algorithm=algorithm)


@cache
def stored_key(name: str) -> EllipticCurvePrivateKey | RSAPrivateKey:
    """Return the private key tests/vectors/keys/<name>.pem; reading one of RSA tries its primes each time."""
    key = load_pem_private_key((KEYS / f"{name}.pem").read_bytes(), password=None)
    assert isinstance(key, EllipticCurvePrivateKey | RSAPrivateKey)
    return key


def stored_public_key(name: str) -> bytes:
    """Return the SubjectPublicKeyInfo of tests/vectors/keys/<name>.pem."""
    return stored_signer(name, SignatureAlgorithm.ECDSA_SHA256).public_key
