"""The running check that the journal is as it was signed: new rows at once, all rows again in the background.

Every row's content is hashed anew and the tree is rebuilt from it, so a verified head is consistent with the
one before it by construction. Each call reads a bounded number of rows; what it has seen stands in
``IntegrityWatch``. A finding stays until a person has dealt with it, and is recorded as an event.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import ClassVar, Final

from django.db import transaction

from journal.actor import Actor
from journal.checkpoints import newest_outside
from journal.events import Event
from journal.merkle import Peaks, leaf_hash
from journal.models import Checkpoint, IntegrityWatch, Leaf, TreeState
from journal.recording import record
from journal.verify import BrokenJournal, PublicKey, read_head

ROWS_AT_ONCE: Final = 5_000
_PAUSE: Final = timedelta(minutes=1)
_PAUSE_PER_ROW: Final = timedelta(milliseconds=20)

_Row = tuple[int, bytes | memoryview, str]
"""Position, leaf hash, content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalFoundBroken(Event):
    """The running check found a row that is not as it was signed; ``row`` is -1 when it is no single row."""

    TYPE: ClassVar[str] = "journal.found_broken"
    row: int
    problem: str


class _Broken(Exception):
    """What was found, and at which row."""

    def __init__(self, row: int, text: str) -> None:
        super().__init__(text)
        self.row = row


def watch(*, key: PublicKey, outside: Path, actor: Actor, at: datetime, rows: int = ROWS_AT_ONCE) -> str:
    """Check what is new, then go on with the whole; return what was done in one line.

    ``outside`` is the folder of the heads that are kept outside the database.
    """
    state, _ = IntegrityWatch.objects.get_or_create(id=1)
    if state.broken_at is not None:
        return f"broken at row {state.broken_row}: {state.broken_text}"
    try:
        _check_outside(outside, key=key)
        _advance_front(state, key=key, at=at, rows=rows)
        _advance_round(state, key=key, at=at, rows=rows)
    except _Broken as broken:
        _keep_finding(broken, actor=actor, at=at)
        return f"BROKEN at row {broken.row}: {broken}"
    return f"intact to {state.verified_size}, whole reading at {state.round_position} of {state.round_size}"


def _advance_front(state: IntegrityWatch, *, key: PublicKey, at: datetime, rows: int) -> None:
    """Read on from the last verified head to the newest that this call reaches."""
    head = _head_to_reach(state.verified_size, rows)
    if head is None:
        if state.verified_size:
            IntegrityWatch.objects.filter(id=1).update(verified_at=at)
        return
    walk = Peaks(state.verified_size, _from_text(state.verified_peaks))
    _read_on(walk, _rows(walk.size, head.size), until=head.size)
    _compare(walk, head, key=key, since=state.verified_size)
    state.verified_size, state.verified_peaks = walk.size, _as_text(walk)
    IntegrityWatch.objects.filter(id=1).update(
        verified_size=walk.size,
        verified_root=walk.root().hex(),
        verified_peaks=_as_text(walk),
        verified_at=at,
    )


def _head_to_reach(size: int, rows: int) -> Checkpoint | None:
    """Return the newest head within ``rows`` rows, or the next one when it is further away."""
    ahead = Checkpoint.objects.filter(size__gt=size)
    return ahead.filter(size__lte=size + rows).order_by("-size").first() or ahead.order_by("size").first()


def _advance_round(state: IntegrityWatch, *, key: PublicKey, at: datetime, rows: int) -> None:
    """Go on with the reading of everything; begin a new one when the last is old enough."""
    if state.round_position == state.round_size:
        rests_until = state.whole_at and state.whole_at + _PAUSE + state.round_size * _PAUSE_PER_ROW
        if not state.verified_size or (rests_until and at < rests_until):
            return
        state.round_size, state.round_position, state.round_peaks = state.verified_size, 0, ""
        state.round_started_at = at
    end = min(state.round_position + rows, state.round_size)
    walk, since = Peaks(state.round_position, _from_text(state.round_peaks)), state.round_position
    unread = _rows(since, end)  # one query, however many heads: there may be one for each row
    for head in Checkpoint.objects.filter(size__gt=since, size__lte=end).order_by("size").iterator(2000):
        _read_on(walk, unread, until=head.size)
        _compare(walk, head, key=key, since=since)
        since = head.size
    _read_on(walk, unread, until=end)
    state.round_position, state.round_peaks = walk.size, _as_text(walk)
    is_whole = walk.size == state.round_size
    IntegrityWatch.objects.filter(id=1).update(
        round_size=state.round_size,
        round_position=walk.size,
        round_peaks=state.round_peaks,
        round_started_at=state.round_started_at,
        **({"whole_size": walk.size, "whole_at": at} if is_whole else {}),
    )


def _rows(since: int, until: int) -> Iterator[_Row]:
    """Return the rows from position ``since`` to before ``until``, in their order."""
    leaves = Leaf.objects.filter(position__gte=since, position__lt=until).order_by("position")
    return leaves.values_list("position", "leaf_hash", "entry__content").iterator(2000)


def _read_on(walk: Peaks, rows: Iterator[_Row], *, until: int) -> None:
    """Hash the next rows anew onto the walk; raise ``_Broken`` at the first that is missing or changed."""
    for position, hashed, content in islice(rows, until - walk.size):
        if position != walk.size:
            raise _Broken(walk.size, "the row is missing")
        leaf = leaf_hash(content.encode())
        if leaf != bytes(hashed):
            raise _Broken(position, "the row's content does not give its leaf hash")
        walk.append(leaf)
    if walk.size != until:
        raise _Broken(walk.size, "the row is missing")


def _compare(walk: Peaks, head: Checkpoint, *, key: PublicKey, since: int) -> None:
    try:
        signed = read_head(head.note, key)
    except (BrokenJournal, ValueError) as error:
        raise _Broken(-1, f"the head over {head.size} rows is not signed by the audit key") from error
    if signed.size != head.size or signed.root_hash != walk.root():
        raise _Broken(since, f"rows {since} to {head.size - 1} are not those that were signed")


def _check_outside(outside: Path, *, key: PublicKey) -> None:
    """Compare the newest head outside the database with the database: a rollback shows here."""
    newest = newest_outside(outside)
    if newest is None:
        return
    try:
        kept = read_head(newest.read_text(encoding="utf-8"), key)
    except (BrokenJournal, ValueError) as error:
        raise _Broken(-1, f"the head kept in {newest.name} cannot be read as a signed head") from error
    inside = Checkpoint.objects.filter(size=kept.size).first()
    if inside is None or bytes(inside.root_hash) != kept.root_hash:
        text = f"the head kept outside over {kept.size} rows is not the database's: rolled back or rewritten"
        raise _Broken(-1 if inside else _tree_size(), text)


def _tree_size() -> int:
    """Return how many rows have a place: the first that is missing after a rollback."""
    return TreeState.objects.filter(id=1).values_list("size", flat=True).first() or 0


def _keep_finding(broken: _Broken, *, actor: Actor, at: datetime) -> None:
    with transaction.atomic():
        found = IntegrityWatch.objects.filter(id=1, broken_at__isnull=True)
        if found.update(broken_row=broken.row, broken_text=str(broken), broken_at=at):
            record(JournalFoundBroken(row=broken.row, problem=str(broken)), actor=actor, at=at)


def _as_text(walk: Peaks) -> str:
    return " ".join(peak.hex() for peak in walk.peaks)


def _from_text(peaks: str) -> list[bytes]:
    return [bytes.fromhex(peak) for peak in peaks.split()]
