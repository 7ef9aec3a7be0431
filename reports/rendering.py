"""Writes a report's rows as CSV, XLSX or PDF; a cell is never a formula."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, TextIO

from django.template.loader import render_to_string

from reports.catalogue import ReportKind
from reports.cells import inert
from reports.errors import TooLongForPdf
from reports.queries import Row, local

MOST_ROWS_IN_PDF = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """What stands above a report: what it is, as of when, made when and by whom, and the journal's head."""

    kind: ReportKind
    as_of: datetime
    made_at: datetime
    made_by: str
    environment: str
    journal_size: int
    journal_root: str


def write_csv(rows: Iterable[Row], *, kind: ReportKind, handle: TextIO) -> int:
    """Write semicolons and a byte-order mark, as Swedish Excel reads them; return the number of rows."""
    handle.write("\N{BYTE ORDER MARK}")
    writer = csv.writer(handle, delimiter=";", lineterminator="\r\n")
    writer.writerow([swedish for swedish, _ in kind.columns])
    count = 0
    for row in rows:
        writer.writerow([inert(cell) for cell in row])
        count += 1
    return count


def write_xlsx(rows: Iterable[Row], *, heading: Heading, path: Path) -> int:
    """Write a workbook with one sheet of rows and one that says what they are; return the count."""
    import xlsxwriter  # noqa: PLC0415 - takes a second to load, and few processes ever need it

    with xlsxwriter.Workbook(str(path), {"constant_memory": True, "strings_to_formulas": False}) as book:
        bold = book.add_format({"bold": True})
        sheet = book.add_worksheet(heading.kind.name[0][:31])
        sheet.freeze_panes(1, 0)
        for column, (swedish, _) in enumerate(heading.kind.columns):
            sheet.write_string(0, column, swedish, bold)
            sheet.set_column(column, column, max(14, len(swedish) + 2))
        count = 0
        for count, row in enumerate(rows, start=1):
            for column, cell in enumerate(row):
                sheet.write_string(count, column, cell)
        about = book.add_worksheet("Om rapporten")
        for line, (name, value) in enumerate(_about(heading, count)):
            about.write_string(line, 0, name, bold)
            about.write_string(line, 1, value)
        about.set_column(0, 1, 32)
    return count


def write_pdf(rows: Sequence[Row], *, heading: Heading, handle: BinaryIO) -> int:
    """Write a tagged PDF that people read; raises ``TooLongForPdf`` above a thousand rows."""
    if len(rows) > MOST_ROWS_IN_PDF:
        raise TooLongForPdf(
            f"{len(rows)} rows are too many for a PDF",
            facts={"rows": str(len(rows)), "most": str(MOST_ROWS_IN_PDF)},
        )
    import weasyprint  # noqa: PLC0415 - takes a second to load, and few processes ever need it

    html = render_to_string(
        "reports/report.html", {"heading": heading, "rows": rows, "about": _about(heading, len(rows))}
    )
    weasyprint.HTML(string=html).write_pdf(handle, pdf_variant="pdf/ua-1")
    return len(rows)


def _about(heading: Heading, count: int) -> list[tuple[str, str]]:
    return [
        ("Rapport", f"{heading.kind.code} {heading.kind.name[0]}"),
        ("Miljö", heading.environment),
        ("Läget", local(heading.as_of)),
        ("Gjord", local(heading.made_at)),
        ("Gjord av", heading.made_by),
        ("Rader", str(count)),
        ("Journalens huvud", f"{heading.journal_size} rader, {heading.journal_root}"),
    ]
