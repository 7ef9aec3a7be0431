"""Kinds of keys that the client makes on a card, in the words of the activation protocol."""

from enum import Enum

from authn.evidence import SignatureAlgorithm


class KeyKind(Enum):
    """What the service may ask for; the hierarchy decides which."""

    P256 = "P-256"
    RSA_2048 = "RSA-2048"
    RSA_3072 = "RSA-3072"

    @property
    def signs_with(self) -> SignatureAlgorithm:
        """Return the algorithm that signs the certificate request."""
        return SignatureAlgorithm.ES256 if self is KeyKind.P256 else SignatureAlgorithm.RS256

    @property
    def rsa_bits(self) -> int:
        """Return the size of an RSA key; raises ValueError for another kind."""
        return int(self.value.removeprefix("RSA-"))
