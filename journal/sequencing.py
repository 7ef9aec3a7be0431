"""Gives committed entries their place in the tree, apart from the transactions that wrote them.

Appending therefore never waits for the tree, and a reader that follows positions misses nothing:
an entry whose transaction commits late simply gets a later position.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from django.db import IntegrityError, connection, transaction

from journal.merkle import Peaks, leaf_hash
from journal.models import Leaf, Subtree, TreeState, Unsequenced
from journal.tiles import subtrees_completed


@dataclass(frozen=True, slots=True, kw_only=True)
class SequencedEntry:
    """An entry as consumers see it."""

    position: int
    entry_id: int
    type: str
    version: int
    at: datetime
    event: dict[str, object]
    correlation: str = ""

    def text(self, name: str) -> str:
        """Return a field of the event as text, empty when it is absent."""
        return str(self.event.get(name, ""))


def sequence_committed(*, limit: int = 500) -> int:
    """Give up to ``limit`` committed entries their positions and return how many.

    Two sequencers at once are harmless: positions are a primary key, so one of them starts over.
    """
    if not Unsequenced.objects.exists():
        return 0
    try:
        with transaction.atomic():
            return _sequence(limit)
    except IntegrityError:
        return 0


@dataclass(frozen=True, slots=True)
class Edge:
    """How far the journal has come: the same twice means that nothing was committed in between."""

    peaks: str
    """The tree's right edge; empty while it is."""
    has_waiting: bool
    """An entry that is committed has no place yet."""


_EDGE: Final = (
    "SELECT EXISTS (SELECT 1 FROM journal_unsequenced), (SELECT peaks FROM journal_treestate WHERE id = 1)"
)


def journal_edge() -> Edge:
    """Return the journal's edge. One short statement: it is asked twenty times a second."""
    with connection.cursor() as cursor:
        cursor.execute(_EDGE)
        has_waiting, peaks = cursor.fetchone()
    return Edge(peaks=peaks or "", has_waiting=bool(has_waiting))


def _sequence(limit: int) -> int:
    """Place what is committed now; whoever else sequences waits for the row of the tree's state."""
    state, _ = TreeState.objects.select_for_update().get_or_create(id=1)
    waiting = Unsequenced.objects.order_by("entry_id").values_list("entry_id", "entry__content")[:limit]
    peaks = Peaks(state.size, [bytes.fromhex(peak) for peak in state.peaks.split()])
    leaves, subtrees = [], []
    for entry_id, content in waiting:
        hashed = leaf_hash(content.encode())
        leaves.append(Leaf(position=peaks.size, entry_id=entry_id, leaf_hash=hashed))
        completed = peaks.append(hashed)
        subtrees += [
            Subtree(level=level, index=index, node_hash=node)
            for level, index, node in subtrees_completed(peaks.size, completed)
        ]
    Subtree.objects.bulk_create(subtrees)
    if _place(leaves, after=state.size, peaks=" ".join(peak.hex() for peak in peaks.peaks)) != 1:
        raise IntegrityError("another sequencer was faster")
    return len(leaves)


_PLACE: Final = """
WITH placed AS (
  INSERT INTO journal_leaf (position, entry_id, leaf_hash)
  SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bytea[])
), taken AS (
  DELETE FROM journal_unsequenced WHERE entry_id = ANY(%s::bigint[])
)
UPDATE journal_treestate SET size = %s, peaks = %s WHERE id = 1 AND size = %s
"""


def _place(leaves: Sequence[Leaf], *, after: int, peaks: str) -> int:
    """Write the leaves, take their entries off the list of those that wait, and move the tree's edge.

    Return how many rows of the tree's state were moved. One statement where the database knows how: the
    sequencer runs twenty times a second, mostly for a few entries.
    """
    size, entries = after + len(leaves), [leaf.entry_id for leaf in leaves]
    if connection.vendor != "postgresql":
        Leaf.objects.bulk_create(leaves)
        Unsequenced.objects.filter(entry_id__in=entries).delete()
        return TreeState.objects.filter(id=1, size=after).update(size=size, peaks=peaks)
    positions, hashed = [leaf.position for leaf in leaves], [leaf.leaf_hash for leaf in leaves]
    with connection.cursor() as cursor:
        cursor.execute(_PLACE, (positions, entries, hashed, entries, size, peaks, after))
        moved: int = cursor.rowcount
    return moved


def entries_from(position: int, *, limit: int = 100) -> list[SequencedEntry]:
    """Return entries at ``position`` and after, in order."""
    leaves = Leaf.objects.filter(position__gte=position).select_related("entry").order_by("position")[:limit]
    return [_as_consumers_see(leaf) for leaf in leaves]


def _as_consumers_see(leaf: Leaf) -> SequencedEntry:
    content = json.loads(leaf.entry.content)
    return SequencedEntry(
        position=leaf.position,
        entry_id=leaf.entry_id,
        type=leaf.entry.type,
        version=leaf.entry.version,
        at=leaf.entry.at.astimezone(UTC),
        event=content["event"],
        correlation=content["actor"].get("correlation", ""),
    )
