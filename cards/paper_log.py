"""The log of blocking requests that was kept on paper while the portal was away, read from CSV (POR-15)."""

import csv
import io
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from cards.errors import CardsError

MOST_ROWS: Final = 500
_COLUMNS: Final[Mapping[str, str]] = {
    "datum": "day", "date": "day", "tid": "clock", "time": "clock",
    "innehavare": "holder", "holder": "holder", "kortnummer": "card", "card": "card",
    "certifikat": "certificate", "certificate": "certificate", "orsak": "reason", "reason": "reason",
    "mottagare": "received_by", "received by": "received_by",
    "mottagarens id": "received_by_id", "receiver's id": "received_by_id",
    "anteckning": "note", "note": "note",
}  # fmt: skip
COLUMNS: Final = (
    "datum", "tid", "innehavare", "kortnummer", "certifikat", "orsak", "mottagare", "mottagarens id",
    "anteckning",
)  # fmt: skip
"""The header row that is asked for; the English one is understood too."""
_NEEDED: Final = frozenset({"day", "clock", "holder", "reason", "received_by", "received_by_id"})


class LogUnreadable(CardsError):
    """The file is no log: ``facts`` say which columns it lacks, or that it has too many rows or none."""

    code = "paper_log_unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperRow:
    """One line of the log as it was written."""

    line: int
    cells: Mapping[str, str]

    def cell(self, name: str) -> str:
        """Return what the column says, without blanks around it."""
        return self.cells.get(name, "").strip()


def read_log(text: str) -> list[PaperRow]:
    """Read the log: a header, then one request a line, parted by semicolons, commas or tabs.

    Raises ``LogUnreadable``.
    """
    text = text.removeprefix("\ufeff")
    header = text.partition("\n")[0]
    parter = max(";,\t", key=header.count)
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=parter))
    except csv.Error as error:
        raise LogUnreadable("no CSV", facts={"rows": "0", "most": str(MOST_ROWS)}) from error
    known = [_COLUMNS.get(" ".join(cell.casefold().split()), "") for cell in lines[0]] if lines else []
    if lacking := _NEEDED - set(known):
        raise LogUnreadable("columns are missing", facts={"columns": ", ".join(_swedish(lacking))})
    rows = [
        PaperRow(line=number, cells=dict(zip(known, cells, strict=False)))
        for number, cells in enumerate(lines[1:], start=2)
        if any(cell.strip() for cell in cells)
    ]
    if not 0 < len(rows) <= MOST_ROWS:
        raise LogUnreadable("no rows, or too many", facts={"rows": str(len(rows)), "most": str(MOST_ROWS)})
    return rows


def _swedish(columns: Collection[str]) -> list[str]:
    return [name for name in COLUMNS if _COLUMNS[name] in columns]
