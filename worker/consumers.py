"""Turns journal entries into work: each consumer follows the journal from its own cursor, at its own pace.

Correctness rests on the cursor alone. The sequencer nudges the consumers so that they need not wait.
"""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import (
    DatabaseError,
    InterfaceError,
    OperationalError,
    close_old_connections,
    connections,
    transaction,
)
from django.utils import timezone

from journal import sequencing
from journal.actor import Actor
from journal.correlation import caused_by
from journal.models import ConsumerCursor, DeadLetter
from journal.recording import record
from journal.sequencing import SequencedEntry
from worker.errors import NotYet
from worker.events import EntrySetAside

logger = logging.getLogger(__name__)

Handler = Callable[[SequencedEntry], None]
BatchHandler = Callable[[Sequence[SequencedEntry]], None]

SEQUENCING_PAUSE = 0.05
"""Seconds between looks for entries to sequence: the largest part of the time until others see a block."""

IDLE_PAUSE = 10.0
"""Seconds a consumer waits without a nudge: it gets one whoever gave an entry its place."""

FIRST_RETRY, LAST_RETRY = 0.1, 3.0
"""Seconds before the first and the slowest repeated try while something is away."""

ATTEMPTS = 5
"""Tries before an entry that fails by itself goes to the dead letters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumer:
    """A name (its cursor), and what to do for each type of event; other types are passed over.

    Where ``batches`` knows a type, neighbours of it that one act caused are taken together; when that fails
    each goes to its handler, so one bad entry never holds up its neighbours.
    """

    name: str
    handlers: Mapping[str, Handler]
    batches: Mapping[str, BatchHandler] = field(default_factory=dict)


class Nudge:
    """Wakes sleeping consumers when there is something new."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._round = 0

    def ring(self) -> None:
        """Wake everyone."""
        with self._condition:
            self._round += 1
            self._condition.notify_all()

    def wait(self, seen: int, seconds: float) -> int:
        """Wait until the round differs from ``seen`` or ``seconds`` have passed; return the round."""
        with self._condition:
            self._condition.wait_for(lambda: self._round != seen, timeout=seconds)
            return self._round


def consume_available(consumer: Consumer, *, limit: int = 100) -> int:
    """Take entries from the cursor on and return how many were passed.

    Raises ``NotYet`` when an entry must wait: the cursor stands before it and nothing is lost.
    An entry that fails by itself ``ATTEMPTS`` times is put on the dead-letter list and passed.
    """
    cursor, _ = ConsumerCursor.objects.get_or_create(name=consumer.name)
    start = cursor.position
    entries = sequencing.entries_from(start, limit=limit)
    runs = list(reversed(_runs(consumer, entries)))
    while runs:
        run = runs.pop()
        try:
            if len(run) == 1:
                _take(consumer, consumer.handlers[run[0].type], run[0])
            elif not _take_together(consumer, run):
                runs += [[one] for one in reversed(run)]
        except NotYet:
            _move(consumer.name, start, run[0].position)
            raise
    position = entries[-1].position + 1 if entries else start
    _move(consumer.name, start, position)
    return position - start


def _runs(consumer: Consumer, entries: Sequence[SequencedEntry]) -> list[list[SequencedEntry]]:
    """Return the entries that the consumer wants, in order, with those together that it takes together."""
    runs: list[list[SequencedEntry]] = []
    for entry in entries:
        if entry.type not in consumer.handlers:
            continue
        last = runs[-1][-1] if runs else None
        joins = entry.type in consumer.batches and last is not None
        if joins and (last.type, last.correlation) == (entry.type, entry.correlation):  # type: ignore[union-attr]
            runs[-1].append(entry)
        else:
            runs.append([entry])
    return runs


def _take_together(consumer: Consumer, run: Sequence[SequencedEntry]) -> bool:
    """Take a run; False when it failed as a whole and each is to be taken alone."""
    try:
        with caused_by(run[0].correlation):
            consumer.batches[run[0].type](run)
    except NotYet:
        raise
    except (InterfaceError, OperationalError) as error:
        raise NotYet(str(error)) from error
    except Exception as error:  # one of them is bad: alone it is known which
        logger.warning("%s: %d %s together failed", consumer.name, len(run), run[0].type, exc_info=error)
        return False
    return True


