"""One reading of a register from start to end: counting, the cap, and who has been missing long enough.

design.md decision 9: absence in a register is not an error in a register. Only a complete reading counts
towards missing; only after several does anybody become missing; and a run that would mark more people than
the cap allows marks nobody and waits for a decision.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet

from directory.configuration import SyncRules
from directory.events import PersonMissing, SyncEnded
from directory.models import Employment, Person, SyncRun, SyncState
from journal.actor import Actor
from journal.recording import record

_BATCH = 500
GIVE_UP = 3
"""Failures in a row after which a register is taken to be down."""

Progress = Callable[[int, int], None]
"""Called with how many are done of how many."""


def silent(done: int, total: int) -> None:
    """Show no progress."""


def chunks(items: list[str], size: int) -> Iterator[list[str]]:
    """Return the items, ``size`` at a time."""
    for first in range(0, len(items), size):
        yield items[first : first + size]


@dataclass(slots=True, kw_only=True)
class Reading:
    """The counts of a run under way. ``absent`` are the keys of those the register did not know."""

    run_id: UUID
    register: str
    rules: SyncRules
    asked: int = 0
    read: int = 0
    imported: int = 0
    changed: int = 0
    held: int = 0
    failure: str = ""
    is_complete: bool = True
    absent: list[UUID] = field(default_factory=list)

    def fail(self, failure: str) -> None:
        """Note that the reading is not complete; the first reason is kept."""
        self.is_complete = False
        self.failure = self.failure or failure[:64]


def start(register: str, *, rules: SyncRules, at: datetime) -> Reading:
    """Begin a reading. One that never ended is closed as incomplete: its process is gone or superseded."""
    with transaction.atomic():
        SyncRun.objects.filter(register=register, state=SyncState.RUNNING.value).update(
            state=SyncState.INCOMPLETE.value, ended_at=at, failure="superseded"
        )
        run = SyncRun.objects.create(register=register, started_at=at)
    return Reading(run_id=run.pk, register=register, rules=rules)


def finish(reading: Reading, *, actor: Actor, at: datetime) -> SyncRun:
    """End the reading: mark who has been missing long enough, if it was complete and within the cap.

    A run that another has superseded marks nobody.
    """
    with transaction.atomic():
        mine = SyncRun.objects.filter(pk=reading.run_id, state=SyncState.RUNNING.value)
        # Taken first, so that of two runs only one counts its absences.
        if mine.update(state=SyncState.INCOMPLETE.value, ended_at=at) == 0:
            return SyncRun.objects.get(pk=reading.run_id)
        state = SyncState.INCOMPLETE
        if reading.is_complete:
            held = reading.held + _mark_missing(reading, actor=actor, at=at)
            reading.held = held
            state = SyncState.QUARANTINED if held else SyncState.COMPLETE
        elif reading.held:
            state = SyncState.QUARANTINED
        SyncRun.objects.filter(pk=reading.run_id).update(
            state=state.value,
            asked=reading.asked,
            read=reading.read,
            imported=reading.imported,
            changed=reading.changed,
            absent=len(reading.absent),
            held=reading.held,
            failure=reading.failure,
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
            held=reading.held,
        )
        record(event, actor=actor, at=at)
        return SyncRun.objects.get(pk=reading.run_id)


def _mark_missing(reading: Reading, *, actor: Actor, at: datetime) -> int:
    """Count this absence, mark who has reached the limit, and return how many the cap held back."""
    if reading.register == "pu":
        return _mark_people(reading, actor=actor, at=at)
    return _mark_employments(reading, actor=actor, at=at)


def _mark_people(reading: Reading, *, actor: Actor, at: datetime) -> int:
    for batch in _batches(reading.absent):
        counting = Person.objects.filter(pk__in=batch, pu_missed_reads__lt=reading.rules.complete_reads)
        counting.update(pu_missed_reads=F("pu_missed_reads") + 1)
    due: QuerySet[Person] = Person.objects.filter(
        pu_missed_reads__gte=reading.rules.complete_reads, pu_missing_since__isnull=True
    )
    count = due.count()
    if count > reading.rules.cap(reading.asked):
        return count
    for person_id in list(due.values_list("pk", flat=True)):
        Person.objects.filter(pk=person_id).update(pu_missing_since=at)
        event = PersonMissing(person_id=str(person_id), register="pu", organization_id="", employment_id="")
        record(event, actor=actor, at=at)
    return 0


def _mark_employments(reading: Reading, *, actor: Actor, at: datetime) -> int:
    for batch in _batches(reading.absent):
        counting = Employment.objects.filter(pk__in=batch, missed_reads__lt=reading.rules.complete_reads)
        counting.update(missed_reads=F("missed_reads") + 1)
    due = Employment.objects.filter(
        missed_reads__gte=reading.rules.complete_reads, missing_since__isnull=True
    )
    count = due.count()
    if count > reading.rules.cap(reading.asked):
        return count
    for employment in list(due):
        Employment.objects.filter(pk=employment.pk).update(missing_since=at)
        event = PersonMissing(
            person_id=str(employment.person_id),
            register="hsa",
            organization_id=str(employment.organization_id),
            employment_id=str(employment.pk),
        )
        record(event, actor=actor, at=at)
    return 0


def _batches(keys: list[UUID]) -> list[list[UUID]]:
    return [keys[start : start + _BATCH] for start in range(0, len(keys), _BATCH)]
