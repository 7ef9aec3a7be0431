"""Which PINs a person may choose: the service's rules, kept here since no PIN leaves this machine."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from client.errors import PinNotAllowed

SHORTEST = 6
LONGEST = 8


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
