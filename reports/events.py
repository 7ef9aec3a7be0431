"""What the journal keeps of reports: ordered, made with which digest, pulled, deleted."""

from dataclasses import dataclass
from typing import ClassVar

from journal.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOrdered(Event):
    """Somebody ordered a report, with personal identity numbers or without; the worker makes it."""

    TYPE: ClassVar[str] = "report.ordered"
    VERSION: ClassVar[int] = 2
    IS_PRIVILEGED: ClassVar[bool] = True
    ordered_report_id: str
    report: str
    format: str
    as_of: str
    with_numbers: bool
    organization_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportMade(Event):
    """A report was written to a file; ``sha256`` is the file's, ``as_of`` RFC 3339.

    The file and this entry name the same rows, moment and signed head: with the entry's proof anybody can
    tell that no row is missing. ``since`` is the period's first moment, empty for a status report.
    """

    TYPE: ClassVar[str] = "report.made"
    VERSION: ClassVar[int] = 2
    IS_PRIVILEGED: ClassVar[bool] = True
    ordered_report_id: str
    report: str
    format: str
    as_of: str
    since_at: str
    rows: int
    sha256: str
    journal_size: int
    journal_root_hash: str
    organization_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportReady(Event):
    """A report has its proof and, as a document, its seal: it may be taken."""

    TYPE: ClassVar[str] = "report.ready"
    VERSION: ClassVar[int] = 1
    ordered_report_id: str
    report: str
    organization_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportAnnounced(Event):
    """Those who get a recurring report were told by mail that it is there; ``recipients`` how many."""

    TYPE: ClassVar[str] = "report.announced"
    VERSION: ClassVar[int] = 1
    ordered_report_id: str
    report: str
    recipients: int
    organization_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportScheduled(Event):
    """Somebody let a report recur."""

    TYPE: ClassVar[str] = "report.scheduled"
    VERSION: ClassVar[int] = 1
    IS_PRIVILEGED: ClassVar[bool] = True
    report_schedule_id: str
    report: str
    format: str
    period: str
    role: str
    organization_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportScheduleEnded(Event):
    """Somebody ended the recurrence of a report."""

    TYPE: ClassVar[str] = "report.schedule_ended"
    VERSION: ClassVar[int] = 1
    report_schedule_id: str
    report: str
    organization_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPulled(Event):
    """Somebody took the file of a report, or was shown its first rows or its count (``format``)."""

    TYPE: ClassVar[str] = "report.pulled"
    VERSION: ClassVar[int] = 2
    IS_PRIVILEGED: ClassVar[bool] = True
    ordered_report_id: str
    report: str
    format: str
    as_of: str
    rows: int
    with_numbers: bool
    organization_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFailed(Event):
    """A report could not be made."""

    TYPE: ClassVar[str] = "report.failed"
    VERSION: ClassVar[int] = 1
    ordered_report_id: str
    report: str
    failure: str
    organization_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDeleted(Event):
    """The days of a report's file were over: its key is destroyed and the file removed."""

    TYPE: ClassVar[str] = "report.deleted"
    VERSION: ClassVar[int] = 1
    ordered_report_id: str
    report: str
    organization_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OldReportImported(Event):
    """A report of the old portal was taken over as it was."""

    TYPE: ClassVar[str] = "old_report.imported"
    old_report_id: str
    sha256: str
    organization_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OldReportPulled(Event):
    """Somebody took a report of the old portal."""

    TYPE: ClassVar[str] = "old_report.pulled"
    IS_PRIVILEGED: ClassVar[bool] = True
    old_report_id: str
    organization_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OldReportDeleted(Event):
    """The old portal's reports were closed: its key is destroyed and the file removed."""

    TYPE: ClassVar[str] = "old_report.deleted"
    old_report_id: str
    organization_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptRequested(Event):
    """Somebody asked for the sealed receipt of an activation or a block; the worker makes it."""

    TYPE: ClassVar[str] = "receipt.requested"
    VERSION: ClassVar[int] = 1
    sealed_receipt_id: str
    kind: str
    card_id: str
    organization_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptSealed(Event):
    """A receipt was written and sealed; ``sha256`` is that of the sealed file."""

    TYPE: ClassVar[str] = "receipt.sealed"
    VERSION: ClassVar[int] = 1
    sealed_receipt_id: str
    kind: str
    card_id: str
    organization_id: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptDeleted(Event):
    """The sealed copy of a receipt went with its key; it can be asked for anew."""

    TYPE: ClassVar[str] = "receipt.deleted"
    VERSION: ClassVar[int] = 1
    sealed_receipt_id: str
    kind: str
    card_id: str
    organization_id: str
