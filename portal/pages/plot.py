"""A small bar plot as numbers for an SVG template: no script and no style attribute (strict CSP)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

_WIDTH, _HEIGHT, _LEFT, _BASE, _TOP = 420, 170, 24, 148, 10


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCount:
    """How many of two kinds happened on a day."""

    day: date
    first: int
    second: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A drawn bar."""

    kind: str
    x: str
    y: str
    width: str
    height: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A grid line or a label under the base line."""

    text: str
    x: str = ""
    y: str = ""
    text_y: str = ""

    @property
    def label(self) -> str:
        """Return the text beside a grid line."""
        return self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """Everything that the template draws."""

    title: str
    rows: tuple[DayCount, ...]
    bars: tuple[Bar, ...]
    lines: tuple[Mark, ...]
    labels: tuple[Mark, ...]
    width: int = _WIDTH
    height: int = _HEIGHT
    left: int = _LEFT
    base_y: int = _BASE


def plot(days: Sequence[DayCount], *, title: str) -> Plot:
    """Return two bars for each day, side by side, with a scale of whole numbers."""
    top = _ceiling(max((max(one.first, one.second) for one in days), default=0))
    slot = (_WIDTH - _LEFT) / max(len(days), 1)
    width = slot * 0.34
    bars = [
        _bar(kind, _LEFT + slot * index + slot * offset, count, width=width, top=top)
        for index, one in enumerate(days)
        for kind, offset, count in (("bar", 0.12, one.first), ("bar2", 0.54, one.second))
        if count
    ]
    return Plot(
        title=title,
        rows=tuple(days),
        bars=tuple(bars),
        lines=tuple(_line(value, top=top) for value in sorted({top, top // 2} - {0})),
        labels=tuple(
            Mark(text=f"{one.day.day}/{one.day.month}", x=f"{_LEFT + slot * (index + 0.5):.1f}")
            for index, one in enumerate(days)
            if (len(days) - 1 - index) % 3 == 0
        ),
    )


def _ceiling(most: int) -> int:
    """Return an even top of the scale that holds the largest count."""
    step = 2
    while step * 5 < most:
        step *= 2 if str(step)[0] != "2" else 5
    return max(-(-most // step) * step, 2)


def _bar(kind: str, x: float, count: int, *, width: float, top: int) -> Bar:
    height = (_BASE - _TOP) * count / top
    return Bar(
        kind=kind, x=f"{x:.1f}", y=f"{_BASE - height:.1f}", width=f"{width:.1f}", height=f"{height:.1f}"
    )


def _line(value: int, *, top: int) -> Mark:
    y = _BASE - (_BASE - _TOP) * value / top
    return Mark(text=str(value), y=f"{y:.1f}", text_y=f"{y + 4:.1f}")
