"""What a report's cells are: their kinds, and how each becomes text, the same on every database."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import Enum, auto
from typing import Final

from directory.swedish_time import SWEDEN, swedish_day

PROTECTED: Final = "Skyddade personuppgifter"
_DAY_SECONDS: Final = 86_400

Value = str | int | date | datetime | None
"""A cell as the database gives it."""


class Cell(Enum):
    """What a column holds; ``CODE`` is text from a closed set of ours that no spreadsheet computes."""

    CODE = auto()
    TEXT = auto()
    ORGANIZATION = auto()
    MOMENT = auto()
    DAY = auto()
    NUMBER = auto()
    DAYS_SINCE = auto()
    DAYS_UNTIL = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column: its name in both languages, what it holds, and whether it tells who somebody is."""

    swedish: str
    english: str
    cell: Cell = Cell.TEXT
    tells_who: bool = False
    is_personal_number: bool = False
    """There only for those who ask for numbers and may have them."""


def local(moment: datetime | None) -> str:
    """Return a moment as people in Sweden read it, to the minute; empty for none."""
    return moment.astimezone(SWEDEN).strftime("%Y-%m-%d %H:%M") if moment else ""


def text_of(
    value: Value, column: Column, *, as_of: datetime, organizations: dict[str, str], words: Mapping[str, str]
) -> str:
    """Return what the file holds for a value; ``words`` are those of the column's codes."""
    if value is None:
        return ""
    told = value
    match column.cell:
        case Cell.CODE:
            told = words.get(str(value), str(value))
        case Cell.MOMENT if isinstance(value, datetime):
            told = local(value)
        case Cell.ORGANIZATION:
            told = organizations.get(str(value), "")
        case Cell.DAYS_SINCE if isinstance(value, datetime):
            told = (as_of - value).days
        case Cell.DAYS_UNTIL if isinstance(value, date):
            told = (value - swedish_day(as_of)).days
        case Cell.DAY if isinstance(value, date):
            told = value.isoformat()
    return str(told)


def sql_of(name: str, column: Column, words: Mapping[str, str]) -> str:
    """Return the PostgreSQL expression for what ``text_of`` gives, null where that is empty.

    ``%(as_of)s``, ``%(today)s`` and ``%(organizations)s`` are its parameters.
    """
    since = f"extract(epoch FROM %(as_of)s::timestamptz - {name})"
    texts = {
        Cell.MOMENT: f"to_char({name} AT TIME ZONE 'Europe/Stockholm', 'YYYY-MM-DD HH24:MI')",
        Cell.ORGANIZATION: f"nullif(%(organizations)s::jsonb ->> {name}::text, '')",
        Cell.DAYS_SINCE: f"floor({since} / {_DAY_SECONDS})::bigint::text",
        Cell.DAYS_UNTIL: f"({name}::date - %(today)s::date)::text",
        Cell.DAY: f"to_char({name}, 'YYYY-MM-DD')",
        Cell.NUMBER: f"{name}::text",
    }
    plain = f"nullif({name}::text, '')"
    if column.cell is Cell.CODE and words:
        told = " ".join(f"WHEN {_literal(code)} THEN {_literal(word)}" for code, word in words.items())
        return f"CASE {name}::text {told} ELSE {plain} END"
    return texts.get(column.cell, plain)


def _literal(text: str) -> str:
    """Return a text as SQL writes it, with the percent signs of a query that has parameters."""
    return "'" + text.replace("'", "''").replace("%", "%%") + "'"


def excel_number(value: datetime | date) -> float:
    """Return the number by which a spreadsheet knows a day, or a moment in Swedish clock time."""
    if isinstance(value, datetime):
        clock = value.astimezone(SWEDEN).replace(tzinfo=None, second=0, microsecond=0)
        return (clock - datetime(1899, 12, 30)).total_seconds() / _DAY_SECONDS  # noqa: DTZ001 - a clock's face
    return float((value - date(1899, 12, 30)).days)


def utc(moment: datetime) -> str:
    """Return a moment in UTC as text that sorts."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
