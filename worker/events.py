"""What the worker's own acts tell the journal: backup, restore, jobs, the signer's state, QA by hand."""

from dataclasses import dataclass
from typing import ClassVar

from journal.events import Event, Personal


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


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEnded(Event):
    """A periodic job did something, failed for the first time in a row, or works again. No empty runs.

    ``outcome`` is one of ``done failed recovered``; ``failure`` is the name of the error, never its text.
    """

    TYPE: ClassVar[str] = "job.ended"
    job: str
    outcome: str
    failure: str
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EntrySetAside(Event):
    """A consumer could not take an entry; it stands on the dead-letter list until an operator sees to it."""

    TYPE: ClassVar[str] = "consumer.dead_letter"
    consumer: str
    position: int
    entry_type: str
    failure: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HsmFaulted(Event):
    """The signer met faults of the token since the last look; ``counts`` belong to ``faults`` in order."""

    TYPE: ClassVar[str] = "hsm.faulted"
    process: int
    faults: tuple[str, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HsmRepaired(Event):
    """The signer put a proved copy in the place of a damaged token."""

    TYPE: ClassVar[str] = "hsm.repaired"
    process: int
    repairs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerLost(Event):
    """The signer process does not answer: nothing can be signed until it does."""

    TYPE: ClassVar[str] = "signer.lost"
    process: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerFound(Event):
    """A signer process answers that did not before."""

    TYPE: ClassVar[str] = "signer.found"
    process: int
    keys: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QaManualIssuance(Event):
    """Certificates of QA were asked for by the manual routine (QA-4), beside desk, client and portal.

    ``officer`` (of the person ``person_id``) was named on the command line: nobody proved to be that person.
    """

    TYPE: ClassVar[str] = "qa.manual_issuance"
    IS_PRIVILEGED: ClassVar[bool] = True
    kind: str
    officer: Personal
    person_id: str
    organization_id: str
    card_id: str
    function_object_id: str
    certificate_request_ids: tuple[str, ...]
