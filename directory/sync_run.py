"""One reading of a register from start to end: counting, the cap, and who has been missing long enough.

design.md decision 9: absence in a register is not an error in a register. Only a complete reading counts
towards missing; only after several does anybody become missing; and a run that would cost more people
something than the cap allows writes none of it and waits for a decision (``sync_decisions``), as does what
somebody discarded or undid before. What a run wrote stands row by row in ``SyncChange``.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models import F

from directory.configuration import SyncRules
from directory.errors import SyncRunTaken
from directory.events import SyncEnded
from directory.models import Employment, Person, SyncRun, SyncState
from directory.sync_changes import Difference, mark_missing, missing
from directory.sync_models import ChangeState, SyncChange
from journal.actor import Actor
from journal.recording import record

_BATCH = 500
GIVE_UP = 3
"""Failures in a row after which a register is taken to be down."""

UNDO_WITHIN = timedelta(days=30)
"""How long the former values are kept, and with them the possibility of undoing a run."""
_BEAT_EACH = 25

Progress = Callable[[int, int], None]
"""Called with how many are done of how many."""
Clock = Callable[[], datetime]


def silent(done: int, total: int) -> None:
    """Show no progress."""


def chunks(items: list[str], size: int) -> Iterator[list[str]]:
    """Return the items, ``size`` at a time."""
    for first in range(0, len(items), size):
        yield items[first : first + size]


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """A difference that costs somebody something, and how to write it once the reading is whole."""

    difference: Difference
    write: Callable[[], bool]


@dataclass(slots=True, kw_only=True)
class Reading:
    """The counts of a run under way. ``absent`` are the keys of those the register did not know."""

    run_id: UUID
    register: str
    rules: SyncRules
    is_preview: bool = False
    asked: int = 0
    read: int = 0
    imported: int = 0
    changed: int = 0
    failure: str = ""
    is_complete: bool = True
    absent: list[UUID] = field(default_factory=list)
    costly: list[Staged] = field(default_factory=list)

    def fail(self, failure: str) -> None:
        """Note that the reading is not complete; the first reason is kept."""
        self.is_complete = False
        self.failure = self.failure or failure[:64]


def start(register: str, *, rules: SyncRules, at: datetime, run_id: UUID | None = None) -> Reading:
    """Begin a reading, or the one that was asked for with ``run_id``.

    One that never ended is closed as incomplete: its process is gone or superseded. Raises ``SyncRunTaken``
    when somebody else has begun the one that was asked for.
    """
    is_preview = False
    with transaction.atomic():
        SyncRun.objects.filter(register=register, state=SyncState.RUNNING.value).update(
            state=SyncState.INCOMPLETE.value, ended_at=at, failure="superseded"
        )
        if run_id is None:
            run_id = SyncRun.objects.create(register=register, started_at=at, heartbeat_at=at).pk
        else:
            asked = SyncRun.objects.filter(pk=run_id, state=SyncState.REQUESTED.value)
            if asked.update(state=SyncState.RUNNING.value, started_at=at, heartbeat_at=at) != 1:
                raise SyncRunTaken("the run has begun")
            is_preview = SyncRun.objects.values_list("is_preview", flat=True).get(pk=run_id)
    return Reading(run_id=run_id, register=register, rules=rules, is_preview=is_preview)


def beat(reading: Reading, *, at: datetime, is_due: bool = True) -> bool:
    """Say how far the reading is, now and then; False when another run has taken its place."""
    if not is_due and reading.read % _BEAT_EACH:
        return True
    mine = SyncRun.objects.filter(pk=reading.run_id, state=SyncState.RUNNING.value)
    return mine.update(asked=reading.asked, read=reading.read, heartbeat_at=at) == 1


def keep(reading: Reading, differences: list[Difference], *, at: datetime) -> None:
    """Keep rows of harmless differences that were written as they were read."""
    rows = [one.as_row(reading.run_id, ChangeState.APPLIED, at=at) for one in differences]
    SyncChange.objects.bulk_create(rows, batch_size=_BATCH)


def finish(reading: Reading, *, actor: Actor, at: datetime) -> SyncRun:
    """End the reading: mark who has been missing long enough, if it was complete and within the cap.

    A run that another has superseded marks nobody.
    """
    with transaction.atomic():
        mine = SyncRun.objects.filter(pk=reading.run_id, state=SyncState.RUNNING.value)
        # Taken first, so that of two runs only one counts its absences.
        if mine.update(state=SyncState.INCOMPLETE.value, ended_at=at) == 0:
            return SyncRun.objects.get(pk=reading.run_id)
        state, held = SyncState.INCOMPLETE, 0
        if reading.read < reading.asked:  # whoever reads may forget to say so: what was not read is not whole
            reading.fail(f"{reading.register}.incomplete")
        if reading.is_complete:
            held = _settle(reading, actor=actor, at=at)
            state = SyncState.QUARANTINED if held else SyncState.COMPLETE
        SyncRun.objects.filter(pk=reading.run_id).update(
            state=state.value,
            asked=reading.asked,
            read=reading.read,
            imported=reading.imported,
            changed=reading.changed,
            absent=len(reading.absent),
            held=held,
            failure=reading.failure,
            heartbeat_at=at,
        )
        event = SyncEnded(
            sync_run_id=str(reading.run_id),
            register=reading.register,
            state=state.value,
            failure=reading.failure,
            asked=reading.asked,
            read=reading.read,
            imported=reading.imported,
            changed=reading.changed,
            absent=len(reading.absent),
            held=held,
        )
        record(event, actor=actor, at=at)
        _forget_old_values(at=at)
        return SyncRun.objects.get(pk=reading.run_id)


def _settle(reading: Reading, *, actor: Actor, at: datetime) -> int:
    """Write what may be written, keep rows of all of it, and return how many differences wait."""
    staged = [*reading.costly, *_newly_missing(reading, actor=actor, at=at)]
    holds_all = reading.is_preview or len(staged) > reading.rules.cap(reading.asked)
    earlier = SyncChange.objects.filter(run__register=reading.register, state=ChangeState.WAITING.value)
    earlier.update(state=ChangeState.SUPERSEDED.value, settled_at=at)
    refused = set() if holds_all else _refused_before([one.difference.digest for one in staged])
    rows, held = [], 0
    for one in staged:
        if holds_all or one.difference.digest in refused:
            rows.append(one.difference.as_row(reading.run_id, ChangeState.WAITING, at=at))
            held += 1
        elif one.write():
            reading.changed += one.difference.fields not in {("pu_missing_since",), ("missing_since",)}
            rows.append(one.difference.as_row(reading.run_id, ChangeState.APPLIED, at=at))
    SyncChange.objects.bulk_create(rows, batch_size=_BATCH)
    return held


def _refused_before(digests: list[str]) -> set[str]:
    """Return which of the differences somebody has discarded or undone: these wait, however few they are."""
    refusing = [ChangeState.DISCARDED.value, ChangeState.UNDONE.value]
    found = SyncChange.objects.filter(digest__in=digests, state__in=refusing)
    return set(found.values_list("digest", flat=True))


def _newly_missing(reading: Reading, *, actor: Actor, at: datetime) -> list[Staged]:
    """Count this absence, and return who has reached the limit."""
    limit = reading.rules.complete_reads
    due: list[tuple[UUID, UUID | None]]
    if reading.register == "pu":
        for batch in _batches(reading.absent):
            people = Person.objects.filter(pk__in=batch, pu_missed_reads__lt=limit)
            people.update(pu_missed_reads=F("pu_missed_reads") + 1)
        found = Person.objects.filter(pu_missed_reads__gte=limit, pu_missing_since__isnull=True)
        due = [(pk, None) for pk in found.order_by("pk").values_list("pk", flat=True)]
    else:
        for batch in _batches(reading.absent):
            employments = Employment.objects.filter(pk__in=batch, missed_reads__lt=limit)
            employments.update(missed_reads=F("missed_reads") + 1)
        gone = Employment.objects.filter(missed_reads__gte=limit, missing_since__isnull=True)
        due = list(gone.order_by("pk").values_list("person_id", "pk"))
    return [
        Staged(
            difference=missing(person_id, employment_id),
            write=partial(mark_missing, person_id, employment_id, actor=actor, at=at),
        )
        for person_id, employment_id in due
    ]


def _forget_old_values(*, at: datetime) -> None:
    """Forget former values when a run can no longer be undone; what happened stays."""
    old = SyncChange.objects.filter(run__ended_at__lt=at - UNDO_WITHIN, is_forgotten=False)
    old.exclude(state=ChangeState.WAITING.value).update(before={}, after={}, is_forgotten=True)


def _batches(keys: list[UUID]) -> list[list[UUID]]:
    return [keys[start : start + _BATCH] for start in range(0, len(keys), _BATCH)]
