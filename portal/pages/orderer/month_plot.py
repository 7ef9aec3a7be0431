"""How many certificates end in each month, as numbers for an SVG template, with a table behind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from directory.swedish_time import SWEDEN

_MONTHS: Final = 25
_WIDTH: Final = 640
_HEIGHT: Final = 170
_BASE: Final = 140
_LEFT: Final = 28
_TOP: Final = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthBar:
    """A month with its bar."""

    month: str
    count: int
    x: str
    y: str
    width: str
    height: str
    label_x: str
    label: str
    is_near: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthPlot:
    """Everything that the template draws."""

    bars: Sequence[MonthBar]
    top: int
    total: int
    width: int = _WIDTH
    height: int = _HEIGHT
    base: int = _BASE
    left: int = _LEFT
    top_y: int = _TOP


def month_plot(counts: Mapping[datetime, int], *, at: datetime) -> MonthPlot:
    """Return a bar for each of the next months, the first three marked as near."""
    by_month = {f"{month.astimezone(SWEDEN):%Y-%m}": count for month, count in counts.items()}
    months = list(_months(at))
    top = max((by_month.get(month, 0) for month in months), default=0) or 1
    slot = (_WIDTH - _LEFT) / len(months)
    return MonthPlot(
        bars=[
            _bar(month, by_month.get(month, 0), place, slot=slot, top=top)
            for place, month in enumerate(months)
        ],
        top=top,
        total=sum(by_month.values()),
    )


def _months(at: datetime) -> Sequence[str]:
    local = at.astimezone(SWEDEN)
    first = local.year * 12 + local.month - 1
    return [f"{number // 12}-{number % 12 + 1:02d}" for number in range(first, first + _MONTHS)]


def _bar(month: str, count: int, place: int, *, slot: float, top: int) -> MonthBar:
    height = (_BASE - _TOP) * count / top
    x = _LEFT + slot * place
    return MonthBar(
        month=month,
        count=count,
        x=f"{x + slot * 0.15:.1f}",
        y=f"{_BASE - height:.1f}",
        width=f"{slot * 0.7:.1f}",
        height=f"{height:.1f}",
        label_x=f"{x + slot / 2:.1f}",
        label=month if place % 4 == 0 else "",
        is_near=place <= 2,  # noqa: PLR2004 - this month and the next two
    )
