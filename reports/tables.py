"""Streams the rows of an answer: made into text by PostgreSQL itself where it is the database, else here."""

import csv
import io
import json
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import cache
from itertools import islice
from typing import Any, BinaryIO, Final

from django.db import connection
from django.db.models import F, QuerySet

from reports.cells import inert
from reports.columns import Cell, Column, excel_number, sql_of
from reports.queries import CHUNK, Answer, Row, Streamed, answer_to, organization_names, stream, teller
from reports.question import Question
from reports.words import vocabulary

Progress = Callable[[int], None]
Typed = tuple[str | float | None, ...]
_REPORTED_EVERY: Final = 20_000
_PLAIN: Final = 0x3000
"""Signs above this are computed only when they are a form of one below."""
_GUARDED: Final = frozenset({Cell.TEXT})
_NUMBERS: Final = frozenset({Cell.NUMBER, Cell.DAYS_SINCE, Cell.DAYS_UNTIL})


def no_progress(count: int) -> None:
    """Tell nobody how many rows there are so far."""


def count_rows(question: Question) -> int:
    """Return how many rows answer a question."""
    answer = answer_to(question)
    return answer.count() if isinstance(answer, QuerySet | Streamed) else sum(1 for _ in answer)


def first_rows(question: Question, most: int, *, language: int = 0) -> list[Row]:
    """Return the first rows of the answer as text, 0 for Swedish, 1 for English."""
    answer = answer_to(question)
    found = answer[:most] if isinstance(answer, QuerySet) else islice(answer, most)
    told = teller(question, language=language)
    return [told(raw) for raw in found]


def write_csv(question: Question, *, handle: BinaryIO, progress: Progress = no_progress) -> int:
    """Write the answer with semicolons and a byte-order mark, as Swedish Excel reads it; return its rows."""
    handle.write("\N{BYTE ORDER MARK}".encode())
    handle.write(_line([column.swedish for column in question.fields]))
    answer = answer_to(question)
    lines = _copied(answer, question) if _is_copied(answer) else _written(answer, question)
    count = 0
    for line in lines:
        handle.write(line)
        count += 1
        if not count % _REPORTED_EVERY:
            progress(count)
    progress(count)
    return count


def typed_rows(question: Question) -> Iterator[Typed]:
    """Yield rows as a spreadsheet takes them: text, numbers, and days and moments as its numbers."""
    answer = answer_to(question)
    if isinstance(answer, QuerySet) and connection.vendor == "postgresql":
        sql, parameters = _formatted(answer, question, _typed_sql)
        with connection.chunked_cursor() as cursor:
            cursor.execute(sql, parameters)
            while batch := cursor.fetchmany(CHUNK):
                yield from batch
        return
    told, fields = teller(question), question.fields
    for raw in stream(answer):
        yield tuple(
            excel_number(value)
            if isinstance(value, date) and field.cell in {Cell.MOMENT, Cell.DAY}
            else _number_or_text(text, field)
            for value, text, field in zip(raw, told(raw), fields, strict=True)
        )


def _number_or_text(text: str, field: Column) -> str | float | None:
    if not text:
        return None
    return float(text) if field.cell in _NUMBERS else text


def _is_copied(answer: Answer) -> bool:
    return connection.vendor == "postgresql" and isinstance(answer, QuerySet)


def _line(cells: list[str]) -> bytes:
    line = io.StringIO(newline="")
    csv.writer(line, delimiter=";", lineterminator="\r\n").writerow(cells)
    return line.getvalue().encode()


def _written(answer: Answer, question: Question) -> Iterator[bytes]:
    told = teller(question)
    for raw in stream(answer):
        yield _line([inert(text) for text in told(raw)])


def _copied(answer: Answer, question: Question) -> Iterator[bytes]:
    """Yield the lines that PostgreSQL makes; it writes CSV as Python does but for the end of a line."""
    sql, parameters = _formatted(answer, question, _guarded_sql)
    copy = f"COPY ({sql}) TO STDOUT (FORMAT csv, DELIMITER ';')"
    with connection.cursor() as cursor, cursor.copy(copy, parameters) as rows:
        for row in rows:
            yield bytes(row[:-1]) + b"\r\n"


def _formatted(
    answer: Answer, question: Question, cell: Callable[[str, Column, Mapping[str, str]], str]
) -> tuple[str, dict[str, Any]]:
    """Return the SQL of the answer with each of its columns formatted, and its parameters."""
    query = answer.query.clone()  # type: ignore[union-attr] # a query, as the callers saw
    ordering = [str(name) for name in query.order_by]
    query.clear_ordering(force=True)
    for place, name in enumerate(ordering):
        query.add_annotation(F(name), f"ordered_{place}")
    inner, values = query.sql_with_params()
    parameters: dict[str, Any] = {f"p{index}": value for index, value in enumerate(values)}
    names = [f"c{index}" for index, _ in enumerate(question.fields)]
    cells = ", ".join(
        cell(f"q.{name}", field, vocabulary(field.english, 0))
        for name, field in zip(names, question.fields, strict=True)
    )
    placed = inner % tuple(f"%({name})s" for name in parameters)
    parameters |= {
        "as_of": question.as_of,
        "today": question.today,
        "organizations": json.dumps({key: inert(name) for key, name in organization_names().items()}),
    }
    if any(field.cell in _GUARDED for field in question.fields):
        parameters["computed"] = _computed_pattern()
    # Ordered outside, so that parallel workers of the database format what they read.
    by = [f"o{place}" for place, _ in enumerate(ordering)]
    columns = ", ".join([*names, *by])
    told = f"SELECT {cells} FROM ({placed}) AS q({columns}) ORDER BY {', '.join(by)}"  # noqa: S608 - names of ours
    return told, parameters


def _guarded_sql(name: str, field: Column, words: Mapping[str, str]) -> str:
    text = sql_of(name, field, words)
    if field.cell not in _GUARDED:
        return text
    return f"CASE WHEN {name}::text ~ %(computed)s THEN '''' || {name}::text ELSE {text} END"


def _typed_sql(name: str, field: Column, words: Mapping[str, str]) -> str:
    match field.cell:
        case Cell.MOMENT:
            clock = f"date_trunc('minute', {name} AT TIME ZONE 'Europe/Stockholm')"
            return f"(extract(epoch FROM {clock} - timestamp '1899-12-30') / 86400)::float8"
        case Cell.DAY:
            return f"({name}::date - date '1899-12-30')::float8"
        case Cell.NUMBER | Cell.DAYS_SINCE | Cell.DAYS_UNTIL:
            return f"({sql_of(name, field, words)})::float8"
    return sql_of(name, field, words)


@cache
def _computed_pattern() -> str:
    """Return the regular expression for what ``inert`` puts an apostrophe before, read off from it."""
    unseen, computed = [], []
    for number in range(1, 0x110000):
        letter = chr(number)
        if unicodedata.category(letter) in {"Cc", "Cf", "Zl", "Zp", "Zs"}:
            unseen.append(number)
        elif (number < _PLAIN or unicodedata.decomposition(letter)) and inert(letter) != letter:
            computed.append(number)
    return f"^[\\t\\r\\n]|^{_class(unseen)}*{_class(computed)}"


def _class(numbers: list[int]) -> str:
    """Return a bracket expression of PostgreSQL for these code points."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return "[" + "".join(f"\\U{first:08X}-\\U{last:08X}" for first, last in ranges) + "]"
