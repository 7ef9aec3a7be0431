"""Verifies what a signer gave before anybody else sees it."""

from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

_ECDSA: Final = {
    "ECDSA_SHA256": ec.ECDSA(hashes.SHA256()),
    "ECDSA_SHA384": ec.ECDSA(hashes.SHA384()),
    "ECDSA_SHA512": ec.ECDSA(hashes.SHA512()),
}
_HASHES: Final[dict[str, hashes.HashAlgorithm]] = {
    "RSA_SHA256": hashes.SHA256(),
    "RSA_SHA384": hashes.SHA384(),
    "RSA_SHA512": hashes.SHA512(),
}
_PKCS1: Final = padding.PKCS1v15()


class SignatureMismatch(Exception):
    """The signer gave something that its certificate's key does not verify; nothing was published."""


def verify(*, public_key: bytes, algorithm: str, signature: bytes, signed: bytes) -> None:
    """Verify a signature with a public key (SubjectPublicKeyInfo, DER). Raises ``SignatureMismatch``."""
    try:
        match _loaded(public_key):
            case ec.EllipticCurvePublicKey() as key:
                key.verify(signature, signed, _ECDSA[algorithm])
            case rsa.RSAPublicKey() as key:
                key.verify(signature, signed, _PKCS1, _HASHES[algorithm])
            case _:
                raise SignatureMismatch("the signer's key is neither EC nor RSA")
    except (InvalidSignature, KeyError) as error:  # KeyError: an algorithm of another kind of key
        raise SignatureMismatch("the signature is not the signer's") from error


@lru_cache(maxsize=64)
def _loaded(public_key: bytes) -> object:
    return load_der_public_key(public_key)
