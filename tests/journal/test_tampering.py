"""R12, F26: whatever a superuser changes, the verifier that has only key, head and tiles finds and names."""

import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import connection, transaction

from journal import append_only, tile_files, verify
from journal.exporting import export_lines
from journal.merkle import Peaks, leaf_hash
from journal.models import Checkpoint, Entry, EntryReference, Leaf, TreeState
from tests.journal.growing import grow
from tests.journal.test_verifying import KEY

ROWS = 40
PER_KIND = 20

Tampering = Callable[[random.Random], int]
"""Changes rows directly and returns the first position that is not as it was signed."""


def rehash(first: int) -> None:
    """What a careful intruder does: leaf hashes, the tree's state, everything but the signature follows."""
    leaves = Leaf.objects.select_related("entry").order_by("position")
    for leaf in leaves.filter(position__gte=first):
        Leaf.objects.filter(pk=leaf.pk).update(leaf_hash=leaf_hash(leaf.entry.content.encode()))
    peaks = Peaks()
    for hashed in leaves.values_list("leaf_hash", flat=True):
        peaks.append(bytes(hashed))
    TreeState.objects.update(size=peaks.size, peaks=" ".join(peak.hex() for peak in peaks.peaks))


def change(chance: random.Random) -> int:
    position = chance.randrange(ROWS)
    entry = Leaf.objects.get(position=position).entry
    at = chance.randrange(len(entry.content))
    replacement = chance.choice([c for c in "0123456789abcdef{}" if c != entry.content[at]])
    content = entry.content[:at] + replacement + entry.content[at + 1 :]
    Entry.objects.filter(pk=entry.pk).update(content=content)
    return position


def change_and_hash(chance: random.Random) -> int:
    position = change(chance)
    rehash(position)
    return position


def change_a_leaf(chance: random.Random) -> int:
    position = chance.randrange(ROWS)
    Leaf.objects.filter(position=position).update(leaf_hash=chance.randbytes(32))
    return position


def drop(position: int) -> None:
    leaf = Leaf.objects.get(position=position)
    EntryReference.objects.filter(entry_id=leaf.entry_id).delete()
    leaf.delete()
    Entry.objects.filter(pk=leaf.entry_id).delete()


def delete(chance: random.Random) -> int:
    position = chance.randrange(ROWS)
    drop(position)
    return position


def move(first: int, by: int) -> None:
    later = Leaf.objects.filter(position__gte=first).order_by("position" if by < 0 else "-position")
    for position in list(later.values_list("position", flat=True)):
        Leaf.objects.filter(position=position).update(position=position + by)


def delete_and_close_up(chance: random.Random) -> int:
    position = chance.randrange(ROWS)
    drop(position)
    move(position + 1, -1)
    rehash(position)
    return position


def insert(chance: random.Random) -> int:
    position = chance.randrange(ROWS)
    move(position, 1)
    like = Entry.objects.order_by("pk")[position]
    forged = Entry.objects.create(
        type=like.type, version=1, at=like.at, actor_identifier="nobody", content=like.content[:-1] + " }"
    )
    Leaf.objects.create(position=position, entry=forged, leaf_hash=leaf_hash(forged.content.encode()))
    rehash(position)
    return position


def reorder(chance: random.Random) -> int:
    one, other = sorted(chance.sample(range(ROWS), 2))
    entries = {place: Leaf.objects.get(position=place).entry_id for place in (one, other)}
    contents = {key: Entry.objects.get(pk=key).content for key in entries.values()}
    Entry.objects.filter(pk=entries[one]).update(content=contents[entries[other]])
    Entry.objects.filter(pk=entries[other]).update(content=contents[entries[one]])
    rehash(one)
    return one


def truncate(chance: random.Random) -> int:
    position = chance.randrange(1, ROWS)
    for each in range(ROWS - 1, position - 1, -1):
        drop(each)
    rehash(0)
    return position


def truncate_with_heads(chance: random.Random) -> int:
    position = truncate(chance)
    Checkpoint.objects.filter(size__gt=position).delete()
    return position


def swap_a_head(chance: random.Random) -> int:
    """The head of another tree in place of the newest, with the rows that it would fit."""
    position = chance.randrange(ROWS)
    head = Checkpoint.objects.get(size=ROWS)
    root = chance.randbytes(32)
    older = Checkpoint.objects.exclude(size=ROWS).first()
    assert older is not None
    note = (
        head.note.replace(head.note.split("\n")[2], older.note.split("\n")[2]) if position % 2 else older.note
    )
    Checkpoint.objects.filter(size=ROWS).update(note=note, root_hash=root)
    return -1


KINDS: tuple[Tampering, ...] = (
    change, change_and_hash, change_a_leaf, delete, delete_and_close_up, insert, reorder, truncate,
    truncate_with_heads, swap_a_head,
)  # fmt: skip


@pytest.fixture
def journal(transactional_db: None, tmp_path: Path) -> Iterator[Path]:
    """Forty rows under three heads, published; the database's own refusals are lifted, as a superuser can."""
    for count in (13, 17, 10):
        grow(count, outside=tmp_path / "heads")
        tile_files.publish(tmp_path / "log")
    append_only.run(connection, append_only.remove_statements(connection.vendor))
    yield tmp_path
    append_only.run(connection, append_only.install_statements(connection.vendor))


@pytest.mark.parametrize("tamper", KINDS)
def test_every_tampering_is_found_and_its_first_row_named(journal: Path, tamper: Tampering) -> None:
    """Twenty of each of ten kinds, where chance puts them: 200 made, 200 found."""
    key = KEY.public_key()
    head, published = verify.read_tiles(str(journal / "log"), key)
    outside = verify.read_head((journal / "heads" / f"{ROWS:012d}.txt").read_text(), key)
    assert verify.verify(export_lines(), key, published=published).size == head.size == ROWS
    chance = random.Random(tamper.__name__)  # noqa: S311 - the same places each time
    for number in range(PER_KIND):
        with transaction.atomic():
            first = tamper(chance)
            lines = list(export_lines())
            transaction.set_rollback(True)
        with pytest.raises(verify.BrokenJournal) as alone:
            with_key_and_head(lines, outside)
        with pytest.raises(verify.BrokenJournal) as named:
            verify.verify(iter(lines), key, published=published)
        said, where = str(named.value), f"{tamper.__name__} {number}: {alone.value} / {named.value}"
        if tamper is swap_a_head:
            assert "head" in said, where
        elif tamper in (truncate, truncate_with_heads):
            held = re.findall(r"holds (\d+|no)\b", said)[0]
            assert int(held.replace("no", "0")) <= first, where
        else:
            assert said.startswith(f"row {first} "), where
    assert verify.verify(export_lines(), key, published=published).size == ROWS


def with_key_and_head(lines: list[str], outside: verify.Head) -> None:
    """Verify as somebody who never saw the tiles."""
    verify.verify(iter(lines), KEY.public_key())
    verify.check_outside_head(iter(lines), outside)
