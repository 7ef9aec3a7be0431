"""What backup and restore tell the journal."""

from dataclasses import dataclass
from typing import ClassVar

from journal.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupMade(Event):
    """A backup was written and is on disk. ``sha256`` is that of the file: it names what may be restored."""

    TYPE: ClassVar[str] = "backup.made"
    backup_id: str
    sha256: str
    is_encrypted: bool
    journal_rows: int
    journal_root_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationsReplayed(Event):
    """After a restore: what ledger and published CRLs knew as revoked, and the database did not."""

    TYPE: ClassVar[str] = "revocations.replayed"
    restore_id: str
    ledger_entries: int
    taken_from_crls: int
    revoked_again: int
    unknown_serials: int
