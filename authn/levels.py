"""The levels of assurance by their names in federations, lowest first."""

from typing import Final

LOA2: Final = "http://id.sambi.se/loa/loa2"
LOA3: Final = "http://id.sambi.se/loa/loa3"
LEVELS: Final = (LOA2, LOA3)


def up_to(most: str) -> tuple[str, ...]:
    """Return the levels that are at most this one; none for one that is no level."""
    return LEVELS[: LEVELS.index(most) + 1] if most in LEVELS else ()
