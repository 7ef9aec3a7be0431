"""Another implementation of RFC 6962 (pymerkle) gives the same roots and proofs; each takes the others."""

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymerkle import InmemoryTree, verify_consistency, verify_inclusion
from pymerkle.proof import InvalidProof

from journal import checkpoints, merkle, verify
from journal.tiles import TiledTree
from tests.journal.test_proofs import levels_over

MOST = 600


def oracle_of(size: int) -> InmemoryTree:
    tree = InmemoryTree(algorithm="sha256")
    tree.append_entries([f"row {number}".encode() for number in range(size)])
    return tree


ORACLE = oracle_of(MOST)
LEAVES = [merkle.leaf_hash(f"row {number}".encode()) for number in range(MOST)]


def ours_of(size: int) -> TiledTree:
    levels = levels_over(LEAVES[:size])
    return TiledTree(size, lambda level, index, width: levels[level][index * 256 :][:width])


@settings(deadline=None)
@given(st.integers(1, MOST), st.data())
def test_roots_and_audit_paths_are_those_of_the_other_implementation(size: int, data: st.DataObject) -> None:
    position = data.draw(st.integers(0, size - 1))
    ours, theirs = ours_of(size), ORACLE.prove_inclusion(position + 1, size)
    root = ORACLE.get_root(size)
    assert ours.leaf(position) == ORACLE.get_leaf(position + 1)
    assert ours.root() == root
    assert ours.inclusion_proof(position) == theirs.path[1:]
    verify_inclusion(ours.leaf(position), ours.root(), theirs)
    _, found = verify.roots_by_proof(position, size, ORACLE.get_leaf(position + 1), theirs.path[1:])
    assert found == root
    theirs.path = [theirs.path[0], *ours.inclusion_proof(position)]
    verify_inclusion(ours.leaf(position), root, theirs)


@settings(deadline=None)
@given(st.integers(1, MOST), st.data())
def test_growth_between_roots_of_the_other_implementation_is_proven(size: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, size))
    heads = [verify.Head("sigill.test", count, ORACLE.get_root(count)) for count in (old, size)]
    path = ours_of(size).consistency_proof(old)
    verify.check_growth(heads[0], heads[1], path)
    verify_consistency(ours_of(old).root(), ours_of(size).root(), ORACLE.prove_consistency(old, size))
    false = verify.Head("sigill.test", old, merkle.leaf_hash(b"another"))
    with pytest.raises(verify.BrokenJournal):
        verify.check_growth(false, heads[1], path)
    if old < size:
        with pytest.raises(verify.BrokenJournal):
            verify.check_growth(heads[0], verify.Head("sigill.test", size, false.root_hash), path)
        with pytest.raises(verify.BrokenJournal):
            verify.check_growth(heads[0], heads[1], path[:-1])
        with pytest.raises(verify.BrokenJournal):
            verify.check_growth(heads[0], heads[1], [*path, path[-1]])
        with pytest.raises(InvalidProof):
            verify_consistency(false.root_hash, heads[1].root_hash, ORACLE.prove_consistency(old, size))


def test_a_head_is_three_lines_with_the_other_implementations_root() -> None:
    body = checkpoints.note_body(origin="sigill.test", size=MOST, root_hash=ours_of(MOST).root())
    assert base64.b64decode(body.splitlines()[2]) == ORACLE.get_root(MOST)
