"""The periods of recurring reports in Swedish time: when each run is due, and what it is about."""

from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final

from directory.swedish_time import SWEDEN, swedish_day

RUN_AT: Final = time(2, 0)
"""When in the night a period's report is made (domain.md 6)."""
_MONTHS: Final = {"monthly": 1, "quarterly": 3, "yearly": 12}


class Period(StrEnum):
    """How often a report recurs."""

    WEEKLY = "weekly"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    YEARLY = "yearly"


def first_day(period: Period, day: date) -> date:
    """Return the first day of the period that a day lies in; weeks begin on Monday."""
    if period is Period.WEEKLY:
        return day - timedelta(days=day.weekday())
    months = _MONTHS[period.value]
    return day.replace(month=(day.month - 1) // months * months + 1, day=1)


def next_first_day(period: Period, day: date) -> date:
    """Return the first day of the period after the one that a day lies in."""
    first = first_day(period, day)
    if period is Period.WEEKLY:
        return first + timedelta(days=7)
    years, month = divmod(first.month - 1 + _MONTHS[period.value], 12)
    return date(first.year + years, month + 1, 1)


def next_run(period: Period, after: datetime) -> datetime:
    """Return the first run after a moment: at two in the night on the first day of a period."""
    today = swedish_day(after)
    run = _run_on(first_day(period, today))
    return run if run > after else _run_on(next_first_day(period, today))


def covered(period: Period, run_at: datetime) -> tuple[datetime, datetime]:
    """Return the first and the last moment of the period that ended before a run."""
    ends_on = swedish_day(run_at)
    starts_on = first_day(period, ends_on - timedelta(days=1))
    return _midnight(starts_on), _midnight(ends_on) - timedelta(microseconds=1)


def _run_on(day: date) -> datetime:
    return datetime.combine(day, RUN_AT, SWEDEN).astimezone(UTC)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), SWEDEN).astimezone(UTC)
