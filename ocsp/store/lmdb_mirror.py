"""A store in LMDB that follows another one: takes over its numbers and remembers how far it has come."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from ocsp.store.lmdb_store import LmdbStore
from ocsp.store.registry import key_prefix, split_key
from ocsp.wire.response import CertStatus

if TYPE_CHECKING:
    from collections.abc import Iterator

    import lmdb

    from ocsp.store.lmdb_map import LmdbMap
    from ocsp.store.record import SignerRecord, StoredAnswer
    from ocsp.store.registry import Registry

_FOLLOWED: Final = b"followed"
_LAST_NUMBER: Final = 65_535
_PAGE: Final = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """What a store follows (``StoreState.epoch`` and ``run``) and the sequence that it has reached."""

    epoch: str
    run: str
    sequence: int


class LmdbMirror(LmdbStore):
    """What responders read where the publisher writes elsewhere. Its only writer is ``ocsp.store.mirror``."""

    def followed(self) -> Followed | None:
        """Return how far this store has come, None when it followed nothing yet."""

        def read(opened: LmdbMap, transaction: lmdb.Transaction[bytes]) -> Followed | None:
            noted = transaction.get(_FOLLOWED, None, opened.meta)
            return None if noted is None else Followed(**json.loads(noted))

        return self._read(read)

    def follow_to(self, followed: Followed) -> None:
        """Note how far this store has come."""
        noted = json.dumps(
            {"epoch": followed.epoch, "run": followed.run, "sequence": followed.sequence}
        ).encode()
        self._write(lambda opened, transaction: transaction.put(_FOLLOWED, noted, db=opened.meta))

    def adopt(self, registry: Registry) -> None:
        """Take over issuers and signers under their own numbers; signers that were carried over stay."""

        def write(opened: LmdbMap, transaction: lmdb.Transaction[bytes]) -> None:
            for issuer in registry.issuers.values():
                transaction.put(issuer.issuer_id.to_bytes(2, "big"), issuer.encode(), db=opened.issuers)
            for signer in registry.signers.values():
                transaction.put(signer.signer_id.to_bytes(2, "big"), signer.encode(), db=opened.signers)
            opened.raise_registry_version(transaction)

        self._write(write)

    def has_other_numbers_than(self, registry: Registry) -> bool:
        """Tell whether a number names another issuer or signer here than there."""
        self.renew()
        return any(
            (known.name_der, known.key_bits) != (other.name_der, other.key_bits)
            for number, other in registry.issuers.items()
            if (known := self.registry.issuers.get(number)) is not None
        ) or any(
            mine.certificate_der != signer.certificate_der
            for number, signer in registry.signers.items()
            if (mine := self.registry.signers.get(number)) is not None
        )

    def carry_over_revoked(self, old: LmdbStore) -> int:
        """Put what another store says is revoked into this one, under this one's numbers; return how many.

        So a source that lost a revocation cannot make it good again. Issuers that this store does not know
        are left out: nothing is said of their certificates.
        """
        old.renew()
        self.renew()
        issuers = {
            number: mine.issuer_id
            for number, issuer in old.registry.issuers.items()
            for mine in self.registry.issuers.values()
            if (mine.name_der, mine.key_bits) == (issuer.name_der, issuer.key_bits)
        }
        signers = {number: self._number_of(signer) for number, signer in old.registry.signers.items()}
        carried = 0
        for page in _pages(old):
            moved = []
            for key, answer in page:
                number, algorithm, _ = split_key(key)
                if answer.status is CertStatus.REVOKED and number in issuers and answer.signer_id in signers:
                    mine = key_prefix(issuers[number], algorithm) + key[3:]
                    moved.append((mine, replace(answer, signer_id=signers[answer.signer_id])))
            if moved:
                carried += self.put(moved).stored
        return carried

    def _number_of(self, signer: SignerRecord) -> int:
        """Return this store's number of a signer, entering it from above where the source has none."""
        for number, known in self.registry.signers.items():
            if known.certificate_der == signer.certificate_der:
                return number
        free = next(n for n in range(_LAST_NUMBER, 0, -1) if n not in self.registry.signers)
        record = replace(signer, signer_id=free)

        def write(opened: LmdbMap, transaction: lmdb.Transaction[bytes]) -> None:
            transaction.put(free.to_bytes(2, "big"), record.encode(), db=opened.signers)
            opened.raise_registry_version(transaction)

        self._write(write)
        return free


def _pages(store: LmdbStore) -> Iterator[list[tuple[bytes, StoredAnswer]]]:
    after = None
    while page := store.oldest(before=2**63, limit=_PAGE, after=after):
        yield page
        after = page[-1][1].this_update, page[-1][0]
