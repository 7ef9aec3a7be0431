"""The inventory as a file: CSV line by line, or a workbook with typed days and filters."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final

from django.utils.translation import gettext as _

from functioncerts.inventory import InventoryRow
from functioncerts.states import FunctionObjectState
from portal import moments, words
from reports.cells import inert

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_MARK: Final = "\ufeff"
_LAST_ROW: Final = 1_048_575
"""A sheet takes no more (ECMA-376)."""
_NUMBER, _DAY = 7, 8
_NO_MOMENT: Final = datetime(1980, 1, 1)  # noqa: DTZ001 - what a ZIP says of its parts: no moment
"""The same list makes the same octets, whenever it is taken out."""


def csv_lines(rows: Iterable[InventoryRow]) -> Iterator[str]:
    """Yield the lines of a CSV file, with a heading."""
    yield _MARK + _line(_heading())
    for row in rows:
        yield _line([str(cell) for cell in _cells(row)])


def workbook(rows: Iterable[InventoryRow]) -> bytes:
    """Return a workbook of the rows: text stays text, days are days, and no cell is a formula."""
    import xlsxwriter  # noqa: PLC0415 - takes a second to load, and few requests ever need it

    options = {
        "constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
        "strings_to_numbers": False,
    }  # fmt: skip
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, options) as book:
        book.set_properties({"created": _NO_MOMENT})
        sheet, bold = book.add_worksheet(_("Function objects")[:31]), book.add_format({"bold": True})
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        heading = _heading()
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(heading) - 1, 22)
        for column, name in enumerate(heading):
            sheet.write_string(0, column, name, bold)
        line = 0
        for line, row in enumerate(rows, start=1):
            for column, cell in enumerate(_cells(row)):
                if column == _NUMBER:
                    sheet.write_number(line, column, row.certificates)
                elif column == _DAY and row.ends_at is not None:
                    sheet.write_datetime(line, column, _day(row.ends_at), day)
                elif cell:
                    sheet.write_string(line, column, str(cell))
            if line == _LAST_ROW:
                break
        sheet.autofilter(0, 0, line, len(heading) - 1)
    return file.getvalue()


def _heading() -> tuple[str, ...]:
    return (
        _("HSA-id"),
        _("Name"),
        _("Kind"),
        _("Organization"),
        _("Unit"),
        _("State"),
        _("Environment"),
        _("Active certificates"),
        _("First ends"),
        _("Tags"),
        _("Mailbox"),
    )


def _cells(row: InventoryRow) -> tuple[object, ...]:
    one = row.function_object
    return (
        one.hsa_id,
        one.name,
        words.FUNCTION_KINDS[one.kind],
        one.organization.name,
        one.unit.name if one.unit else "",
        words.FUNCTION_OBJECT_STATES[FunctionObjectState(one.state)].label,
        one.environment,
        row.certificates,
        _day(row.ends_at).date().isoformat() if row.ends_at else "",
        ", ".join(row.tags),
        one.mailbox,
    )


def _day(at: datetime) -> datetime:
    """Return the day that a moment lies in where the readers are, as workbooks write it."""
    return datetime.fromisoformat(moments.exact(at)[:10])


def _line(cells: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line, delimiter=";").writerow([inert(cell) for cell in cells])
    return line.getvalue()
