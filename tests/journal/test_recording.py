"""The journal takes an event only together with its change, and keeps it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

import pytest
from django.db import DatabaseError, connection, transaction

from journal import sequencing
from journal.actor import Actor
from journal.errors import NotRecordable
from journal.events import Event, known_events
from journal.merkle import Peaks, root_of
from journal.models import Checkpoint, Entry, EntryReference, Leaf, TreeState, Unsequenced
from journal.recording import record
from journal.selectors import content_of, entries_about

AT = datetime(2026, 11, 21, 9, 41, tzinfo=UTC)
ACTOR = Actor.system("test")


@dataclass(frozen=True, slots=True, kw_only=True)
class BellRung(Event):
    TYPE: ClassVar[str] = "test.bell_rung"
    person_id: str
    times: int


def ring(times: int = 1) -> Entry:
    with transaction.atomic():
        return record(BellRung(person_id="p1", times=times), actor=ACTOR, at=AT)


@pytest.mark.django_db(transaction=True)
def test_an_event_outside_a_transaction_is_refused() -> None:
    with pytest.raises(NotRecordable):
        record(BellRung(person_id="p1", times=1), actor=ACTOR, at=AT)
    assert not Entry.objects.exists()


@pytest.mark.django_db
def test_a_moment_without_time_zone_is_refused() -> None:
    with pytest.raises(NotRecordable), transaction.atomic():
        record(BellRung(person_id="p1", times=1), actor=ACTOR, at=AT.replace(tzinfo=None))


@pytest.mark.django_db
def test_an_event_without_a_type_is_refused() -> None:
    with pytest.raises(NotRecordable), transaction.atomic():
        record(Event(), actor=ACTOR, at=AT)


@pytest.mark.django_db
def test_an_event_is_found_again_by_what_it_is_about() -> None:
    ring(times=3)
    entry = entries_about("person", "p1").get()
    assert content_of(entry)["event"] == {"person_id": "p1", "times": 3}
    assert content_of(entry)["actor"]["identifier"] == "test"
    assert not entries_about("person", "p2")


@dataclass(frozen=True, slots=True, kw_only=True)
class BellHeard(Event):
    TYPE: ClassVar[str] = "test.bell_heard"
    person_id: str
    organization_id: str


@pytest.mark.django_db
def test_a_shared_object_tells_each_organization_its_own_part() -> None:
    everybody = ring()
    with transaction.atomic():
        north = record(BellHeard(person_id="p1", organization_id="north"), actor=ACTOR, at=AT)
        south = record(BellHeard(person_id="p1", organization_id="south"), actor=ACTOR, at=AT)
    assert list(entries_about("person", "p1", organization_ids=("north",))) == [north]
    assert list(entries_about("person", "p1", organization_ids=("south", "west"))) == [south]
    assert not entries_about("person", "p1", organization_ids=())
    shared = entries_about("person", "p1", organization_ids=("north",), types_of_everybody=[BellRung.TYPE])
    assert list(shared) == [north, everybody]
    named = {"types_of_everybody": [BellHeard.TYPE], "organization_ids": ("north",)}
    assert list(entries_about("person", "p1", **named)) == [north]
    assert list(entries_about("person", "p1", types=[BellRung.TYPE])) == [everybody]


@pytest.mark.django_db(transaction=True)
def test_an_entry_goes_with_the_transaction_that_wrote_it() -> None:
    def ring_and_fail() -> None:
        with transaction.atomic():
            record(BellRung(person_id="p1", times=1), actor=ACTOR, at=AT)
            raise RuntimeError("rolled back")

    with pytest.raises(RuntimeError, match="rolled back"):
        ring_and_fail()
    assert not Entry.objects.exists()
    assert not Unsequenced.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("table", ["journal_entry", "journal_leaf", "journal_entryreference"])
@pytest.mark.parametrize("verb", ["update", "delete"])
def test_the_database_refuses_to_change_what_was_recorded(table: str, verb: str) -> None:
    ring()
    sequencing.sequence_committed()
    column = {"journal_entry": "content", "journal_leaf": "leaf_hash", "journal_entryreference": "value"}[
        table
    ]
    statement = f"DELETE FROM {table}" if verb == "delete" else f"UPDATE {table} SET {column} = {column}"
    with pytest.raises(DatabaseError, match="append-only"), connection.cursor() as cursor:
        cursor.execute(statement)
    assert (Entry.objects.count(), Leaf.objects.count(), EntryReference.objects.count()) == (1, 1, 1)


@pytest.mark.django_db(transaction=True)
def test_entries_get_positions_without_gaps_and_the_tree_over_them() -> None:
    for times in range(7):
        ring(times)
    assert sequencing.sequence_committed(limit=3) == 3
    assert sequencing.sequence_committed() == 4
    assert sequencing.sequence_committed() == 0
    entries = sequencing.entries_from(0)
    assert [entry.position for entry in entries] == list(range(7))
    assert [entry.event["times"] for entry in entries] == list(range(7))
    leaves = [bytes(leaf.leaf_hash) for leaf in Leaf.objects.order_by("position")]
    state = TreeState.objects.get()
    assert state.size == 7
    assert Peaks(7, [bytes.fromhex(peak) for peak in state.peaks.split()]).root() == root_of(leaves)
    assert not Checkpoint.objects.exists()


def test_every_event_has_its_own_name_and_version() -> None:
    names = [kind.TYPE for kind in known_events().values()]
    assert "test.bell_rung" in names
