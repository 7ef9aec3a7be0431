"""Gives committed entries their place in the tree, apart from the transactions that wrote them.

Appending therefore never waits for the tree, and a reader that follows positions misses nothing:
an entry whose transaction commits late simply gets a later position.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import IntegrityError, transaction

from journal.merkle import Peaks, leaf_hash
from journal.models import Entry, Leaf, TreeState, Unsequenced


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
            entries = list(
                Entry.objects.filter(unsequenced__isnull=False).order_by("id").only("id", "content")[:limit]
            )
            state, _ = TreeState.objects.select_for_update().get_or_create(id=1)
            peaks = Peaks(state.size, [bytes.fromhex(peak) for peak in state.peaks.split()])
            leaves: list[Leaf] = []
            for entry in entries:
                hashed = leaf_hash(entry.content.encode())
                leaves.append(Leaf(position=peaks.size, entry=entry, leaf_hash=hashed))
                peaks.append(hashed)
            Leaf.objects.bulk_create(leaves)
            Unsequenced.objects.filter(entry__in=entries).delete()
            moved = TreeState.objects.filter(id=1, size=state.size).update(
                size=peaks.size, peaks=" ".join(peak.hex() for peak in peaks.peaks)
            )
            if moved != 1:
                raise IntegrityError("another sequencer was faster")  # noqa: TRY301 - rolls this one back
            return len(leaves)
    except IntegrityError:
        return 0


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