def _take(consumer: Consumer, handler: Handler, entry: SequencedEntry) -> None:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with caused_by(entry.correlation):
                handler(entry)
        except NotYet:
            raise
        except (InterfaceError, OperationalError) as error:
            # The database is away or busy: that is no fault of the entry.
            raise NotYet(str(error)) from error
        except Exception as error:  # one bad entry must not stop the others
            logger.warning(
                "%s: entry %s (%s) failed, try %s",
                consumer.name,
                entry.entry_id,
                entry.type,
                attempt,
                exc_info=error,
            )
            last = error
        else:
            return
    _set_aside(consumer, entry, last, at=timezone.now())
    logger.error("%s: entry %s (%s) is a dead letter", consumer.name, entry.entry_id, entry.type)


def _set_aside(consumer: Consumer, entry: SequencedEntry, error: Exception, *, at: datetime) -> None:
    told = EntrySetAside(
        consumer=consumer.name,
        position=entry.position,
        entry_type=entry.type,
        failure=type(error).__name__,
    )
    with transaction.atomic(), caused_by(entry.correlation):
        _, is_new = DeadLetter.objects.get_or_create(
            consumer=consumer.name,
            entry_id=entry.entry_id,
            defaults={"error": f"{type(error).__name__}: {error}", "failed_at": at},
        )
        if is_new:
            record(told, actor=Actor.system(consumer.name), at=at)


def _move(name: str, start: int, position: int) -> None:
    if position != start:
        ConsumerCursor.objects.filter(name=name, position=start).update(
            position=position, moved_at=timezone.now()
        )


class ConsumerLoop:
    """Runs the sequencer and every consumer, each in a thread of its own, until it is told to stop."""

    def __init__(self, consumers: list[Consumer]) -> None:
        self._consumers = consumers
        self._nudge = Nudge()
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start the threads."""
        targets: list[tuple[str, Callable[[], None]]] = [("sequencer", self._sequence)]
        targets += [
            (consumer.name, lambda consumer=consumer: self._follow(consumer))  # type: ignore[misc]
            for consumer in self._consumers
        ]
        for name, target in targets:
            thread = threading.Thread(target=self._run, args=(target,), name=f"consumer-{name}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """End the threads after the entry each has in hand."""
        self._stop.set()
        self._nudge.ring()
        for thread in self._threads:
            thread.join(timeout=10)

    @staticmethod
    def _run(target: Callable[[], None]) -> None:
        try:
            target()
        finally:
            # Connections belong to threads: nobody else would ever close this one.
            connections.close_all()

    def _sequence(self) -> None:
        seen = ""
        while not self._stop.wait(SEQUENCING_PAUSE):
            try:
                edge = sequencing.journal_edge()
                if edge.has_waiting:
                    sequencing.sequence_committed()
                    edge = sequencing.journal_edge()
                if edge.peaks != seen:
                    seen = edge.peaks
                    self._nudge.ring()
            except DatabaseError as error:
                logger.warning("sequencer: the database does not answer: %s", error)
                close_old_connections()
                self._stop.wait(1)

    def _follow(self, consumer: Consumer) -> None:
        seen, pause = 0, FIRST_RETRY
        while not self._stop.is_set():
            try:
                taken = consume_available(consumer)
            except NotYet as error:
                logger.warning("%s waits %.2f s: %s", consumer.name, pause, error)
                close_old_connections()
                self._stop.wait(pause)
                pause = min(pause * 2, LAST_RETRY)
                continue
            except DatabaseError as error:
                logger.warning("%s: the database does not answer: %s", consumer.name, error)
                close_old_connections()
                self._stop.wait(1)
                continue
            pause = FIRST_RETRY
            if not taken:
                seen = self._nudge.wait(seen, IDLE_PAUSE)
