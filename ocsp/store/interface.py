"""What any store of signed answers must do; the contract tests run against each one."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from ocsp.store.record import SignerRecord, StoredAnswer
from ocsp.store.registry import Registry


class StoreUnavailable(Exception):
    """The store cannot be read or written just now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What became of a batch: how many answers were stored, and the keys of those that were refused."""

    stored: int
    refused: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """How old the store's content is; times in seconds since 1970, None when it is empty."""

    answers: int
    oldest_this_update: int | None
    oldest_next_update: int | None
    reconciled_at: int | None
    """When the publisher last vouched that every certificate handed out is in the store."""


class StatusReader(Protocol):
    """A responder's view: a snapshot that ``renew`` moves on; never writes."""

    @property
    def registry(self) -> Registry:
        """The issuers and signers as of the last ``renew``."""

    def renew(self) -> bool:
        """Move to the newest state; tell whether anything changed. Raises ``StoreUnavailable``."""

    def get(self, key: bytes) -> bytes | None:
        """Return a stored answer as bytes (``StoredAnswer.decode``). Raises ``StoreUnavailable``."""

    def freshness(self) -> Freshness:
        """Return how old the content is. Raises ``StoreUnavailable``."""

    def close(self) -> None:
        """Let go of what the store holds open."""


class SnapshotReader(StatusReader, Protocol):
    """A reader whose snapshot may be asked without ceremony, for the hot path."""

    look_up: Callable[[bytes], bytes | None]
    """``get`` of this very snapshot; raises whatever the store's library raises."""


class StatusStore(StatusReader, Protocol):
    """The publisher's view. Every method is atomic: readers see all of it or nothing."""

    def put(self, answers: Sequence[tuple[bytes, StoredAnswer]]) -> Published:
        """Store answers under their keys (``registry.answer_key``).

        Refused, one by one: whatever would turn revoked into anything else, and whatever is older than
        what is stored, unless it is the first to say revoked. Raises ``StoreUnavailable``.
        """

    def get_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """Return stored answers as bytes, in the order of their keys, from one moment."""

    def oldest(
        self, *, before: int, limit: int, after: tuple[int, bytes] | None = None
    ) -> list[tuple[bytes, StoredAnswer]]:
        """Return the answers with the oldest thisUpdate below ``before``, oldest first.

        ``after`` is (thisUpdate, key) of the last one already seen.
        """

    def remove_expired(self, keys: Iterable[bytes], *, before: int) -> int:
        """Remove those answers whose certificates ended before ``before``; return how many."""

    def register_issuer(self, *, name: str, name_der: bytes, key_bits: bytes) -> int:
        """Make an issuer ours and return its number; the same name and key give the same number."""

    def register_signer(self, signer: SignerRecord) -> int:
        """Keep a signer, return its number, and let it sign its issuer's new answers.

        The number in the record is ignored; the same certificate gives the same number.
        """

    def mark_reconciled(self, at: int) -> None:
        """Note that every certificate handed out before ``at`` is in the store."""
