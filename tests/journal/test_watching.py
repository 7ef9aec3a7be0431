"""The running check finds whatever is done to the rows, and names the first that is wrong."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection

from journal import append_only, checkpoints, sequencing
from journal.actor import Actor
from journal.checkpoints import NEWEST, newest_outside
from journal.merkle import Peaks
from journal.models import Checkpoint, Entry, IntegrityWatch, Leaf
from journal.watching import watch
from tests.journal.test_recording import ring
from tests.journal.test_verifying import AT, KEY, SPKI, sign

JOB = Actor.system("journal.watch")


def grow(outside: Path, count: int, *, first: int = 0) -> None:
    for times in range(first, first + count):
        ring(times)
    sequencing.sequence_committed()
    checkpoints.sign_head(origin="sigill.test", public_key=SPKI, sign=sign, outside=outside, at=AT)


def look(outside: Path, *, minutes: float = 0, rows: int = 5000) -> str:
    return watch(
        key=KEY.public_key(), outside=outside, actor=JOB, at=AT + timedelta(minutes=minutes), rows=rows
    )


def tamper(statement: str, *values: object) -> None:
    """Change rows as somebody with the database's password would."""
    append_only.run(connection, append_only.remove_statements(connection.vendor))
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
    append_only.run(connection, append_only.install_statements(connection.vendor))


@pytest.fixture
def outside(transactional_db: None, tmp_path: Path) -> Path:
    for count in (5, 7, 8):
        grow(tmp_path, count)
    return tmp_path


def test_what_is_as_it_was_signed_is_intact_and_stays_so(outside: Path) -> None:
    assert look(outside).startswith("intact to 20")
    grow(outside, 4)
    assert look(outside, minutes=1).startswith("intact to 24")
    state = IntegrityWatch.objects.get()
    head = Checkpoint.objects.get(size=24)
    assert (state.verified_size, state.verified_root) == (24, bytes(head.root_hash).hex())
    assert state.broken_at is None


def test_everything_is_read_again_a_little_at_a_time(outside: Path) -> None:
    look(outside, rows=20)
    places = [IntegrityWatch.objects.get().round_position]
    IntegrityWatch.objects.update(round_position=0, round_peaks="", whole_at=None)
    for minute in range(1, 5):
        look(outside, minutes=minute, rows=6)
        places.append(IntegrityWatch.objects.get().round_position)
    assert places == [20, 6, 12, 18, 20]
    assert IntegrityWatch.objects.get().whole_size == 20
    look(outside, minutes=10, rows=6)
    assert IntegrityWatch.objects.get().round_position == 6, "a new round begins after a pause"


@pytest.mark.parametrize(
    ("act", "row"),
    [
        (lambda ids: tamper("UPDATE journal_entry SET content = content || ' ' WHERE id = %s", ids[3]), 3),
        (lambda _ids: tamper("DELETE FROM journal_leaf WHERE position = %s", 7), 7),
        (lambda _ids: tamper("DELETE FROM journal_leaf WHERE position >= %s", 18), 18),
        (
            lambda ids: tamper(
                "UPDATE journal_entry SET content = (SELECT content FROM journal_entry AS other "
                "WHERE other.id = %s) WHERE id = %s",
                ids[2],
                ids[6],
            ),
            6,
        ),
    ],
    ids=["changed", "deleted", "truncated", "replaced"],
)
def test_what_was_done_to_a_row_is_found_whether_it_was_read_before_or_not(
    outside: Path, act: Callable[[list[int]], None], row: int
) -> None:
    ids = list(Entry.objects.order_by("leaf__position").values_list("pk", flat=True))
    assert look(outside).startswith("intact")
    act(ids)
    said = [look(outside, minutes=minutes, rows=6) for minutes in range(5, 11)]
    assert any(one.startswith(f"BROKEN at row {row}") for one in said)
    state = IntegrityWatch.objects.get()
    assert (state.broken_row, bool(state.broken_text)) == (row, True)


def test_a_changed_row_with_a_changed_leaf_is_found_by_the_head(outside: Path) -> None:
    from journal.merkle import leaf_hash  # noqa: PLC0415

    entry = Entry.objects.get(leaf__position=3)
    forged = entry.content.replace('"type"', '"Type"')
    tamper("UPDATE journal_entry SET content = %s WHERE id = %s", forged, entry.pk)
    tamper("UPDATE journal_leaf SET leaf_hash = %s WHERE position = 3", leaf_hash(forged.encode()))
    assert "rows 0 to 19 are not those that were signed" in look(outside)


