"""Merkle tree hashing of RFC 6962 section 2.1: leaf and node hashes, root, inclusion and consistency."""

import hashlib
from collections.abc import Sequence

EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(leaf: bytes) -> bytes:
    """Return SHA-256(0x00 || leaf)."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def _split(size: int) -> int:
    """Return the largest power of two smaller than ``size`` (size > 1)."""
    return 1 << ((size - 1).bit_length() - 1)


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Return the tree hash over leaf hashes; SHA-256 of nothing for an empty tree."""
    peaks = Peaks()
    for leaf in leaves:
        peaks.append(leaf)
    return peaks.root()


class Peaks:
    """The right edge of a growing tree: the roots of its full subtrees, largest first.

    Appending and taking the root cost O(log n), so a checkpoint never reads the whole tree.
    """

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        if size.bit_count() != len(peaks):
            msg = f"a tree of {size} leaves has {size.bit_count()} peaks, not {len(peaks)}"
            raise ValueError(msg)
        self.size = size
        self._peaks = list(peaks)

    def append(self, leaf: bytes) -> list[bytes]:
        """Add one leaf hash at the right edge; return the hashes of the full subtrees that it completes.

        They are of 1, 2, 4 ... leaves: the one at index h has 2**h.
        """
        completed, size = [leaf], self.size
        while size & 1:
            completed.append(node_hash(self._peaks.pop(), completed[-1]))
            size >>= 1
        self._peaks.append(completed[-1])
        self.size += 1
        return completed

    def root(self) -> bytes:
        """Return the tree hash."""
        if not self._peaks:
            return EMPTY_ROOT
        node = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            node = node_hash(peak, node)
        return node

    @property
    def peaks(self) -> list[bytes]:
        """Return a copy of the subtree roots."""
        return list(self._peaks)


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Return the audit path of leaf ``index`` (RFC 6962 section 2.1.1).

    Raises ``IndexError`` when there is no such leaf.
    """
    if not 0 <= index < len(leaves):
        msg = f"leaf {index} is not in a tree of {len(leaves)}"
        raise IndexError(msg)
    if len(leaves) == 1:
        return []
    split = _split(len(leaves))
    if index < split:
        return [*inclusion_proof(leaves[:split], index), root_of(leaves[split:])]
    return [*inclusion_proof(leaves[split:], index - split), root_of(leaves[:split])]


def root_from_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """Return the root that the proof leads to (RFC 9162 section 2.1.3.2).

    Raises ``ValueError`` when the proof has the wrong length or the index is outside the tree.
    """
    if not 0 <= index < size:
        msg = f"leaf {index} is not in a tree of {size}"
        raise ValueError(msg)
    node, position, last = leaf, index, size - 1
    for step in proof:
        if last == 0:
            msg = "the proof is too long"
            raise ValueError(msg)
        if position & 1 or position == last:
            node = node_hash(step, node)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            node = node_hash(node, step)
        position >>= 1
        last >>= 1
    if last:
        msg = "the proof is too short"
        raise ValueError(msg)
    return node


def consistency_proof(leaves: Sequence[bytes], first: int) -> list[bytes]:
    """Return the proof that the first ``first`` leaves are a prefix (RFC 6962 section 2.1.2).

    Raises ``ValueError`` unless 0 < first <= len(leaves).
    """
    if not 0 < first <= len(leaves):
        msg = f"no consistency proof from {first} to {len(leaves)}"
        raise ValueError(msg)
    return _subproof(leaves, first, whole=True)


def root_from_consistency(first: int, second: int, first_root: bytes, proof: Sequence[bytes]) -> bytes:
    """Return the root of ``second`` leaves that the proof leads to from ``first_root``.

    RFC 9162 section 2.1.4.2. Raises ``ValueError`` when the proof does not begin at ``first_root``, or has
    the wrong length.
    """
    if first == second and not proof:
        return first_root
    nodes = [first_root, *proof] if first & (first - 1) == 0 else list(proof)
    if not (0 < first < second and nodes):
        raise ValueError("a proof of another length is needed")
    # Where the smaller tree ends in full subtrees, the proof begins at the largest of them.
    full = (first & -first).bit_length() - 1
    position, last = (first - 1) >> full, (second - 1) >> full
    old = new = nodes[0]
    for step in nodes[1:]:
        if last == 0:
            raise ValueError("the proof is too long")
        if position & 1 or position == last:
            old, new = node_hash(step, old), node_hash(step, new)
            zeros = max((position & -position).bit_length() - 1, 0)
            position, last = position >> zeros, last >> zeros
        else:
            new = node_hash(new, step)
        position, last = position >> 1, last >> 1
    if last or old != first_root:
        raise ValueError("the proof does not lead from the one root to the other")
    return new


def _subproof(leaves: Sequence[bytes], first: int, *, whole: bool) -> list[bytes]:
    if first == len(leaves):
        return [] if whole else [root_of(leaves)]
    split = _split(len(leaves))
    if first <= split:
        return [*_subproof(leaves[:split], first, whole=whole), root_of(leaves[split:])]
    return [*_subproof(leaves[split:], first - split, whole=False), root_of(leaves[:split])]
