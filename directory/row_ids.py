"""Reads the id of a row as somebody from outside wrote it."""

from typing import Final
from uuid import UUID

NO_ROW: Final = UUID(int=0)
"""The nil UUID, which no row has (RFC 9562 5.9)."""


def row_id(text: UUID | str) -> UUID:
    """Return the UUID that a text writes, or ``NO_ROW``: who asks for what is no id finds nothing."""
    try:
        return UUID(str(text))
    except ValueError:
        return NO_ROW
