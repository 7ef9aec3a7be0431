"""What a report amounts to: how many rows there are of each kind, counted by the database."""

from collections import Counter
from dataclasses import dataclass
from typing import Final

from django.db import connection
from django.db.models import QuerySet

from reports.columns import Cell, Column, text_of
from reports.queries import answer_to, organization_names, stream
from reports.question import Question
from reports.words import vocabulary

_MOST_BARS: Final = 12
_MOST_COLUMNS: Final = 3
_UNCOUNTED: Final = frozenset({"Environment", "Granted by"})
_BLANK: Final = ("inget angivet", "nothing stated")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One value of a column, how many rows have it, and how long its bar is, in percent of the longest."""

    name: str
    count: int
    percent: int
    code: str = ""
    """What the word stands for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakdown:
    """How the rows divide on one column, the most first; what is beyond a dozen is put together."""

    column: Column
    bars: tuple[Bar, ...]
    others: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """How many rows there are, and how they divide."""

    rows: int
    breakdowns: tuple[Breakdown, ...]


def counted_columns(fields: tuple[Column, ...]) -> list[int]:
    """Return the places of the columns that a report is counted by."""
    wanted = [
        index
        for index, field in enumerate(fields)
        if field.cell in {Cell.CODE, Cell.ORGANIZATION}
        and not field.tells_who
        and field.english not in _UNCOUNTED | {"Serial number"}
    ]
    return sorted(wanted, key=lambda index: fields[index].english != "State")[:_MOST_COLUMNS]


def summary_of(question: Question, *, language: int = 0) -> Summary:
    """Count the answer to a question, with the words of a language: 0 for Swedish, 1 for English."""
    fields, names = question.fields, organization_names()
    places = counted_columns(fields)
    rows, counts = _counted(question, places)
    breakdowns = []
    for place in places:
        words, field = vocabulary(fields[place].english, language), fields[place]
        named: Counter[tuple[str, str]] = Counter()
        for value, count in counts[place].items():
            told = text_of(value, field, as_of=question.as_of, organizations=names, words=words)
            named[told, value] += count
        breakdowns.append(_breakdown(field, named, language=language))
    return Summary(rows=rows, breakdowns=tuple(one for one in breakdowns if one.bars))


def _counted(question: Question, places: list[int]) -> tuple[int, dict[int, Counter[str]]]:
    answer = answer_to(question)
    if not isinstance(answer, QuerySet):
        found = 0
        streamed: dict[int, Counter[str]] = {place: Counter() for place in places}
        for raw in stream(answer):
            found += 1
            for place in places:
                streamed[place][_key(raw[place])] += 1
        return found, streamed
    names = ", ".join(f"c{index}" for index, _ in enumerate(question.fields))
    sql, parameters = answer.order_by().query.sql_with_params()
    counts: dict[int, Counter[str]] = {}
    rows = 0
    with connection.cursor() as cursor:
        cursor.execute(f"WITH q({names}) AS ({sql}) SELECT count(*) FROM q", parameters)  # noqa: S608 - our query
        rows = int(cursor.fetchone()[0])
        for place in places:
            counting = f"WITH q({names}) AS ({sql}) SELECT c{place}, count(*) FROM q GROUP BY c{place}"  # noqa: S608 - our query
            cursor.execute(counting, parameters)
            counts[place] = Counter({_key(value): int(count) for value, count in cursor.fetchall()})
    return rows, counts


def _key(value: object) -> str:
    """Return a value as text; SQLite holds ids without dashes."""
    text = "" if value is None else str(value)
    is_bare = len(text) == 32 and connection.vendor == "sqlite"  # noqa: PLR2004 - hexadecimal digits of a UUID
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:])) if is_bare else text


def _breakdown(column: Column, counts: Counter[tuple[str, str]], *, language: int) -> Breakdown:
    blank = _BLANK[language]
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    shown, most = ordered[:_MOST_BARS], max(counts.values(), default=1)
    return Breakdown(
        column=column,
        bars=tuple(
            Bar(name=name or blank, count=count, percent=max(1, round(100 * count / most)), code=code)
            for (name, code), count in shown
        ),
        others=sum(count for _, count in ordered[_MOST_BARS:]),
    )
