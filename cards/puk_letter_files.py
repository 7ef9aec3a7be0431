"""What travels about a PUK letter, both ways: the order of it and the printer's receipt, never the PUK."""

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NoReturn

from cards.errors import FactoryUnavailable
from cards.factory import Delivery

ORDER_FORMAT: Final = "sigill.letter-order/1"
RECEIPT_FORMAT: Final = "sigill.letter-receipt/1"
_MEMBERS: Final = frozenset({"format", "letter_id", "content_sha256", "state"})


class LetterState(StrEnum):
    """What the printer says of a letter; what it refuses it has not made the card of."""

    TAKEN = "taken"
    POSTED = "posted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class PukLetterOrder:
    """A letter to be printed and posted by whoever made the card; the PUK is theirs to know."""

    letter_id: str
    card_number: str
    name: str
    delivery: Delivery
    delivery_lines: tuple[str, ...]

    @property
    def content(self) -> bytes:
        """The order's octets, before they are signed and encrypted: the same for the same letter."""
        members = {
            "format": ORDER_FORMAT,
            "letter_id": self.letter_id,
            "card_number": self.card_number,
            "delivery": {
                "kind": self.delivery.value,
                "name": self.name,
                "lines": list(self.delivery_lines),
            },
        }
        return json.dumps(members, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    @property
    def sha256(self) -> str:
        """The digest that the printer's receipt names."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterReceipt:
    """What the printer signed: which order it has under the letter's id, and how far the letter has come."""

    content_sha256: str
    state: LetterState


def read_receipt(content: bytes, *, letter_id: str) -> LetterReceipt:
    """Read a receipt strictly: a member that we do not know might be a PUK, so it is read no further.

    Raises ``FactoryUnavailable``: the letter waits, and is asked after again.
    """
    try:
        members = json.loads(content)
    except (ValueError, RecursionError):
        _refuse()
    if not isinstance(members, dict) or set(members) != _MEMBERS or members["format"] != RECEIPT_FORMAT:
        _refuse()
    if members["letter_id"] != letter_id or not isinstance(members["content_sha256"], str):
        _refuse()
    if members["state"] not in list(LetterState):
        _refuse()
    return LetterReceipt(content_sha256=members["content_sha256"], state=LetterState(members["state"]))


def _refuse() -> NoReturn:
    raise FactoryUnavailable("letter_receipt_malformed", surely_not_received=False) from None
