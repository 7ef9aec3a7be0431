"""The number on a card: 19 digits, 9752 first (ISO/IEC 7812: 9 and country 752), Luhn digit last."""

from dataclasses import dataclass
from typing import Final

from directory.identifiers import luhn_digit

_LENGTH: Final = 19
_PREFIX: Final = "9752"


class CardNumberInvalid(ValueError):
    """The text is not a card number; args[0] says whether length, prefix or check digit is wrong."""


@dataclass(frozen=True, slots=True)
class CardNumber:
    """A card number that is known to be well formed."""

    digits: str

    def __str__(self) -> str:
        """Return the nineteen digits."""
        return self.digits

    @property
    def grouped(self) -> str:
        """Return the digits in groups of four, as printed on the card."""
        return grouped(self.digits)


def grouped(number: str) -> str:
    """Return a card number in groups of four, as printed on the card; empty for none."""
    return " ".join(number[index : index + 4] for index in range(0, len(number), 4))


def parse_card_number(text: str) -> CardNumber:
    """Read a card number with or without spaces and hyphens; raise CardNumberInvalid."""
    digits = text.replace(" ", "").replace("-", "")
    if len(digits) != _LENGTH or not (digits.isascii() and digits.isdigit()):
        raise CardNumberInvalid("length")
    if not digits.startswith(_PREFIX):
        raise CardNumberInvalid("prefix")
    if luhn_digit(digits[:-1]) != int(digits[-1]):
        raise CardNumberInvalid("check_digit")
    return CardNumber(digits)
