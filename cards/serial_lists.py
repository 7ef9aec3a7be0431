"""The list that comes with a box of reserve cards: one card a line, read strictly."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from cards.card_number import CardNumberInvalid, parse_card_number
from cards.products import CardKind, product
from cards.stock_errors import SerialListUnreadable

COLUMNS: Final = ("box", "product", "valid_until", "card_number")
MOST_CARDS: Final = 1000
_BOX: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,39}", re.ASCII)
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class SerialList:
    """What the producer says is in a box."""

    box: str
    product_code: str
    valid_until: date
    card_numbers: tuple[str, ...]


def parse_serial_list(text: str) -> SerialList:
    """Read the list: the header, then for each card box, product, last day and number, parted by semicolons.

    Raises SerialListUnreadable, which names the line: another header, another box or product in the middle,
    a number that is none or stands there twice, a product that is no reserve card, over a thousand cards.
    """
    lines = [line.strip() for line in text.lstrip("\ufeff").splitlines()]
    rows = [(number, line.split(";")) for number, line in enumerate(lines, start=1) if line]
    if not rows or tuple(cell.strip().lower() for cell in rows[0][1]) != COLUMNS:
        raise SerialListUnreadable.at_line(1, "header")
    if len(rows) == 1:
        raise SerialListUnreadable.at_line(2, "no_cards")
    if len(rows) > MOST_CARDS + 1:
        raise SerialListUnreadable.at_line(MOST_CARDS + 2, "too_many")
    first = _same_in_all(rows[1][1], line=rows[1][0])
    numbers: dict[str, int] = {}
    for line, cells in rows[1:]:
        if _same_in_all(cells, line=line) != first:
            raise SerialListUnreadable.at_line(line, "another_box")
        number = _number(cells[3], line=line)
        if number in numbers:
            raise SerialListUnreadable.at_line(line, "twice")
        numbers[number] = line
    box, product_code, valid_until = first
    return SerialList(
        box=box, product_code=product_code, valid_until=valid_until, card_numbers=tuple(numbers)
    )


def written(serial_list: SerialList) -> str:
    """Return the list as the producer writes it."""
    rows = (
        f"{serial_list.box};{serial_list.product_code};{serial_list.valid_until.isoformat()};{number}"
        for number in serial_list.card_numbers
    )
    return "".join(f"{row}\r\n" for row in (";".join(COLUMNS), *rows))


def _same_in_all(cells: list[str], *, line: int) -> tuple[str, str, date]:
    """Return box, product and last day of a line."""
    if len(cells) != len(COLUMNS):
        raise SerialListUnreadable.at_line(line, "cells")
    box, code, day = (cell.strip() for cell in cells[:3])
    item = product(code)
    if not _BOX.fullmatch(box):
        raise SerialListUnreadable.at_line(line, "box")
    if item is None or item.kind is not CardKind.RESERVE:
        raise SerialListUnreadable.at_line(line, "product")
    if not _DAY.fullmatch(day):
        raise SerialListUnreadable.at_line(line, "day")
    try:
        return box, code, date.fromisoformat(day)
    except ValueError:
        raise SerialListUnreadable.at_line(line, "day") from None


def _number(cell: str, *, line: int) -> str:
    try:
        return parse_card_number(cell.strip()).digits
    except CardNumberInvalid as error:
        raise SerialListUnreadable.at_line(line, "number") from error
