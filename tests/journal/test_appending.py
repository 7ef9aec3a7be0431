"""Many events go in as one does: in order, with what they are found by, and with their transaction."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import ClassVar

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from journal import sequencing
from journal.errors import NotRecordable
from journal.events import Event
from journal.models import Entry, EntryReference, Unsequenced
from journal.recording import record, record_all
from journal.selectors import content_of, entries_about
from tests.journal.test_recording import ACTOR, AT, BellRung


@dataclass(frozen=True, slots=True, kw_only=True)
class BellMoved(Event):
    TYPE: ClassVar[str] = "test.bell_moved"
    person_id: str
    card_id: str


def many(count: int) -> list[Event]:
    """Events of two kinds with one, two and no objects."""
    return [
        BellMoved(person_id=f"p{number % 3}", card_id=f"c{number}")
        if number % 2
        else BellRung(person_id="" if number % 4 else "p0", times=number)
        for number in range(count)
    ]


@pytest.mark.django_db
def test_many_events_are_recorded_as_one_by_one() -> None:
    events = many(9)
    with transaction.atomic():
        together = record_all(events, actor=ACTOR, at=AT)
        apart = [record(event, actor=ACTOR, at=AT) for event in events]
    assert [entry.pk for entry in together] == sorted(entry.pk for entry in together)
    for one, other in zip(together, apart, strict=True):
        stored, same = Entry.objects.get(pk=one.pk), Entry.objects.get(pk=other.pk)
        assert (stored.type, stored.version, stored.at) == (same.type, same.version, same.at)
        assert (stored.content, stored.actor_identifier) == (same.content, same.actor_identifier)
        assert stored.content == one.content
        found, expected = (
            set(EntryReference.objects.filter(entry_id=key).values_list("kind", "value", "at"))
            for key in (one.pk, other.pk)
        )
        assert found == expected
    assert Unsequenced.objects.count() == 18
    assert content_of(entries_about("card", "c3", limit=1).get())["event"]["person_id"] == "p0"
    assert sequencing.sequence_committed() == 18
    assert [each.entry_id for each in sequencing.entries_from(0)] == [e.pk for e in (*together, *apart)]


@pytest.mark.django_db
def test_many_events_cost_few_statements() -> None:
    with transaction.atomic(), CaptureQueriesContext(connection) as queries:
        record_all(many(200), actor=ACTOR, at=AT)
    assert len(queries) <= 6
    with transaction.atomic():
        assert record_all([], actor=ACTOR, at=AT) == []


@pytest.mark.django_db
def test_one_unrecordable_event_keeps_all_of_them_out() -> None:
    with pytest.raises(NotRecordable), transaction.atomic():
        record_all([*many(3), Event()], actor=ACTOR, at=AT)
    assert not Entry.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_appending_waits_for_no_other_writer_and_not_for_the_tree() -> None:
    """One writer stands still in the middle; the others write, get places and a late commit a later one."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time")

    def elsewhere() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '2s'")
        try:
            with transaction.atomic():
                return record(BellRung(person_id="p1", times=2), actor=ACTOR, at=AT).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=4) as others, transaction.atomic():
        slow = record(BellRung(person_id="p1", times=1), actor=ACTOR, at=AT)
        quick = [others.submit(elsewhere) for _ in range(4)]
        assert all(one.result(timeout=60) for one in quick)
        assert others.submit(_sequenced).result(timeout=60) == 4
    assert sequencing.sequence_committed() == 1
    places = [entry.entry_id for entry in sequencing.entries_from(0)]
    assert places == [*sorted(one.result() for one in quick), slow.pk]


def _sequenced() -> int:
    try:
        return sequencing.sequence_committed()
    finally:
        connection.close()
