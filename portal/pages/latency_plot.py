"""How fast a service answered, hour by hour, as numbers for an SVG template (no script, no style)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from directory.swedish_time import SWEDEN
from portal.pages.plot import Bar, Mark

_WIDTH, _HEIGHT, _LEFT, _BASE, _TOP = 640, 170, 34, 148, 10
_HOURS = 24
_EVERY = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class HourRow:
    """One hour in milliseconds; ``asked`` and ``failed`` are numbers of questions."""

    starts_at: datetime
    typical: float
    worst: float
    asked: int
    failed: int

    @property
    def clock(self) -> str:
        """Return the hour as people say it."""
        return f"{self.starts_at.astimezone(SWEDEN):%H}:00"


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyPlot:
    """Everything that the template draws, and the rows of the table behind it."""

    title: str
    rows: tuple[HourRow, ...]
    bars: tuple[Bar, ...]
    lines: tuple[Mark, ...]
    labels: tuple[Mark, ...]
    width: int = _WIDTH
    height: int = _HEIGHT
    left: int = _LEFT
    base_y: int = _BASE


def latency_plot(rows: Sequence[HourRow], *, title: str, at: datetime) -> LatencyPlot:
    """Return two bars for each of the last 24 hours: what was usual, and the slowest."""
    first = at.replace(minute=0, second=0, microsecond=0) - timedelta(hours=_HOURS - 1)
    top = _ceiling(max((one.worst for one in rows), default=0))
    slot = (_WIDTH - _LEFT) / _HOURS
    bars = []
    for one in rows:
        place = round((one.starts_at - first) / timedelta(hours=1))
        x = _LEFT + slot * place
        bars += [
            _bar(kind, x + slot * offset, value, width=slot * 0.34, top=top)
            for kind, offset, value in (("bar", 0.12, one.typical), ("bar2", 0.54, one.worst))
            if value
        ]
    return LatencyPlot(
        title=title,
        rows=tuple(rows),
        bars=tuple(bars),
        lines=tuple(_line(value, top=top) for value in (top, top / 2)),
        labels=tuple(
            Mark(
                text=f"{(first + timedelta(hours=hour)).astimezone(SWEDEN):%H}",
                x=f"{_LEFT + slot * (hour + 0.5):.1f}",
            )
            for hour in range(_HOURS)
            if (_HOURS - 1 - hour) % _EVERY == 0
        ),
    )


def _ceiling(most: float) -> float:
    """Return the top of a scale of 1, 2 or 5 times a power of ten that holds the largest value."""
    step = 1.0
    while True:
        for factor in (1, 2, 5):
            if step * factor >= most:
                return step * factor
        step *= 10


def _bar(kind: str, x: float, value: float, *, width: float, top: float) -> Bar:
    height = max((_BASE - _TOP) * value / top, 1)
    return Bar(
        kind=kind, x=f"{x:.1f}", y=f"{_BASE - height:.1f}", width=f"{width:.1f}", height=f"{height:.1f}"
    )


def _line(value: float, *, top: float) -> Mark:
    y = _BASE - (_BASE - _TOP) * value / top
    return Mark(text=f"{value:g}", y=f"{y:.1f}", text_y=f"{y + 4:.1f}")
