"""Draws proofs as numbers for SVG templates: from a row to the root, and how one head holds another."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from journal.merkle import node_hash

_WIDTH: Final = 340
_STEP: Final = 46
_BOX: Final = 104
_MIDDLE: Final = _WIDTH // 2
_ASIDE: Final = 108
_SHOWN: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A drawn hash; ``kind`` is leaf, path, given or root."""

    kind: str
    text: str
    x: int
    y: int
    width: int = _BOX

    @property
    def left(self) -> int:
        """Return where the box begins."""
        return self.x - self.width // 2

    @property
    def top(self) -> int:
        """Return where the box begins from above."""
        return self.y - 12

    @property
    def base(self) -> int:
        """Return the base line of the text."""
        return self.y + 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A drawn connection."""

    x1: int
    y1: int
    x2: int
    y2: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of the proof as a row of a table."""

    number: int
    side: str
    given: str
    result: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """The way from a leaf up to the root."""

    nodes: Sequence[Node]
    lines: Sequence[Line]
    steps: Sequence[Step]
    height: int
    width: int = _WIDTH


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A subtree of the consistency proof: the rows it sums up, and where it is drawn."""

    first: int
    last: int
    node: str
    is_old: bool
    x: str
    width: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """How the newer head's rows are made of the older head's and of later ones."""

    parts: Sequence[Part]
    old_size: int
    new_size: int

    @property
    def more(self) -> int:
        """Return how many rows have come between the heads."""
        return self.new_size - self.old_size


def inclusion_tree(leaf: bytes, *, position: int, size: int, proof: Sequence[bytes]) -> Tree:
    """Return the picture of an inclusion proof, the root above and the row below."""
    steps, node, place, last = [], leaf, position, size - 1
    results = [leaf]
    for number, given in enumerate(proof, start=1):
        is_left = bool(place & 1) or place == last
        node = node_hash(given, node) if is_left else node_hash(node, given)
        if is_left:
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        place, last = place >> 1, last >> 1
        results.append(node)
        steps.append(
            Step(number=number, side="left" if is_left else "right", given=given.hex(), result=node.hex())
        )
    bottom = 24 + _STEP * len(proof)
    nodes, lines = [], []
    for level, hashed in enumerate(results):
        y = bottom - _STEP * level
        kind = "root" if level == len(proof) else "leaf" if level == 0 else "path"
        nodes.append(Node(kind=kind, text=_short(hashed.hex()), x=_MIDDLE, y=y))
        if level == len(proof):
            break
        x = _MIDDLE - _ASIDE if steps[level].side == "left" else _MIDDLE + _ASIDE
        nodes.append(Node(kind="given", text=_short(steps[level].given), x=x, y=y))
        above = y - _STEP + 12
        lines.append(Line(x1=_MIDDLE, y1=y - 12, x2=_MIDDLE, y2=above))
        lines.append(Line(x1=x, y1=y - 12, x2=_MIDDLE, y2=above))
    return Tree(nodes=nodes, lines=lines, steps=steps, height=bottom + 24)


def consistency_span(old_size: int, new_size: int, proof: Sequence[bytes]) -> Span:
    """Return the picture of a consistency proof: its subtrees side by side, the older head's first."""
    ranges: list[tuple[int, int]] = []
    start, end = 0, new_size
    while old_size != end:
        middle = start + (1 << ((end - start - 1).bit_length() - 1))
        if old_size <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    hashes = [node.hex() for node in proof]
    if start:
        ranges.append((start, end))
    named = dict(zip(reversed(ranges), hashes, strict=True))
    if not start:
        named[(0, old_size)] = ""
    ordered = sorted(named)
    width = 640 / len(ordered)
    parts = [
        Part(
            first=first,
            last=last - 1,
            node=named[first, last],
            is_old=last <= old_size,
            x=f"{width * index + 1:.1f}",
            width=f"{width - 2:.1f}",
        )
        for index, (first, last) in enumerate(ordered)
    ]
    return Span(parts=parts, old_size=old_size, new_size=new_size)


def _short(node_hex: str) -> str:
    return f"{node_hex[:_SHOWN]}…"
