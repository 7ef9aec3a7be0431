"""Proofs about rows of the journal, made from stored tree hashes: for receipts, exports and auditors.

A proof bundle is JSON lines: a header with one signed head, then each row with its inclusion proof in that
head's tree. ``journal/verify.py`` checks it without any server, and it holds no row but those it is about.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from journal.exporting import row_of
from journal.models import Checkpoint, Leaf, Subtree
from journal.personal import openings_of
from journal.recording import canonical_json
from journal.tiles import TILE_WIDTH, NotInTree, TiledTree

BUNDLE_FORMAT: Final = "sigill-journal-proofs"
GROWTH_FORMAT: Final = "sigill-journal-growth"
_BATCH: Final = 500


def tree_of(size: int) -> TiledTree:
    """Return the tree over the first ``size`` rows; rows that come later do not change it."""
    return TiledTree(size, read_tile)


def read_tile(level: int, index: int, width: int) -> list[bytes]:
    """Return the first hashes of a tile, one short range of an index; raises ``NotInTree`` if any lack."""
    first = index * TILE_WIDTH
    reach = (first, first + width - 1)
    if level:
        above = Subtree.objects.filter(level=level, index__range=reach).order_by("index")
        found = [bytes(node) for node in above.values_list("node_hash", flat=True)]
    else:
        leaves = Leaf.objects.filter(position__range=reach).order_by("position")
        found = [bytes(leaf) for leaf in leaves.values_list("leaf_hash", flat=True)]
    if len(found) != width:
        raise NotInTree(f"the tree holds {len(found)} of {width} hashes from {first} on at level {level}")
    return found


def inclusion_proof(position: int, size: int) -> list[bytes]:
    """Return the audit path of row ``position`` in the tree of ``size`` rows (RFC 6962 section 2.1.1).

    Raises ``IndexError`` when the row is not in that tree, ``NotInTree`` when the tree is not that large.
    """
    return tree_of(size).inclusion_proof(position)


def consistency_proof(old_size: int, new_size: int) -> list[bytes]:
    """Return the proof that the larger tree begins with the smaller (RFC 6962 section 2.1.2).

    Raises ``ValueError`` unless 0 < old_size <= new_size, ``NotInTree`` when the tree is not that large.
    """
    return tree_of(new_size).consistency_proof(old_size)


def head_over(position: int) -> Checkpoint | None:
    """Return the newest signed head if it covers the row at ``position``, else None."""
    return Checkpoint.objects.filter(size__gt=position).order_by("-size").first()


def proof_bundle(
    positions: Collection[int],
    size: int,
    *,
    with_content: bool = True,
    with_personal: bool = False,
    octets: int = 0,
) -> Iterator[str]:
    """Yield a bundle: the signed head over ``size`` rows, and each row with its proof, in order of position.

    Without ``with_content`` a row is only its leaf hash; with ``with_personal`` it also opens what is still
    readable of persons. ``octets`` is told in the header: the bundle will lie in a PDF whose first octets,
    so many, have the SHA-256 that a row names. Whoever calls this decides that the reader may see the rows.
    Raises ``NotInTree`` when no head is signed over just ``size`` rows, ``IndexError`` for a row beyond it.
    """
    head = Checkpoint.objects.filter(size=size).first()
    if head is None:
        raise NotInTree(f"no head is signed over {size} rows")
    wanted = sorted(set(positions))
    if wanted and not 0 <= wanted[0] <= wanted[-1] < size:
        raise IndexError(f"rows {wanted[0]} to {wanted[-1]} are not all in a tree of {size}")
    header = {"format": BUNDLE_FORMAT, "version": 1, "rows": len(wanted), "note": head.note}
    if octets:
        header["octets"] = octets
    yield canonical_json(header) + "\n"
    tree, remaining = tree_of(size), iter(wanted)
    while batch := list(islice(remaining, _BATCH)):
        for row in _rows(batch, with_content=with_content, with_personal=with_personal):
            position = int(str(row["position"]))
            proof = [node.hex() for node in tree.inclusion_proof(position)]
            yield canonical_json(row | {"proof": proof}) + "\n"


def _rows(
    positions: Sequence[int], *, with_content: bool, with_personal: bool
) -> Iterator[dict[str, object]]:
    leaves = Leaf.objects.filter(position__in=positions).order_by("position")
    if not with_content:
        for position, leaf_hash in leaves.values_list("position", "leaf_hash"):
            yield {"position": position, "leaf_hash": bytes(leaf_hash).hex()}
        return
    loaded = list(leaves.select_related("entry"))
    openings = openings_of([leaf.entry for leaf in loaded]) if with_personal else {}
    for leaf in loaded:
        yield row_of(leaf, openings.get(leaf.entry_id, {}))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptProof:
    """What a receipt shows of its rows' place in the journal, and the bundle that it carries."""

    origin: str
    size: int
    root_hash: str
    positions: tuple[int, ...]
    leaf_hashes: tuple[str, ...]
    bundle: str


def receipt_proof(
    entry_ids: Collection[int], *, with_content: bool = True, octets: int = 0
) -> ReceiptProof | None:
    """Return the proof of these entries under the newest signed head; None until one covers them all.

    ``octets`` as in ``proof_bundle``.

    Raises ``ValueError`` when no entry is named: an empty receipt would prove nothing.
    """
    if not entry_ids:
        raise ValueError("a receipt is about at least one entry")
    leaves = Leaf.objects.filter(entry_id__in=entry_ids).order_by("position")
    found = list(leaves.values_list("position", "leaf_hash"))
    if len(found) < len(set(entry_ids)):
        return None
    positions = tuple(position for position, _ in found)
    head = head_over(positions[-1])
    if head is None:
        return None
    return ReceiptProof(
        origin=head.note.partition("\n")[0],
        size=head.size,
        root_hash=bytes(head.root_hash).hex(),
        positions=positions,
        leaf_hashes=tuple(bytes(leaf_hash).hex() for _, leaf_hash in found),
        bundle="".join(proof_bundle(positions, head.size, with_content=with_content, octets=octets)),
    )


def growth_proof(old_size: int, new_size: int) -> str:
    """Return the proof that one signed head contains another, as one line that ``journal/verify.py`` checks.

    Raises ``NotInTree`` when one of them is not signed, ``ValueError`` unless 0 < old_size <= new_size.
    """
    notes = dict(Checkpoint.objects.filter(size__in=(old_size, new_size)).values_list("size", "note"))
    if len(notes) < len({old_size, new_size}):
        raise NotInTree(f"there is no signed head over {old_size} or over {new_size} rows")
    path = [node.hex() for node in consistency_proof(old_size, new_size)]
    told = {"format": GROWTH_FORMAT, "version": 1, "old": notes[old_size], "new": notes[new_size]}
    return canonical_json(told | {"proof": path}) + "\n"
