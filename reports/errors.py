"""What can stop a report."""

from typing import ClassVar

from journal.errors import DomainError


class UnknownReport(DomainError):
    """No report has this code; ``facts`` names those there are."""

    code: ClassVar[str] = "unknown_report"


class TooLongForPdf(DomainError):
    """More rows than a document that people read may have; CSV or XLSX take them all."""

    code: ClassVar[str] = "report_too_long_for_pdf"
