"""Makes a cell of a table inert: no spreadsheet that opens it computes it."""

import unicodedata
from typing import Final

_COMPUTED: Final = frozenset("=+-@\N{MINUS SIGN}")
_BREAKS: Final = ("\t", "\r", "\n")
_UNSEEN: Final = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs"})
"""Categories of characters that show nothing: controls, joiners, directions, blanks of all widths."""


def inert(cell: str) -> str:
    """Return the cell so that no spreadsheet computes it: with an apostrophe where one might.

    What counts is the first character that shows, in its plain width: programs skip blanks, and some take a
    full-width sign for the sign itself (OWASP, CSV injection).
    """
    first = next((letter for letter in cell if unicodedata.category(letter) not in _UNSEEN), "")
    is_computed = unicodedata.normalize("NFKC", first)[:1] in _COMPUTED
    return f"'{cell}" if is_computed or cell.startswith(_BREAKS) else cell
