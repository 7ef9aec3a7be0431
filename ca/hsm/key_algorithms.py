"""The kinds of key that the token makes, and which signature each of them gives."""

from enum import Enum
from typing import Final

from ca.pki.keys import key_name
from ca.pki.signer import SignatureAlgorithm


class KeyAlgorithm(Enum):
    """A kind of key pair; the value is the word that profiles and hierarchies use."""

    EC_P256 = "ec-p256"
    EC_P384 = "ec-p384"
    RSA_2048 = "rsa-2048"
    RSA_3072 = "rsa-3072"
    RSA_4096 = "rsa-4096"

    @property
    def is_rsa(self) -> bool:
        """True for RSA keys."""
        return self.value.startswith("rsa-")

    @property
    def rsa_bits(self) -> int:
        """The size of the modulus in bits; 0 for keys that are not RSA."""
        return int(self.value.removeprefix("rsa-")) if self.is_rsa else 0

    @property
    def signature(self) -> SignatureAlgorithm:
        """The one way in which such a key signs."""
        return _SIGNATURES[self]


_SIGNATURES: Final[dict[KeyAlgorithm, SignatureAlgorithm]] = {
    KeyAlgorithm.EC_P256: SignatureAlgorithm.ECDSA_SHA256,
    KeyAlgorithm.EC_P384: SignatureAlgorithm.ECDSA_SHA384,
    KeyAlgorithm.RSA_2048: SignatureAlgorithm.RSA_SHA256,
    KeyAlgorithm.RSA_3072: SignatureAlgorithm.RSA_SHA256,
    # domain.md 3.2: the issuers that SITHS uses sign sha512WithRSA.
    KeyAlgorithm.RSA_4096: SignatureAlgorithm.RSA_SHA512,
}


def key_algorithm_of(public_key: bytes) -> KeyAlgorithm:
    """Return the kind of a SubjectPublicKeyInfo.

    Raises ``ca.pki.errors.WeakKey`` for what is no key, ``ValueError`` for a kind that no CA key has.
    """
    return KeyAlgorithm(key_name(public_key))
