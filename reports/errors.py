"""What can stop a report."""

from typing import ClassVar

from journal.errors import DomainError, Refusal


class UnknownReport(DomainError):
    """No report has this code; ``facts`` names those there are."""

    code: ClassVar[str] = "unknown_report"


class ReportRefused(DomainError):
    """The role does not pull this report."""

    code: ClassVar[str] = "role_does_not_pull_report"

    def __init__(self, refusal: Refusal) -> None:
        super().__init__("the role does not pull this report", facts=dict(refusal.facts))


class NumbersRefused(ReportRefused):
    """The role has no personal identity numbers in reports, or the report has none."""

    code: ClassVar[str] = "role_has_no_numbers"


class ReportNotFound(DomainError):
    """There is no such ordered report, not for this reader, or not any more."""

    code: ClassVar[str] = "report_not_found"


class TooManyKept(DomainError):
    """As many files as are kept for one person lie there; ``facts`` say when the first goes."""

    code: ClassVar[str] = "too_many_kept_reports"


class TooLongForPdf(DomainError):
    """More rows than a document that people read may have; CSV or XLSX take them all."""

    code: ClassVar[str] = "report_too_long_for_pdf"


class ReceiptNotSealed(DomainError):
    """The receipt was not asked for, or is not sealed yet, or its days are over."""

    code: ClassVar[str] = "receipt_not_sealed"
