"""A private key as one verb: whoever holds a Signer can sign bytes and nothing else."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from ca.pki import der
from ca.pki.errors import SignatureInvalid, SignerMismatch
from ca.pki.keys import is_rsa, load_public_key

if TYPE_CHECKING:
    from collections.abc import Sequence


class SignatureAlgorithm(Enum):
    """What our keys can sign with. ECDSA signatures are DER (RFC 3279 §2.2.3), RSA is PKCS#1 v1.5.

    Hierarchies choose one for each key; OCSP answers may be asked for with another digest (RFC 6960 §4.4.7).
    """

    ECDSA_SHA256 = "1.2.840.10045.4.3.2"
    ECDSA_SHA384 = "1.2.840.10045.4.3.3"
    ECDSA_SHA512 = "1.2.840.10045.4.3.4"
    RSA_SHA256 = "1.2.840.113549.1.1.11"
    RSA_SHA384 = "1.2.840.113549.1.1.12"
    RSA_SHA512 = "1.2.840.113549.1.1.13"

    @property
    def identifier_der(self) -> bytes:
        """AlgorithmIdentifier: RSA carries NULL (RFC 4055 §5), ECDSA nothing (RFC 5758 §3.2)."""
        return der.sequence(der.object_identifier(self.value), der.NULL if self.is_rsa else b"")

    @property
    def is_rsa(self) -> bool:
        """Tell whether it signs with an RSA key."""
        return self.name.startswith("RSA_")

    @property
    def hash_algorithm(self) -> hashes.HashAlgorithm:
        """The digest that is signed."""
        return _DIGESTS[self.name.rpartition("_")[2]]

    def verify(self, *, public_key: bytes, signature: bytes, signed: bytes) -> None:
        """Raise SignatureInvalid unless `signature` over `signed` verifies with the SPKI `public_key`."""
        if is_rsa(public_key) is not self.is_rsa:
            raise SignatureInvalid(f"{self.name} does not fit the public key")
        key = load_public_key(public_key)
        try:
            if isinstance(key, RSAPublicKey):
                key.verify(signature, signed, PKCS1v15(), self.hash_algorithm)
            else:
                key.verify(signature, signed, ECDSA(self.hash_algorithm))
        except InvalidSignature as error:
            raise SignatureInvalid("the signature does not verify over the bytes that were linted") from error


_DIGESTS: dict[str, hashes.HashAlgorithm] = {
    "SHA256": hashes.SHA256(),
    "SHA384": hashes.SHA384(),
    "SHA512": hashes.SHA512(),
}


class Signer(Protocol):
    """A key in the HSM, seen from outside. It shows neither PIN nor handle, not even in its repr."""

    @property
    def public_key(self) -> bytes:
        """SubjectPublicKeyInfo in DER."""

    @property
    def algorithm(self) -> SignatureAlgorithm:
        """How it signs."""

    def sign(self, tbs: bytes) -> bytes:
        """Return the signature over `tbs`: DER Ecdsa-Sig-Value, or the RSA signature itself."""


@runtime_checkable
class BatchSigner(Protocol):
    """A key that signs many messages in one exchange."""

    def sign_batch(self, messages: Sequence[bytes]) -> Sequence[bytes]:
        """Return the signatures, in order."""


def sign_all(messages: Sequence[bytes], signer: Signer) -> Sequence[bytes]:
    """Sign every message once; in one exchange where the signer can."""
    if isinstance(signer, BatchSigner):
        return signer.sign_batch(messages)
    return [signer.sign(message) for message in messages]


def check_signer(signer: Signer, *, public_key: bytes, algorithm: SignatureAlgorithm) -> None:
    """Raise SignerMismatch unless the signer holds that key and signs that way."""
    if signer.public_key != public_key:
        raise SignerMismatch("the signer holds another key than the issuer's certificate names")
    if signer.algorithm is not algorithm:
        raise SignerMismatch(f"the signer uses {signer.algorithm.name}, the issuer {algorithm.name}")


def sign_and_verify(tbs: bytes, *, signer: Signer, public_key: bytes, algorithm: SignatureAlgorithm) -> bytes:
    """Sign once with the key that `public_key` and `algorithm` name, and verify before returning.

    Raises SignerMismatch (nothing was signed) or SignatureInvalid (something was, and must be thrown away).
    """
    check_signer(signer, public_key=public_key, algorithm=algorithm)
    signature = signer.sign(tbs)
    algorithm.verify(public_key=public_key, signature=signature, signed=tbs)
    return signature
