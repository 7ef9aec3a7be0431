"""Signers over a token in the same process: for the ceremony, while no signer process runs."""

from dataclasses import dataclass, field

from ca.hsm.key_algorithms import KeyAlgorithm
from ca.hsm.token_keeper import TokenKeeper
from ca.pki.signer import SignatureAlgorithm


@dataclass(frozen=True, slots=True)
class KeeperSigners:
    """A ``SignerSource`` and ``KeyMaker`` over a keeper that the caller has started."""

    _keeper: TokenKeeper

    def signer_for(self, key_label: str) -> "KeeperSigner":
        """Return the signer of a key. Raises ``KeyAbsent``."""
        public_key, algorithm = self._keeper.public_key(key_label)
        return KeeperSigner(_keeper=self._keeper, label=key_label, public_key=public_key, algorithm=algorithm)

    def generate_key(self, label: str, algorithm: str) -> bytes:
        """Make the key of that label, or find it, and return its SubjectPublicKeyInfo."""
        return self._keeper.generate_key(label, KeyAlgorithm(algorithm))

    def attributes(self, label: str) -> dict[str, bool]:
        """Return what the token says of a private key, e.g. that it can never be taken out."""
        return self._keeper.session().attributes(label)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeeperSigner:
    """One key of the token; has the ``Signer`` interface."""

    _keeper: TokenKeeper = field(repr=False)
    label: str
    public_key: bytes
    algorithm: SignatureAlgorithm

    def sign(self, tbs: bytes) -> bytes:
        """Sign bytes. Raises ``TokenFault``."""
        return self._keeper.sign(self.label, self.algorithm, [tbs])[0]
