"""Writes a report as a workbook or as a document that people read; both hold no clock and no chance.

The same question has the same octets: moments come from the question and from the signed head that it names.
"""

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import BinaryIO, Final

from django.template.loader import render_to_string

from directory.models import Organization
from reports.columns import Cell, local
from reports.errors import TooLongForPdf
from reports.queries import Row
from reports.question import Question
from reports.summary import Summary
from reports.tables import Progress, Typed, no_progress
from reports.words import vocabulary

MOST_ROWS_IN_PDF: Final = 1000
MOST_ROWS_ATTACHED: Final = 100_000
"""A document carries its whole table inside; above this it is no document any more."""
_SHEET_ROWS: Final = 1_048_575
_REPORTED_EVERY: Final = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """What stands above a report: the question, and the signed head of the journal that it names."""

    question: Question
    environment: str
    journal_size: int
    journal_root: str

    def about(self, count: int) -> list[tuple[str, str]]:
        """Return what is said of the report, in names and values."""
        question = self.question
        told = [
            ("Rapport", f"{question.code} {question.kind.name[0]}"),
            ("Miljö", self.environment),
            *([("Från och med", local(question.since))] if question.since else []),
            ("Till och med" if question.since else "Läget", local(question.as_of)),
            ("Omfång", _scope(question)),
            *(
                (_FILTERS[name], vocabulary(_VOCABULARY.get(name, ""), 0).get(value, value))
                for name, value in question.filters.items()
                if name in _FILTERS
            ),
            ("Rader", str(count)),
        ]
        if self.journal_root:
            told.append(("Loggens huvud", f"{self.journal_size} rader, {self.journal_root}"))
        return told


_FILTERS: Final = {
    "area": "Utgivningsområde", "unit": "Enhet och de under den", "product": "Produkt", "loa": "Tillitsnivå",
    "state": "Läge", "operator": "Utfört av", "days": "Dagar framåt",
}  # fmt: skip
_VOCABULARY: Final = {"product": "Product", "state": "State"}


def _scope(question: Question) -> str:
    reached = question.reached()
    if reached is None:
        return "Alla organisationer"
    names = Organization.objects.filter(pk__in=reached).order_by("hsa_id").values_list("name", flat=True)
    return ", ".join(names) or "Inga organisationer"


def write_xlsx(
    rows: Iterable[Typed],
    *,
    heading: Heading,
    path: Path,
    folder: Path | None = None,
    progress: Progress = no_progress,
) -> int:
    """Write a workbook: typed cells under a frozen heading with filters, and a sheet that says what it is.

    ``folder`` is where parts of it lie meanwhile. Returns the number of rows.
    """
    import xlsxwriter  # noqa: PLC0415 - takes a second to load, and few processes ever need it

    question, fields = heading.question, heading.question.fields
    options = {
        "constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
        "strings_to_numbers": False, **({"tmpdir": str(folder)} if folder else {}),
    }  # fmt: skip
    with xlsxwriter.Workbook(str(path), options) as book:
        created = question.as_of.astimezone(UTC).replace(tzinfo=None, microsecond=0)
        book.set_properties({"title": f"{question.code} {question.kind.name[0]}", "created": created})
        bold = book.add_format({"bold": True})
        formats = {
            Cell.MOMENT: book.add_format({"num_format": "yyyy-mm-dd hh:mm"}),
            Cell.DAY: book.add_format({"num_format": "yyyy-mm-dd"}),
        }
        shown = [formats.get(field.cell) for field in fields]
        count, line, sheet = 0, 0, None
        for row in rows:
            if sheet is None or line == _SHEET_ROWS:
                if sheet is not None:
                    sheet.autofilter(0, 0, line, len(fields) - 1)
                sheet, line = _sheet(book, heading, bold, number=count // _SHEET_ROWS), 0
                write_text, write_number = sheet.write_string, sheet.write_number
            line, count = line + 1, count + 1
            for column, cell in enumerate(row):
                if cell is None or cell == "":
                    continue
                if isinstance(cell, str):
                    write_text(line, column, cell)
                else:
                    write_number(line, column, cell, shown[column])
            if not count % _REPORTED_EVERY:
                progress(count)
        sheet = sheet or _sheet(book, heading, bold, number=0)
        sheet.autofilter(0, 0, line, len(fields) - 1)
        about = book.add_worksheet("Om rapporten")
        about.set_column(0, 1, 32)
        for place, (name, value) in enumerate(heading.about(count)):
            about.write_string(place, 0, name, bold)
            about.write_string(place, 1, value)
    progress(count)
    return count


def _sheet(book, heading: Heading, bold, *, number: int):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202 - xlsxwriter has no types
    name = heading.question.kind.name[0][:25]
    sheet = book.add_worksheet(f"{name} {number + 1}" if number else name)
    sheet.freeze_panes(1, 0)
    for column, field in enumerate(heading.question.fields):
        sheet.set_column(column, column, max(14, len(field.swedish) + 4))
    for column, field in enumerate(heading.question.fields):
        sheet.write_string(0, column, field.swedish, bold)
    return sheet


def write_pdf(
    rows: Sequence[Row], *, heading: Heading, summary: Summary, table: bytes, handle: BinaryIO
) -> int:
    """Write the document that people read: PDF/A-3 with tags, its first rows shown, the whole CSV inside.

    Raises ``TooLongForPdf`` when more than a thousand rows are to be shown, or too many to carry.
    """
    if len(rows) > MOST_ROWS_IN_PDF or summary.rows > MOST_ROWS_ATTACHED:
        raise TooLongForPdf(
            f"{summary.rows} rows are too many for a PDF",
            facts={"rows": str(summary.rows), "most": str(MOST_ROWS_ATTACHED)},
        )
    import weasyprint  # noqa: PLC0415 - takes a second to load, and few processes ever need it

    question = heading.question
    html = render_to_string(
        "reports/report.html",
        {
            "question": question,
            "kind": question.kind,
            "moment": question.as_of.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "rows": rows,
            "summary": summary,
            "hidden": summary.rows - len(rows),
            "about": heading.about(summary.rows),
            "file": f"{question.code}.csv",
        },
    )
    attached = weasyprint.Attachment(
        string=table,
        name=f"{question.code}.csv",
        description="Hela tabellen",
        created=question.as_of,
        modified=question.as_of,
        relationship="Data",
    )
    with warnings.catch_warnings():
        # WeasyPrint 70 leaves closing its own colour profile to the collector.
        warnings.filterwarnings("ignore", message="unclosed file .*sRGB2014", category=ResourceWarning)
        weasyprint.HTML(string=html).write_pdf(
            handle, pdf_variant="pdf/a-3a", attachments=[attached], pdf_identifier=question.code.encode()
        )
    return len(rows)
