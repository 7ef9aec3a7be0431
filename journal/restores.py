"""A restored database is older than the heads outside it: they are set aside, and the journal says so.

The heads of what was lost stay, signed, in ``superseded/<restore>/``; the event names how many they are,
their digest and the newest. Heads that disagree with the database and are in no such event are a broken
journal.
"""

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

from journal.events import Event
from journal.models import Checkpoint, Leaf
from journal.verify import BrokenJournal, PublicKey, read_head

ASIDE: Final = "superseded"


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseRestored(Event):
    """The database was brought back to an older state; whatever came after ``restored_rows`` is not in it."""

    TYPE: ClassVar[str] = "database.restored"
    restore_id: str
    backup_id: str
    backup_made_at: str
    restored_rows: int
    restored_root_hash: str
    lost_heads: int
    lost_heads_sha256: str
    lost_newest_rows: int
    lost_newest_root_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LostHeads:
    """The signed heads that a restored database does not have. Zero and empty when there are none."""

    count: int
    sha256: str
    newest_rows: int
    newest_root_hash: str


def set_heads_aside(present: Path, *, outside: Path, restore_id: str) -> LostHeads:
    """Bring the heads of ``present`` (the folder before the restore) to ``outside`` (the folder after it).

    Those that the database has go to their place, all others to ``superseded/<restore_id>/``.
    """
    inside = dict(Checkpoint.objects.values_list("size", "note"))
    aside = outside / ASIDE / restore_id
    for path in _heads_in(present):
        note = path.read_text()
        size, root = _size_and_root(note)
        body = _body(note)
        if path.parent == present and size in inside and _body(inside[size]) == body:
            place = outside / path.name
        elif path.parent != present and (outside / ASIDE / path.parent.name).is_dir():
            continue  # set aside by an earlier restore, which the restored journal knows
        else:
            name = hashlib.sha256(note.encode()).hexdigest()[:8]
            place = aside / f"{size:012d}-{root[:8]}-{name}.txt"
        if not place.exists():
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            place.write_text(note)
    return lost_heads_in(aside)


def lost_heads_in(aside: Path) -> LostHeads:
    """Describe the heads that lie in a folder."""
    paths = sorted(aside.glob("*.txt"))
    if not paths:
        return LostHeads(count=0, sha256="", newest_rows=0, newest_root_hash="")
    notes = [path.read_text() for path in paths]
    size, root = max(_size_and_root(note) for note in notes)
    digest = hashlib.sha256("\n".join(notes).encode()).hexdigest()
    return LostHeads(count=len(notes), sha256=digest, newest_rows=size, newest_root_hash=root)


def told_restores(outside: Path, *, key: PublicKey, rows: int) -> list[str]:
    """Return a sentence for each restore that the first ``rows`` rows tell of, the oldest first.

    Raises ``BrokenJournal`` when the heads set aside are not those that the events name, or are not signed.
    """
    told, known = [], set()
    leaves = Leaf.objects.filter(entry__type=DatabaseRestored.TYPE, position__lt=rows)
    for leaf in leaves.select_related("entry").order_by("position"):
        content = json.loads(leaf.entry.content)
        event = content["event"]
        folder = outside / ASIDE / event["restore_id"]
        known.add(folder.name)
        found = lost_heads_in(folder)
        named = (event["lost_heads"], event["lost_heads_sha256"])
        if (found.count, found.sha256) != named:
            raise BrokenJournal(
                f"row {leaf.position} tells of a restore that set {named[0]} heads aside; "
                f"those in {ASIDE}/{folder.name} are not they"
            )
        for path in folder.glob("*.txt"):
            read_head(path.read_text(), key)
        told.append(
            f"RESTORED at {content['at']} (row {leaf.position}): the database was brought back to an older "
            f"state of {event['restored_rows']} rows, the backup of {event['backup_made_at']}. "
            + _what_was_lost(found, folder)
        )
    untold = {path.name for path in (outside / ASIDE).glob("*") if path.is_dir()} - known
    if untold:
        raise BrokenJournal(f"heads were set aside in {ASIDE}/{min(untold)} and no restore tells of them")
    return told


def _what_was_lost(found: LostHeads, folder: Path) -> str:
    if not found.count:
        return "No head signed after that backup was there when it was restored."
    return (
        f"{found.count} signed heads, the newest over {found.newest_rows} rows, are of what was lost; "
        f"they are kept in {ASIDE}/{folder.name}."
    )


def _heads_in(folder: Path) -> Iterator[Path]:
    yield from sorted(folder.glob("*.txt"))
    yield from sorted(folder.glob(f"{ASIDE}/*/*.txt"))


def _size_and_root(note: str) -> tuple[int, str]:
    _, size, root = _body(note).split("\n")[:3]
    return int(size), base64.b64decode(root).hex()


def _body(note: str) -> str:
    return note.split("\n\n", maxsplit=1)[0]
