"""Which PINs a person may choose: the service's rules, kept here since no PIN leaves this machine."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from client.certificate import CardCertificate
from client.errors import PinNotAllowed

SHORTEST = 6
LONGEST = 8
_PERSONAL_NUMBER_DIGITS = 12
_COORDINATION = 60
_PUK_DIGITS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class PinRules:
    """Least and greatest length in digits, and codes that are too easy to guess."""

    least: int = SHORTEST
    most: int = LONGEST
    forbidden: frozenset[str] = frozenset()

    def check(self, pin: str) -> None:
        """Raise PinNotAllowed with the rule that is broken: digits, length or trivial."""
        if not (pin.isascii() and pin.isdigit()):
            raise PinNotAllowed(rule="digits")
        if not self.least <= len(pin) <= self.most:
            raise PinNotAllowed(rule="length")
        steps = {(int(later) - int(earlier)) % 10 for earlier, later in pairwise(pin)}
        if pin in self.forbidden or steps in ({0}, {1}, {9}):
            raise PinNotAllowed(rule="trivial")


def is_puk(text: str) -> bool:
    """Tell whether this can be a PUK: eight digits (domain.md 2.6)."""
    return len(text) == _PUK_DIGITS and text.isascii() and text.isdecimal()


def rules_for(certificates: Iterable[CardCertificate]) -> PinRules:
    """Return the rules for a card by what is on it: no birth date of its holder either (domain.md 2.6)."""
    forbidden: set[str] = set()
    for certificate in certificates:
        number = certificate.holder_id
        if number.isdecimal() and len(number) == _PERSONAL_NUMBER_DIGITS:
            forbidden |= _birth_dates(number)
    return PinRules(forbidden=frozenset(forbidden))


def _birth_dates(number: str) -> set[str]:
    """Return the ways to write the birth date of YYYYMMDDnnnn; a coordination number has day + 60."""
    year, month, day = number[:4], number[4:6], int(number[6:8])
    written = f"{day - 60 if day > _COORDINATION else day:02}"
    return {
        f"{year}{month}{written}",
        f"{year[2:]}{month}{written}",
        f"{written}{month}{year}",
        f"{written}{month}{year[2:]}",
    }


def pin_rules_from(members: object) -> PinRules:
    """Read the rules as the service sends them; what is missing is the card's own limit."""
    if not isinstance(members, Mapping):
        return PinRules()
    least, most, forbidden = members.get("min"), members.get("max"), members.get("forbidden")
    return PinRules(
        least=least if isinstance(least, int) else SHORTEST,
        most=most if isinstance(most, int) else LONGEST,
        forbidden=frozenset(str(pin) for pin in forbidden) if isinstance(forbidden, list) else frozenset(),
    )
