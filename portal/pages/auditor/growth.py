"""How the journal has grown, as numbers for an SVG template: rows over time, one step for each head."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from directory.swedish_time import SWEDEN
from portal.pages.auditor.standing import number

_WIDTH: Final = 640
_HEIGHT: Final = 190
_LEFT: Final = 72
_BASE: Final = 158
_TOP: Final = 12
_DAY: Final = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class GrowthRow:
    """A head in the table behind the plot."""

    at: datetime
    size: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A line of the scale, or a label under the base line."""

    text: str
    x: str = ""
    y: str = ""
    text_y: str = ""
    anchor: str = "middle"


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """Everything that the template draws."""

    line: str
    area: str
    rows: Sequence[GrowthRow]
    ticks: Sequence[Tick]
    labels: Sequence[Tick]
    last_x: str
    last_y: str
    width: int = _WIDTH
    height: int = _HEIGHT
    left: int = _LEFT
    base_y: int = _BASE
    label_y: int = _HEIGHT - 5


def growth(heads: Sequence[tuple[datetime, int]]) -> Growth | None:
    """Return the plot of (moment, rows); None for fewer than two heads."""
    if len(heads) < 2:  # noqa: PLR2004 - a line has two ends
        return None
    first, last = heads[0][0], max(at for at, _ in heads)
    span = max((last - first).total_seconds(), 1.0)
    top = _ceiling(heads[-1][1])

    def place(at: datetime, size: int) -> tuple[float, float]:
        x = _LEFT + (_WIDTH - _LEFT - 8) * (at - first).total_seconds() / span
        return x, _BASE - (_BASE - _TOP) * size / top

    points = [place(at, size) for at, size in heads]
    steps = [f"M{points[0][0]:.1f} {points[0][1]:.1f}"]
    steps += [f"H{x:.1f}V{y:.1f}" for x, y in points[1:]]
    line = "".join(steps)
    days = span > 2 * _DAY
    return Growth(
        line=line,
        area=f"{line}V{_BASE}H{points[0][0]:.1f}Z",
        rows=[GrowthRow(at=at, size=number(size)) for at, size in reversed(heads)],
        ticks=[_tick(value, top=top) for value in (top // 2, top)],
        labels=[
            Tick(text=_label(at, days=days), x=f"{x:.1f}", anchor=anchor)
            for at, x, anchor in (
                (first, points[0][0], "start"),
                (first + (last - first) / 2, (_LEFT + _WIDTH - 8) / 2, "middle"),
                (last, points[-1][0], "end"),
            )
        ],
        last_x=f"{points[-1][0]:.1f}",
        last_y=f"{points[-1][1]:.1f}",
    )


def _ceiling(most: int) -> int:
    """Return an even top of the scale, one digit and zeros, that holds the largest size."""
    unit = int("1" + "0" * (len(str(most)) - 1))
    return max(-(-most // unit) * unit, 2)


def _tick(value: int, *, top: int) -> Tick:
    y = _BASE - (_BASE - _TOP) * value / top
    return Tick(text=number(value), y=f"{y:.1f}", text_y=f"{y + 4:.1f}")


def _label(at: datetime, *, days: bool) -> str:
    local = at.astimezone(SWEDEN)
    return f"{local:%Y-%m-%d}" if days else f"{local:%H:%M:%S}"
