"""Events appended with their place in the tree by eight writers, against bare inserts of the same rows."""

import multiprocessing
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from django.db import connection, connections, transaction

from bench.certificates import ACTOR, now
from bench.installation import Installation
from bench.measuring import NotMeasured, Result, Work, cpu_seconds, interleaved, ratio
from bench.place import Place
from journal.events import Event
from journal.models import Leaf, Unsequenced
from journal.recording import record
from journal.sequencing import sequence_committed

_WRITERS = 8
_ENTRY = (
    "INSERT INTO {entry} (type, version, at, actor_identifier, content) VALUES (%s,%s,%s,%s,%s) RETURNING id"
)
_REFERENCE = "INSERT INTO {reference} (entry_id, kind, value, at) VALUES (%s,%s,%s,%s)"
_LEAF = "INSERT INTO {leaf} (position, entry_id, leaf_hash) VALUES (nextval('bench_position'),%s,%s)"
_TABLES = {"entry": "bench_entry", "reference": "bench_entryreference", "leaf": "bench_leaf"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured(Event):
    """An event as large as most, with three references."""

    TYPE: ClassVar[str] = "bench.measured"
    person_id: str
    card_id: str
    organization_id: str
    outcome: str


def an_event(number: int) -> Measured:
    """Return an event about three objects."""
    return Measured(
        person_id=f"5f0c1cbb-0f43-4a7a-9d3c-{number:012x}",
        card_id=f"5f0c1cbb-0f43-4a7a-9d3d-{number:012x}",
        organization_id="5f0c1cbb-0f43-4a7a-9d3c-0c8f0f3a7a11",
        outcome="as expected",
    )


def backend() -> int:
    """Return the process of the database server that works for this connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def with_database(work: Callable[[], int]) -> Work:
    """Do work here and count this process and its part of the database server."""
    server = backend()
    before = cpu_seconds(server) + time.process_time()
    done = work()
    return Work(done=done, cpu=cpu_seconds(server) + time.process_time() - before)


def _in_writers(work: Callable[[int], tuple[int, float]], meanwhile: Callable[[bool], float]) -> Work:
    """Run work in eight processes of their own, each with a connection of its own."""
    connections.close_all()
    context = multiprocessing.get_context("fork")
    with context.Pool(_WRITERS) as pool:
        pending = pool.map_async(work, range(_WRITERS))
        cpu = 0.0
        while not pending.ready():
            cpu += meanwhile(False)  # noqa: FBT003 - its only argument
            pending.wait(0.05)
        results = pending.get()
        # Writers that are told to end while one holds the queue's lock would wait for it for ever.
        pool.close()
        pool.join()
    cpu += meanwhile(True)  # noqa: FBT003 - as above
    return Work(done=sum(done for done, _ in results), cpu=cpu + sum(used for _, used in results))


def _record(count: int, writer: int) -> tuple[int, float]:
    def work() -> int:
        for number in range(count):
            with transaction.atomic():
                record(an_event(writer * count + number), actor=ACTOR, at=now())
        return count

    done = with_database(work)
    return int(done.done), done.cpu


def _sequence(is_last: bool) -> float:  # noqa: FBT001 - called from one place
    def work() -> int:
        while sequence_committed() and is_last:
            pass
        return 1

    return with_database(work).cpu


def _insert(count: int, content: str, writer: int) -> tuple[int, float]:
    def work() -> int:
        connection.ensure_connection()
        raw: Any = connection.connection
        entry, reference, leaf = (text.format(**_TABLES) for text in (_ENTRY, _REFERENCE, _LEAF))
        with raw.cursor() as cursor:
            for number in range(count):
                with raw.transaction():
                    at = now()
                    cursor.execute(entry, ("bench.measured", 1, at, "bench", content))
                    (key,) = cursor.fetchone()
                    references = an_event(writer * count + number).references()
                    cursor.executemany(reference, [(key, kind, value, at) for kind, value in references])
                    cursor.execute(leaf, (key, bytes(32)))
        return count

    done = with_database(work)
    return int(done.done), done.cpu


def append(place: Place, _: Installation) -> Result:
    """Append and sequence, against inserting entry, references and leaf without our code."""
    with connection.cursor() as cursor:
        for table in ("entry", "entryreference", "leaf"):
            cursor.execute(f"DROP TABLE IF EXISTS bench_{table}")
            cursor.execute(f"CREATE TABLE bench_{table} (LIKE journal_{table} INCLUDING ALL)")
        cursor.execute("CREATE SEQUENCE IF NOT EXISTS bench_position")
    with transaction.atomic():
        content = record(an_event(0), actor=ACTOR, at=now()).content
    count = place.size(500, 100)
    while sequence_committed():
        pass
    before = Leaf.objects.count()
    rounds = place.rounds
    rates = interleaved(
        {
            "journal": lambda: _in_writers(partial(_record, count), _sequence),
            "bare inserts": lambda: _in_writers(partial(_insert, count, content), lambda _: 0.0),
        },
        rounds=rounds,
        say=place.say,
    )
    placed = Leaf.objects.count() - before
    if placed != rounds * _WRITERS * count or Unsequenced.objects.exists():
        raise NotMeasured(f"{placed} of {rounds * _WRITERS * count} events came into the tree")
    value, note = ratio(rates, "journal", "bare inserts")
    return Result(
        value=value,
        of="bare inserts of the same rows with psycopg, one commit each, eight writers, PostgreSQL",
        note=f"CPU of the writers, the sequencer and their database backends together; {note}",
    )
