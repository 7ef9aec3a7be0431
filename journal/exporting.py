"""Writes the journal as JSON lines that ``journal/verify.py`` checks without any server."""

from collections.abc import Iterator

from django.db.models import Max

from journal.models import Checkpoint, Leaf
from journal.recording import canonical_json


def export_lines() -> Iterator[str]:
    """Yield the header, every row up to the newest signed head, and every signed head."""
    size = Checkpoint.objects.aggregate(size=Max("size"))["size"] or 0
    yield canonical_json({"format": "sigill-journal-export", "version": 1, "size": size}) + "\n"
    leaves = Leaf.objects.filter(position__lt=size).select_related("entry").order_by("position")
    for leaf in leaves.iterator(chunk_size=2000):
        yield (
            canonical_json(
                {
                    "position": leaf.position,
                    "content": leaf.entry.content,
                    "leaf_hash": bytes(leaf.leaf_hash).hex(),
                }
            )
            + "\n"
        )
    for checkpoint in Checkpoint.objects.filter(size__lte=size).order_by("size").iterator():
        yield canonical_json({"note": checkpoint.note}) + "\n"
