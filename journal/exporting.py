"""Writes the journal as JSON lines that ``journal/verify.py`` checks without any server."""

from collections.abc import Iterator, Mapping
from itertools import islice

from django.db.models import Max

from journal.commitments import Opening
from journal.models import Checkpoint, Leaf
from journal.personal import openings_of
from journal.recording import canonical_json


def export_lines(*, with_personal: bool = False) -> Iterator[str]:
    """Yield the header, every row up to the newest signed head, and every signed head.

    With ``with_personal`` each row carries what can still be read of persons, and the salt that shows that
    the leaf committed to it. Without, the export holds pseudonyms only and is as good a proof.
    """
    size = Checkpoint.objects.aggregate(size=Max("size"))["size"] or 0
    yield canonical_json({"format": "sigill-journal-export", "version": 1, "size": size}) + "\n"
    leaves = Leaf.objects.filter(position__lt=size).select_related("entry").order_by("position")
    for batch in _batches(leaves.iterator(chunk_size=2000)):
        openings = openings_of([leaf.entry for leaf in batch]) if with_personal else {}
        for leaf in batch:
            yield canonical_json(row_of(leaf, openings.get(leaf.entry_id, {}))) + "\n"
    for checkpoint in Checkpoint.objects.filter(size__lte=size).order_by("size").iterator():
        yield canonical_json({"note": checkpoint.note}) + "\n"


def row_of(leaf: Leaf, openings: Mapping[str, Opening]) -> dict[str, object]:
    """Return the line of a leaf whose entry is loaded; ``openings`` are its personal parts, if any."""
    row: dict[str, object] = {
        "position": leaf.position,
        "content": leaf.entry.content,
        "leaf_hash": bytes(leaf.leaf_hash).hex(),
    }
    if openings:
        row["personal"] = {part: opening.as_json() for part, opening in sorted(openings.items())}
    return row


def _batches(leaves: Iterator[Leaf]) -> Iterator[list[Leaf]]:
    while batch := list(islice(leaves, 500)):
        yield batch
