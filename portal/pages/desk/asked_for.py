"""What the one search box was given: which kind of number, an address, or words; nothing is looked up."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ca.pki.serial import possible_serials
from cards.card_number import CardNumberInvalid, parse_card_number
from directory.errors import InvalidIdentifier
from directory.identifiers import HsaId, possible_numbers

LONGEST: Final = 120
_CARD_DIGITS: Final = 19
_SERIAL_DIGITS: Final = 16
_HSA_LIKE: Final = re.compile(r"[A-Za-z]{2,6}\d{4}")


class Kind(StrEnum):
    """What a query is; the values of whole numbers are the keys that the journal knows."""

    NOTHING = "nothing"
    WORDS = "words"
    UNCLEAR = "unclear"
    PERSONAL_NUMBER = "personal_number"
    HSA_ID = "hsa_id"
    CARD_NUMBER = "card_number"
    SERIAL_NUMBER = "serial_number"
    EMAIL = "email"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A query and what it is; ``problem`` says what is wrong with a number that is none."""

    text: str
    kind: Kind
    problem: InvalidIdentifier | None = None

    @property
    def is_whole(self) -> bool:
        """Tell whether it names one person or thing: such a search is recorded, and not made while typing."""
        return self.kind not in {Kind.NOTHING, Kind.WORDS, Kind.UNCLEAR}


def read(text: str) -> Question:
    """Return what a text asks for. Raises nothing: an unclear one carries its problem."""
    text = text.strip()[:LONGEST]
    try:
        return Question(text=text, kind=_kind(text))
    except InvalidIdentifier as error:
        return Question(text=text, kind=Kind.UNCLEAR, problem=error)


def _kind(text: str) -> Kind:
    """Return the kind. Raises ``InvalidIdentifier`` for what looks like a number and is none."""
    kind = Kind.WORDS if text else Kind.NOTHING
    if "@" in text:
        kind = Kind.EMAIL if _is_address(text) else kind
    elif _is_card_number(text):
        kind = Kind.CARD_NUMBER
    elif _is_serial(text):
        kind = Kind.SERIAL_NUMBER
    elif _HSA_LIKE.match(text):
        HsaId.parse(text, allow_test_prefixes=True)
        kind = Kind.HSA_ID
    elif any(letter.isdigit() for letter in text) and not any(letter.isalpha() for letter in text):
        possible_numbers(text)
        kind = Kind.PERSONAL_NUMBER
    return kind


def _is_address(text: str) -> bool:
    """Tell whether there is a whole address; its beginning finds names by their words."""
    local, _, domain = text.partition("@")
    return bool(local) and "." in domain.strip(".") and not any(letter.isspace() for letter in text)


def _is_card_number(text: str) -> bool:
    try:
        parse_card_number(text)
    except CardNumberInvalid:
        return False
    return True


def _is_serial(text: str) -> bool:
    """Tell whether it is long enough for a serial number, and no card number with a digit wrong."""
    digits = sum(letter.isalnum() for letter in text.lower().removeprefix("serial=").removeprefix("0x"))
    mistyped_card = digits == _CARD_DIGITS and text.replace(" ", "").isdecimal()
    return digits >= _SERIAL_DIGITS and not mistyped_card and bool(possible_serials(text))
