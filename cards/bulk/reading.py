"""A list of persons as people send it: typed one a line, or a CSV file with a header."""

import csv
import io
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cards.bulk.errors import BulkListUnreadable

MOST_ROWS: Final = 10_000
"""How many rows an order for several may have."""
_LONGEST: Final = 64
_UNSEEN: Final = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"})
_COLUMNS: Final[Mapping[str, str]] = {
    "person": "who", "personnummer": "who", "personal number": "who", "samordningsnummer": "who",
    "hsa-id": "who", "hsaid": "who", "hsa id": "who",
    "produkt": "product", "product": "product", "kort": "product", "card": "product",
}  # fmt: skip
COLUMNS: Final = ("person", "produkt")
"""The header that is asked for; some others are understood too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedLine:
    """One line: its number in the list, whom it means, and the product if it says one."""

    line: int
    who: str
    product: str = ""


def read_list(text: str) -> list[AskedLine]:
    """Read a list with or without header: a number or HSA-id a line, then perhaps a product's code.

    Raises ``BulkListUnreadable`` for an empty one, one that is too long, one without a column of persons,
    and what is no CSV.
    """
    text = text.removeprefix("\ufeff")
    header = next((line for line in text.splitlines() if line.strip()), "")
    parter = max(";,\t", key=header.count)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=parter))
    except csv.Error as error:
        raise BulkListUnreadable("no CSV", facts={"rule": "no_csv"}) from error
    numbered = [(number, cells) for number, cells in enumerate(rows, start=1) if any(map(str.strip, cells))]
    places = _places(numbered[0][1]) if numbered else {}
    if places:
        numbered = numbered[1:]
    lines = [_line(number, cells, places or {"who": 0, "product": 1}) for number, cells in numbered]
    if not lines:
        raise BulkListUnreadable("nobody is on it", facts={"rule": "empty"})
    if len(lines) > MOST_ROWS:
        facts = {"rule": "too_many", "rows": str(len(lines)), "most": str(MOST_ROWS)}
        raise BulkListUnreadable("too many", facts=facts)
    return lines


def _places(cells: Sequence[str]) -> Mapping[str, int]:
    """Return which column is what by the header; nothing for a list that begins with a person.

    Raises ``BulkListUnreadable`` for a header that names no column of persons.
    """
    known = [_COLUMNS.get(" ".join(cell.casefold().split()), "") for cell in cells]
    if "who" in known:
        return {name: known.index(name) for name in ("who", "product") if name in known}
    if not any(char.isdigit() for char in cells[0]) and (len(cells) > 1 or any(known)):
        raise BulkListUnreadable("no column of persons", facts={"rule": "columns"})
    return {}


def _line(number: int, cells: Sequence[str], places: Mapping[str, int]) -> AskedLine:
    def cell(name: str) -> str:
        place = places.get(name, len(cells))
        return _plain(cells[place]) if place < len(cells) else ""

    return AskedLine(line=number, who=cell("who"), product=cell("product").upper()[:8])


def _plain(cell: str) -> str:
    """Return what a person sees of a cell: nothing that shows nothing, and not endless."""
    seen = "".join(one for one in cell if unicodedata.category(one) not in _UNSEEN)
    return " ".join(seen.split())[:_LONGEST]
