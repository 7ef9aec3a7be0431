"""Without a journal that takes and proves entries nobody is ordered, given or issued anything."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest
from django.db import OperationalError, connection, transaction

from journal import checkpoints, sequencing
from journal.actor import Actor
from journal.events import Event
from journal.models import Entry
from journal.recording import record
from journal.stops import JournalNotWritable, JournalStopped, Stoppage, stoppage
from tests.journal.test_personal import ALVA, opened
from tests.journal.test_verifying import AT, SPKI, sign


@dataclass(frozen=True, slots=True, kw_only=True)
class GateBuilt(Event):
    TYPE: ClassVar[str] = "test.gate_built"
    IS_PRIVILEGED: ClassVar[bool] = True
    person_id: str


def built(actor: Actor = ALVA) -> Entry:
    with transaction.atomic():
        return record(GateBuilt(person_id="p1"), actor=actor, at=AT)


@pytest.fixture
def impatient(settings: pytest.FixtureRequest) -> None:
    """An entry that has waited at all has waited too long."""
    settings.SIGILL_JOURNAL_SEQUENCING_LIMIT_SECONDS = -1  # type: ignore[attr-defined]
    settings.SIGILL_JOURNAL_SIGNING_LIMIT_SECONDS = -1  # type: ignore[attr-defined]


@pytest.fixture
def takes_no_row(db: None) -> Iterator[None]:
    """The database refuses entries, as one does that is full or whose rights were taken away."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                "CREATE TRIGGER test_full BEFORE INSERT ON journal_entry "
                "BEGIN SELECT RAISE(ABORT, 'no room on the disk'); END"
            )
        else:
            cursor.execute(
                "CREATE FUNCTION test_full() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN RAISE EXCEPTION 'no room on the disk' USING ERRCODE = 'disk_full'; END $$"
            )
            cursor.execute(
                "CREATE TRIGGER test_full BEFORE INSERT ON journal_entry "
                "FOR EACH ROW EXECUTE FUNCTION test_full()"
            )
    yield
    with connection.cursor() as cursor:
        cursor.execute(
            f"DROP TRIGGER test_full{'' if connection.vendor == 'sqlite' else ' ON journal_entry'}"
        )
        if connection.vendor != "sqlite":
            cursor.execute("DROP FUNCTION test_full()")


@pytest.mark.django_db
def test_a_journal_at_work_stops_nothing(impatient: None) -> None:
    assert stoppage() is None
    assert built().pk


@pytest.mark.django_db
def test_an_entry_that_waits_too_long_for_its_place_stops_privileged_acts(impatient: None) -> None:
    opened()
    assert stoppage() is Stoppage.SEQUENCING
    with pytest.raises(JournalStopped) as told:
        built()
    assert told.value.facts == {"stopped": "sequencing"}
    assert not Entry.objects.filter(type="test.gate_built").exists()


@pytest.mark.django_db(transaction=True)
def test_an_entry_that_waits_too_long_for_a_signed_head_stops_them_until_it_is_signed(
    impatient: None, tmp_path: Path
) -> None:
    opened()
    sequencing.sequence_committed()
    assert stoppage() is Stoppage.SIGNING
    with pytest.raises(JournalStopped):
        built()
    checkpoints.sign_head(origin="sigill.test", public_key=SPKI, sign=sign, outside=tmp_path, at=AT)
    assert stoppage() is None
    assert built().pk


@pytest.mark.django_db
def test_a_journal_within_its_limits_stops_nothing() -> None:
    opened()
    assert stoppage() is None
    assert built().pk


@pytest.mark.django_db
def test_other_acts_of_people_and_all_of_our_own_jobs_go_on(impatient: None) -> None:
    """A block must be possible as far as it can be recorded; status services must go on being renewed."""
    opened()
    assert opened().pk
    assert built(Actor.system("ocsp_publisher")).pk


@pytest.mark.django_db
def test_a_database_that_takes_no_entry_undoes_the_act_and_says_so(takes_no_row: None) -> None:
    with pytest.raises(JournalNotWritable):
        opened()
    assert not Entry.objects.exists()


@pytest.mark.django_db
def test_jobs_take_it_for_a_database_that_is_away_and_try_again(takes_no_row: None) -> None:
    with pytest.raises(OperationalError):
        opened()


@pytest.mark.django_db
def test_a_database_role_without_the_right_to_insert_is_told_in_the_same_way() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite knows no roles")
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE test_reader")
        cursor.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO test_reader")
        cursor.execute("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO test_reader")
        cursor.execute("REVOKE INSERT ON journal_entry FROM test_reader")
        cursor.execute("SET LOCAL ROLE test_reader")
    with pytest.raises(JournalNotWritable):
        opened()
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
