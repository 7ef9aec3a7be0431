"""Lying bars as numbers for an SVG template, with the same figures as a table behind them (strict CSP)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from portal.words import Text
from reports.summary import Breakdown

_WIDTH: Final = 320
_ROW: Final = 38
_LETTERS: Final = 34


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureBar:
    """A drawn bar with its name and count."""

    name: str
    short: str
    count: int
    text_y: int
    y: int
    width: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Everything that the template draws."""

    key: str
    title: Text
    bars: Sequence[PictureBar]
    others: int
    width: int
    height: int


def bars(counts: Sequence[tuple[str, int]], *, title: Text, key: str, others: int = 0) -> Picture:
    """Return a bar for each count, its name and its figure above it."""
    most = max((count for _, count in counts), default=0) or 1
    return Picture(
        key=key,
        title=title,
        bars=[
            PictureBar(
                name=name,
                short=name if len(name) <= _LETTERS else f"{name[: _LETTERS - 1]}…",
                count=count,
                text_y=_ROW * place + 15,
                y=_ROW * place + 22,
                width=max(2, round(_WIDTH * count / most)) if count else 0,
            )
            for place, (name, count) in enumerate(counts)
        ],
        others=others,
        width=_WIDTH,
        height=_ROW * len(counts),
    )


def picture(breakdown: Breakdown, *, title: Text, key: str) -> Picture:
    """Return the bars of how a report's rows divide."""
    return bars(
        [(one.name, one.count) for one in breakdown.bars], title=title, key=key, others=breakdown.others
    )
