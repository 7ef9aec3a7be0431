"""Which PINs a holder may choose (domain.md 2.6); the client enforces it, since no PIN leaves the card."""

from datetime import date
from typing import Final

SHORTEST: Final = 6
LONGEST: Final = 8
_CLIMB: Final = "01234567890123456789"


def forbidden_pins(birth_date: date) -> tuple[str, ...]:
    """Return every PIN of allowed length that is trivial: one digit, a sequence, or the birth date."""
    found: set[str] = set()
    for length in range(SHORTEST, LONGEST + 1):
        found.update(digit * length for digit in "0123456789")
        for start in range(10):
            climb = _CLIMB[start : start + length]
            found.update((climb, climb[::-1]))
    for form in ("%Y%m%d", "%y%m%d", "%d%m%Y", "%d%m%y"):
        found.add(birth_date.strftime(form))
    return tuple(sorted(found))
