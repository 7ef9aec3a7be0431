"""The entries of a CRL: encoded once, when a revocation is registered, gathered later by serial number."""

from __future__ import annotations

from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING

from ca.pki import der
from ca.pki.errors import ProfileViolation
from ca.pki.reasons import RevocationReason
from ca.pki.serial import SERIAL_LIMIT, serial_content, serial_hex
from ca.pki.vocabulary import ExtensionId

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from collections.abc import Set as AbstractSet
    from datetime import datetime

_REASONS: dict[RevocationReason, bytes] = {
    reason: der.extension(ExtensionId.REASON_CODE, der.enumerated(reason), critical=False)
    for reason in RevocationReason
    if reason is not RevocationReason.UNSPECIFIED
}
"""RFC 5280 §5.3.1: unspecified is said by leaving the extension out."""

_SERIAL_AT = 4
"""Where the serial number begins in an entry: behind the headers of the SEQUENCE and of the INTEGER."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokedEntry:
    """One line of a CRL.

    `invalidity_at` is when the key became untrustworthy, known or suspected, where that lies before
    `revoked_at`: e.g. when the request was received earlier than it was registered.
    """

    serial_number: int
    revoked_at: datetime
    reason: RevocationReason
    invalidity_at: datetime | None = None

    def encode(self) -> bytes:
        """Return the entry (RFC 5280 §5.1.2.6, §5.3) as it is stored and joined; about 45 octets.

        Raises ProfileViolation for a serial number that none of our certificates has, and for an invalidity
        after the revocation.
        """
        if not 0 < self.serial_number < SERIAL_LIMIT:
            raise ProfileViolation("not a serial number of ours", facts={"rule": "serial_number"})
        extra = _REASONS.get(self.reason, b"")
        if self.invalidity_at is not None:
            if self.invalidity_at > self.revoked_at:
                raise ProfileViolation("invalid only after the revocation", facts={"rule": "invalidity_at"})
            extra += der.extension(
                ExtensionId.INVALIDITY_DATE, der.generalized_time(self.invalidity_at), critical=False
            )
        return der.sequence(
            der.integer(self.serial_number),
            der.time(self.revoked_at),
            der.sequence(extra) if extra else b"",
        )


@dataclass(frozen=True, slots=True)
class Entries:
    """Encoded entries, and the content octets of their serial numbers; made by `gather`."""

    pieces: Sequence[bytes]
    serials: AbstractSet[bytes]

    @classmethod
    def gather(cls, entries: Iterable[bytes]) -> Entries:
        """Take encoded entries as they come; a serial number that stands there twice shows in `doubles`.

        The numbers of this CA are all equally long, which makes a million of them quick to cut out.
        """
        pieces = tuple(entries)
        lengths = set(map(itemgetter(slice(_SERIAL_AT - 1, _SERIAL_AT)), pieces))
        if len(lengths) == 1 and (length := lengths.pop()):
            serials = map(itemgetter(slice(_SERIAL_AT, _SERIAL_AT + length[0])), pieces)
            return cls(pieces, set(serials))
        return cls(pieces, set(map(serial_of, pieces)))

    @property
    def are_whole(self) -> bool:
        """Tell whether each piece is as long as its second octet says."""
        if not all(self.pieces):
            return False
        lengths = set(map(len, self.pieces))
        said = set(map(itemgetter(slice(1, 2)), self.pieces))
        if len(lengths) == 1:
            return said == {bytes((lengths.pop() - 2 & 0xFF,))}
        return all(piece[1:2] == bytes((len(piece) - 2 & 0xFF,)) for piece in self.pieces)

    @property
    def octets(self) -> int:
        """How many octets the pieces are together."""
        return sum(map(len, self.pieces))

    @property
    def doubles(self) -> int:
        """How many entries are there for a serial number that another entry is about."""
        return len(self.pieces) - len(self.serials)

    def __len__(self) -> int:
        return len(self.pieces)

    def __contains__(self, serial_number: int) -> bool:
        return serial_content(serial_hex(serial_number)) in self.serials


def serial_of(entry: bytes) -> bytes:
    """Return the content octets of an entry's serial number."""
    return entry[_SERIAL_AT : _SERIAL_AT + (entry[_SERIAL_AT - 1 : _SERIAL_AT] or b"\0")[0]]
