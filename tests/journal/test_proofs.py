"""Proofs from stored hashes are those of RFC 6962, read a few ranges, and stay right while the tree grows."""

import hashlib
import random

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from journal import merkle, proofs, sequencing
from journal.models import Entry, Leaf, Subtree, TreeState
from journal.tiles import TILE_WIDTH, NotInTree, TiledTree, subtrees_completed, tile_name, tiles_of
from tests.journal.test_recording import ring


def levels_over(leaves: list[bytes]) -> list[list[bytes]]:
    """Every level of tiles, from the definition: an oracle apart from ``subtrees_completed``."""
    levels = [leaves]
    while len(levels[-1]) >= TILE_WIDTH:
        below = levels[-1]
        whole = range(0, len(below) - len(below) % TILE_WIDTH, TILE_WIDTH)
        levels.append([merkle.root_of(below[start : start + TILE_WIDTH]) for start in whole])
    return levels


def tiled(leaves: list[bytes]) -> TiledTree:
    levels = levels_over(leaves)
    return TiledTree(len(leaves), lambda level, index, width: levels[level][index * TILE_WIDTH :][:width])


def leaves_of(size: int) -> list[bytes]:
    return [hashlib.sha256(number.to_bytes(4)).digest() for number in range(size)]


MANY = leaves_of(66_000)


@settings(deadline=None, max_examples=60)
@given(st.one_of(st.integers(1, 600), st.sampled_from([65_535, 65_536, 65_537, 66_000])), st.data())
def test_tiles_give_the_proofs_of_the_whole_tree(size: int, data: st.DataObject) -> None:
    leaves = MANY[:size]
    tree = tiled(leaves)
    position, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    assert tree.root() == merkle.root_of(leaves)
    assert tree.leaf(position) == leaves[position]
    proof = tree.inclusion_proof(position)
    assert proof == merkle.inclusion_proof(leaves, position)
    assert merkle.root_from_inclusion(leaves[position], position, size, proof) == tree.root()
    assert tree.consistency_proof(old) == merkle.consistency_proof(leaves, old)


@pytest.mark.parametrize(
    ("tile", "name"),
    [
        ((0, 1_234_067, 256), "0/x001/x234/067"),
        ((0, 1_234_067, 7), "0/x001/x234/067.p/7"),
        ((3, 0, 1), "3/000.p/1"),
        ((1, 999, 256), "1/999"),
        ((1, 1000, 256), "1/x001/000"),
    ],
)
def test_a_tile_lies_where_the_layout_says(tile: tuple[int, int, int], name: str) -> None:
    assert tile_name(tile) == name


def test_a_tree_of_70000_has_the_tiles_that_the_specification_counts() -> None:
    tiles = tiles_of(70_000)
    assert sum(1 for level, _, width in tiles if (level, width) == (0, 256)) == 273
    assert [tile for tile in tiles if tile[2] != 256] == [(0, 273, 112), (1, 1, 17), (2, 0, 1)]
    assert tiles_of(256) == [(0, 0, 256), (1, 0, 1)]
    assert tiles_of(70_000, after=69_900) == [(0, 273, 112), (1, 1, 17), (2, 0, 1)]
    assert tiles_of(70_000, after=69_800)[0] == (0, 272, 256)


def plant(size: int) -> list[bytes]:
    """A large tree as the sequencer leaves it, without recording each entry: one entry stands for many."""
    entry = ring()
    leaves, peaks, subtrees = leaves_of(size), merkle.Peaks(), []
    entries = Entry.objects.bulk_create(
        Entry(type=entry.type, version=1, at=entry.at, actor_identifier="test", content="{}")
        for _ in range(size)
    )
    for leaf in leaves:
        completed = peaks.append(leaf)
        subtrees += [
            Subtree(level=level, index=index, node_hash=node)
            for level, index, node in subtrees_completed(peaks.size, completed)
        ]
    Leaf.objects.bulk_create(
        Leaf(position=position, entry=row, leaf_hash=leaf)
        for position, (row, leaf) in enumerate(zip(entries, leaves, strict=True))
    )
    Subtree.objects.bulk_create(subtrees)
    TreeState.objects.create(size=size, peaks=" ".join(peak.hex() for peak in peaks.peaks))
    return leaves


@pytest.mark.django_db
def test_a_proof_reads_a_few_ranges_and_not_the_journal() -> None:
    leaves = plant(2000)
    with CaptureQueriesContext(connection) as queries:
        proof = proofs.inclusion_proof(700, 2000)
    assert proof == merkle.inclusion_proof(leaves, 700)
    assert len(queries) <= 3
    with CaptureQueriesContext(connection) as queries:
        proof = proofs.consistency_proof(1023, 2000)
    assert proof == merkle.consistency_proof(leaves, 1023)
    assert len(queries) <= 4


@pytest.mark.django_db
def test_proofs_of_an_older_size_stay_the_same_while_the_tree_grows() -> None:
    chance = random.Random(6962)  # noqa: S311 - the same rows each time
    leaves = plant(500)
    asked = [(chance.randrange(300), 300) for _ in range(5)] + [
        (chance.randrange(500), 500) for _ in range(5)
    ]
    before = [proofs.inclusion_proof(*each) for each in asked]
    old = proofs.consistency_proof(300, 500)
    for times in range(30):
        ring(times)
    while sequencing.sequence_committed(limit=7):
        pass
    assert TreeState.objects.get().size == 531
    assert [proofs.inclusion_proof(*each) for each in asked] == before
    assert proofs.consistency_proof(300, 500) == old
    now = [bytes(leaf) for leaf in Leaf.objects.order_by("position").values_list("leaf_hash", flat=True)]
    assert now[:500] == leaves
    assert proofs.consistency_proof(500, 531) == merkle.consistency_proof(now, 500)
    assert proofs.inclusion_proof(530, 531) == merkle.inclusion_proof(now, 530)
    assert [(row.level, row.index) for row in Subtree.objects.order_by("level", "index")] == [(1, 0), (1, 1)]


@pytest.mark.django_db
def test_no_proof_is_made_of_what_is_not_there() -> None:
    plant(3)
    with pytest.raises(IndexError):
        proofs.inclusion_proof(3, 3)
    with pytest.raises(NotInTree):
        proofs.inclusion_proof(0, 4)
    with pytest.raises(ValueError, match="no consistency"):
        proofs.consistency_proof(0, 3)
    with pytest.raises(NotInTree):
        proofs.consistency_proof(2, 5)
    with pytest.raises(NotInTree, match="no head"):
        list(proofs.proof_bundle([0], 3))
    with pytest.raises(ValueError, match="at least one"):
        proofs.receipt_proof([])
