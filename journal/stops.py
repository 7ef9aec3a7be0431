"""Whether the journal works as a proof; while it does not, nobody is ordered, given or issued anything.

Asked of the database by its own clock: how long the oldest entry has waited for its place in the tree, and
how long the oldest entry in the tree has waited for a signed head. Both are seconds in a healthy system.
Revocation is not stopped: it needs only that its own event can be written.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from django.conf import settings
from django.db import (
    DatabaseError,
    DataError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    connection,
)

from journal.errors import DomainError

_FULL_OR_CLOSED: Final = ("53", "25")
"""SQLSTATE classes: insufficient resources (disk full), and a database that is read-only."""
_SQLITE_NO_ROOM: Final = ("SQLITE_FULL", "SQLITE_READONLY", "SQLITE_IOERR")


class JournalNotWritable(DomainError, OperationalError):
    """The database takes no entry: no right, no room, or a trigger. What cannot be recorded is not done.

    Also an ``OperationalError``: jobs wait and try again, as for a database that is away.
    """

    code = "journal_not_writable"


class JournalStopped(DomainError, OperationalError):
    """Entries get no place in the tree, or no signed head: nothing privileged is done meanwhile.

    ``facts["stopped"]`` is one of ``sequencing signing``. Also an ``OperationalError``, as above.
    """

    code = "journal_stopped"


class Stoppage(StrEnum):
    """What stands still."""

    SEQUENCING = "sequencing"
    SIGNING = "signing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long an entry may wait before privileged acts stop."""

    sequencing: timedelta
    signing: timedelta


def limits() -> Limits:
    """Return the installation's limits."""
    return Limits(
        sequencing=timedelta(seconds=settings.SIGILL_JOURNAL_SEQUENCING_LIMIT_SECONDS),
        signing=timedelta(seconds=settings.SIGILL_JOURNAL_SIGNING_LIMIT_SECONDS),
    )


def stoppage() -> Stoppage | None:
    """Return what stands still, or None while the journal works."""
    allowed = limits()
    with connection.cursor() as cursor:
        cursor.execute(
            _LATE.format(before=_BEFORE[connection.vendor]),
            [_shift(allowed.sequencing), _shift(allowed.signing)],
        )
        unplaced, unsigned = cursor.fetchone()
    if unplaced:
        return Stoppage.SEQUENCING
    return Stoppage.SIGNING if unsigned else None


_LATE: Final = """
SELECT
  (SELECT entry.recorded_at < {before} FROM journal_unsequenced waiting
   JOIN journal_entry entry ON entry.id = waiting.entry_id ORDER BY waiting.entry_id LIMIT 1),
  (SELECT entry.recorded_at < {before} FROM journal_leaf leaf
   JOIN journal_entry entry ON entry.id = leaf.entry_id
   WHERE leaf.position = (SELECT COALESCE(MAX(size), 0) FROM journal_checkpoint))
"""
"""One question to the database, for it is asked at every privileged act: of the oldest entry of each kind."""

_BEFORE: Final = {
    "postgresql": "statement_timestamp() + %s::interval",
    "sqlite": "strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now', %s)",
}


def _shift(limit: timedelta) -> str:
    return f"{-limit.total_seconds():+.3f} seconds"


def require_working_journal() -> None:
    """Raise ``JournalStopped`` when entries get no place or no signed head."""
    stopped = stoppage()
    if stopped is not None:
        raise JournalStopped(f"the journal's {stopped.value} stands still", facts={"stopped": stopped.value})


def refused(error: DatabaseError) -> DatabaseError:
    """Return the error of an append as its caller should see it.

    A database that is away or busy stays what it is: it passes. One that takes no row (no right, no room,
    a trigger) becomes ``JournalNotWritable``.
    """
    if isinstance(error, InterfaceError | DataError):
        return error
    cause = error.__cause__
    state = str(getattr(cause, "sqlstate", "") or "")
    name = str(getattr(cause, "sqlite_errorname", "") or "")
    if isinstance(error, OperationalError):
        is_refusal = state.startswith(_FULL_OR_CLOSED) or name.startswith(_SQLITE_NO_ROOM)
    elif isinstance(error, IntegrityError):
        is_refusal = name == "SQLITE_CONSTRAINT_TRIGGER"
    else:
        is_refusal = True
    return JournalNotWritable("the database takes no journal entry") if is_refusal else error
