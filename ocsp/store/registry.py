"""Which issuers are ours, under every name that a question may use, and who signs for them."""

from collections.abc import Iterable
from typing import Final

from ocsp.store.record import IssuerRecord, SignerRecord
from ocsp.wire.cert_id import CertId, HashAlgorithm, issuer_prefix, serial_octets

# Answers under the long hashes are signed on demand; their status is read from the SHA-256 answer.
_STORED_AS: Final = {
    HashAlgorithm.SHA1: HashAlgorithm.SHA1,
    HashAlgorithm.SHA256: HashAlgorithm.SHA256,
    HashAlgorithm.SHA384: HashAlgorithm.SHA256,
    HashAlgorithm.SHA512: HashAlgorithm.SHA256,
}


def key_prefix(issuer_id: int, algorithm: HashAlgorithm) -> bytes:
    """Return the first octets of the store's keys for an issuer under a hash algorithm."""
    return issuer_id.to_bytes(2, "big") + bytes((_STORED_AS[algorithm].value,))


def answer_key(issuer_id: int, algorithm: HashAlgorithm, serial_number: int) -> bytes:
    """Return the store's key of an answer: the CertID, its issuer hashes replaced by our short number."""
    return key_prefix(issuer_id, algorithm) + serial_octets(serial_number)


def split_key(key: bytes) -> tuple[int, HashAlgorithm, int]:
    """Return (issuer, algorithm, serial number) of a store's key."""
    return (
        int.from_bytes(key[:2], "big"),
        HashAlgorithm(key[2]),
        int.from_bytes(key[3:], "big", signed=True),
    )


class Registry:
    """A snapshot of the issuers and signers; made anew whenever the store says that they changed."""

    def __init__(self, *, issuers: Iterable[IssuerRecord], signers: Iterable[SignerRecord]) -> None:
        self.issuers = {issuer.issuer_id: issuer for issuer in issuers}
        self.signers = {signer.signer_id: signer for signer in signers}
        self.key_by_cert_id_prefix: dict[bytes, bytes] = {}
        """From the DER before the serial in a CertID to the octets before the serial in the store's key."""
        self.names_by_cert_id_prefix: dict[bytes, tuple[HashAlgorithm, bytes, bytes]] = {}
        """From the same DER to hash algorithm, issuer name hash and issuer key hash."""
        self._by_hashes: dict[tuple[HashAlgorithm, bytes, bytes], int] = {}
        for issuer in self.issuers.values():
            for algorithm in HashAlgorithm:
                self._enter(issuer, algorithm)

    def _enter(self, issuer: IssuerRecord, algorithm: HashAlgorithm) -> None:
        name_hash, key_hash = algorithm.digest(issuer.name_der), algorithm.digest(issuer.key_bits)
        self._by_hashes[algorithm, name_hash, key_hash] = issuer.issuer_id
        if _STORED_AS[algorithm] is not algorithm:
            return
        for with_null in (True, False):
            prefix = issuer_prefix(
                algorithm=algorithm, issuer_name_hash=name_hash, issuer_key_hash=key_hash, with_null=with_null
            )
            self.names_by_cert_id_prefix[prefix] = algorithm, name_hash, key_hash
            self.key_by_cert_id_prefix[prefix] = key_prefix(issuer.issuer_id, algorithm)

    def issuer_of(self, cert_id: CertId) -> IssuerRecord | None:
        """Return the issuer that a question names, None when it is not ours."""
        found = self._by_hashes.get((cert_id.algorithm, cert_id.issuer_name_hash, cert_id.issuer_key_hash))
        return None if found is None else self.issuers[found]

    def signer_of(self, issuer: IssuerRecord) -> SignerRecord | None:
        """Return who signs new answers for an issuer."""
        return None if issuer.signer_id is None else self.signers.get(issuer.signer_id)