def test_a_head_that_is_not_signed_by_the_audit_key_is_found(outside: Path) -> None:
    look(outside)
    tamper("UPDATE journal_checkpoint SET note = replace(note, 'sigill.test', 'sigill.tast') WHERE size = 12")
    assert "BROKEN" in look(outside, minutes=10)


def test_a_database_rolled_back_is_found_by_the_head_outside(outside: Path) -> None:
    tamper("DELETE FROM journal_checkpoint WHERE size = 20")
    tamper("DELETE FROM journal_leaf WHERE position >= 12")
    tamper("UPDATE journal_treestate SET size = 12")
    assert look(outside).startswith("BROKEN at row 12: the head kept outside over 20 rows")


def test_the_newest_head_outside_is_known_without_listing_all(outside: Path) -> None:
    (outside / "000000000099.txt").write_text("nobody lists this")
    assert newest_outside(outside) == outside / "000000000020.txt"
    assert look(outside).startswith("intact to 20")
    grow(outside, 3)
    assert newest_outside(outside) == outside / "000000000023.txt"


@pytest.mark.parametrize(
    "spoil", [Path.unlink, lambda path: path.write_text("x"), lambda path: path.write_text("7")]
)
def test_where_nothing_says_which_is_the_newest_all_are_looked_through(
    outside: Path, spoil: Callable[[Path], object]
) -> None:
    spoil(outside / NEWEST)
    assert newest_outside(outside) == outside / "000000000020.txt"


def test_a_head_of_a_database_rolled_back_does_not_hide_the_newer_one(outside: Path) -> None:
    tamper("DELETE FROM journal_checkpoint WHERE size > 5")
    tamper("DELETE FROM journal_leaf WHERE position >= 5")
    tamper("DELETE FROM journal_entry WHERE id NOT IN (SELECT entry_id FROM journal_leaf)")
    checkpoints._keep(outside, Checkpoint.objects.get())  # the next head of the older database
    assert newest_outside(outside) == outside / "000000000020.txt"
    assert look(outside).startswith("BROKEN")


def test_a_database_rolled_back_does_not_grow_past_the_head_that_shows_it(outside: Path) -> None:
    """Signed on before anybody looked: the head outside over more rows is still the newest there."""
    roll_back(to=12)
    grow(outside, 11)
    assert Checkpoint.objects.filter(size=23).exists()
    assert newest_outside(outside) == outside / "000000000020.txt"
    assert look(outside).startswith("BROKEN")


def test_a_head_over_as_many_other_rows_does_not_replace_the_one_that_is_kept(outside: Path) -> None:
    kept = (outside / "000000000020.txt").read_text()
    roll_back(to=12)
    grow(outside, 8, first=100)
    assert Checkpoint.objects.get(size=20).note != kept
    assert (outside / "000000000020.txt").read_text() == kept
    assert look(outside).startswith("BROKEN")


def roll_back(*, to: int) -> None:
    """Bring the database back to what it was: rows, heads, tree, and what the watch had seen."""
    tamper("DELETE FROM journal_checkpoint WHERE size > %s", to)
    tamper("DELETE FROM journal_leaf WHERE position >= %s", to)
    tamper("DELETE FROM journal_entry WHERE id NOT IN (SELECT entry_id FROM journal_leaf)")
    rows = Leaf.objects.filter(position__lt=to).order_by("position")
    walk = Peaks(0, [])
    for row in rows:
        walk.append(bytes(row.leaf_hash))
    tamper("UPDATE journal_treestate SET size = %s", to)
    tamper("UPDATE journal_treestate SET peaks = %s", " ".join(peak.hex() for peak in walk.peaks))


def test_a_head_whose_row_came_is_kept_and_one_whose_row_never_came_is_not(outside: Path) -> None:
    """A kill on either side of the commit."""
    came, never = Checkpoint.objects.get(size=20), outside / "pending" / "000000000021.pending"
    (outside / "000000000020.txt").unlink()
    (outside / "pending" / "000000000020.pending").write_text(came.note)
    never.write_text("half a no")
    grow(outside, 2)
    assert (outside / "000000000020.txt").read_text() == came.note
    assert max(path.name for path in outside.glob("*.txt")) == "000000000022.txt"
    assert list((outside / "pending").iterdir()) == []


def test_a_finding_is_one_event_and_stays(outside: Path) -> None:
    tamper("DELETE FROM journal_leaf WHERE position = 7")
    for minute in range(3):
        assert "row 7" in look(outside, minutes=minute)
    assert Entry.objects.filter(type="journal.found_broken").count() == 1
