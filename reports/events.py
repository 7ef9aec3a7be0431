"""What the journal keeps of reports: that one was pulled, of what, and the digest of the file."""

from dataclasses import dataclass
from typing import ClassVar

from journal.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportMade(Event):
    """A report was written to a file; ``sha256`` is the file's, ``as_of`` RFC 3339."""

    TYPE: ClassVar[str] = "report.made"
    VERSION: ClassVar[int] = 1
    IS_PRIVILEGED: ClassVar[bool] = True
    report: str
    format: str
    as_of: str
    rows: int
    sha256: str
    organization_id: str
