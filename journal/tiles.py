"""Tree hashes by tile (C2SP tlog-tiles): where a tile lies, and proofs that read a few tiles only.

A tile is 256 consecutive hashes of one level; the hash of a full tile stands in the level above. A proof in
a tree of n leaves reads O(log n) tiles and asks for nothing beyond the size it is made for, so it is the
same however the tree grows meanwhile.
"""

from collections.abc import Callable, Sequence
from typing import Final

from journal.merkle import EMPTY_ROOT, node_hash

TILE_HEIGHT: Final = 8
TILE_WIDTH: Final = 1 << TILE_HEIGHT

Tile = tuple[int, int, int]
"""Level, index within the level, and width in hashes."""

ReadTile = Callable[[int, int, int], Sequence[bytes]]
"""Returns the first ``width`` hashes of tile ``(level, index)``."""


class NotInTree(Exception):
    """The tree is not that large, or hashes of it are missing."""


def tile_name(tile: Tile) -> str:
    """Return the path of a tile below ``tile/``: ``0/x001/x234/067``, with ``.p/<width>`` when partial."""
    level, index, width = tile
    groups = [f"{index % 1000:03d}"]
    while index >= 1000:  # noqa: PLR2004 - three digits a path element
        index //= 1000
        groups.insert(0, f"x{index % 1000:03d}")
    partial = "" if width == TILE_WIDTH else f".p/{width}"
    return f"{level}/{'/'.join(groups)}{partial}"


def tiles_of(size: int, *, after: int = 0) -> list[Tile]:
    """Return the tiles of a tree of ``size`` leaves that a tree of ``after`` leaves does not have in full."""
    found = []
    level = 0
    while size >> (TILE_HEIGHT * level):
        hashes = size >> (TILE_HEIGHT * level)
        first = after >> (TILE_HEIGHT * (level + 1))
        found += [(level, index, TILE_WIDTH) for index in range(first, hashes // TILE_WIDTH)]
        if hashes % TILE_WIDTH:
            found.append((level, hashes // TILE_WIDTH, hashes % TILE_WIDTH))
        level += 1
    return found


_MOST_REMEMBERED: Final = 100_000


def subtrees_completed(size: int, completed: Sequence[bytes]) -> list[tuple[int, int, bytes]]:
    """Return (level, index, hash) of what the last of ``size`` leaves adds to the levels above the leaves.

    ``completed`` is what ``Peaks.append`` returned for that leaf.
    """
    return [
        (level, (size >> (TILE_HEIGHT * level)) - 1, node)
        for level, node in enumerate(completed[TILE_HEIGHT::TILE_HEIGHT], start=1)
    ]


class TiledTree:
    """A tree of a given size, read by tile. Proofs of neighbours share what was read and hashed for one."""

    def __init__(self, size: int, read: ReadTile) -> None:
        self.size = size
        self._read = read
        self._tiles: dict[tuple[int, int], Sequence[bytes]] = {}
        self._nodes: dict[tuple[int, int], bytes] = {}

    def root(self) -> bytes:
        """Return the tree hash."""
        return self._hash_of(0, self.size) if self.size else EMPTY_ROOT

    def leaf(self, position: int) -> bytes:
        """Return a leaf hash. Raises ``IndexError`` when there is no such leaf."""
        self._demand(position)
        return self._node(0, position)

    def inclusion_proof(self, position: int) -> list[bytes]:
        """Return the audit path of a leaf (RFC 6962 section 2.1.1).

        Raises ``IndexError`` when there is no such leaf.
        """
        self._demand(position)
        if len(self._nodes) > _MOST_REMEMBERED:
            self._nodes.clear()
            self._tiles.clear()
        path, start, end = [], 0, self.size
        while end - start > 1:
            middle = start + _split(end - start)
            if position < middle:
                path.append(self._hash_of(middle, end))
                end = middle
            else:
                path.append(self._hash_of(start, middle))
                start = middle
        return path[::-1]

    def consistency_proof(self, old_size: int) -> list[bytes]:
        """Return the proof that the first ``old_size`` leaves are a prefix (RFC 6962 section 2.1.2).

        Raises ``ValueError`` unless 0 < old_size <= size.
        """
        if not 0 < old_size <= self.size:
            raise ValueError(f"no consistency proof from {old_size} to {self.size}")
        path, start, end = [], 0, self.size
        while old_size != end:
            middle = start + _split(end - start)
            if old_size <= middle:
                path.append(self._hash_of(middle, end))
                end = middle
            else:
                path.append(self._hash_of(start, middle))
                start = middle
        if start:
            path.append(self._hash_of(start, end))
        return path[::-1]

    def _demand(self, position: int) -> None:
        if not 0 <= position < self.size:
            raise IndexError(f"leaf {position} is not in a tree of {self.size}")

    def _hash_of(self, start: int, end: int) -> bytes:
        """Return the hash of the leaves from ``start`` to ``end``: a subtree as RFC 6962 splits them."""
        width = end - start
        if width & (width - 1) == 0:
            height = width.bit_length() - 1
            return self._node(height, start >> height)
        middle = start + _split(width)
        return node_hash(self._hash_of(start, middle), self._hash_of(middle, end))

    def _node(self, height: int, index: int) -> bytes:
        """Return the hash of the ``index``-th full subtree of 2**height leaves."""
        if height % TILE_HEIGHT == 0:
            return self._tile(height // TILE_HEIGHT, index // TILE_WIDTH)[index % TILE_WIDTH]
        node = self._nodes.get((height, index))
        if node is None:
            node = node_hash(self._node(height - 1, 2 * index), self._node(height - 1, 2 * index + 1))
            self._nodes[height, index] = node
        return node

    def _tile(self, level: int, index: int) -> Sequence[bytes]:
        tile = self._tiles.get((level, index))
        if tile is None:
            hashes = self.size >> (TILE_HEIGHT * level)
            width = min(TILE_WIDTH, hashes - index * TILE_WIDTH)
            tile = self._tiles[level, index] = self._read(level, index, width)
        return tile


def _split(size: int) -> int:
    """Return the largest power of two smaller than ``size`` (size > 1)."""
    return 1 << ((size - 1).bit_length() - 1)
