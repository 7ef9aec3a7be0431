"""Days as the law, the registers and the card print mean them: calendar days in Sweden."""

import calendar
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

SWEDEN: Final = ZoneInfo("Europe/Stockholm")
_MONTHS: Final = 12


def swedish_day(at: datetime) -> date:
    """Return the calendar day in Sweden at this moment (aware)."""
    return at.astimezone(SWEDEN).date()


def end_of_swedish_day(day: date) -> datetime:
    """Return the last whole second of a calendar day in Sweden, in UTC."""
    midnight = datetime.combine(day + timedelta(days=1), time.min, tzinfo=SWEDEN)
    return midnight.astimezone(UTC) - timedelta(seconds=1)


def noon_of_swedish_day(day: date) -> datetime:
    """Return the middle of a day in Sweden, for what is known to the day only."""
    return datetime.combine(day, time(12), tzinfo=SWEDEN)


def months_after(day: date, months: int) -> date:
    """Return the same day some months later, or the last day of a shorter month."""
    index = day.month - 1 + months
    year, month = day.year + index // _MONTHS, index % _MONTHS + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def age_on(birth_date: date, day: date) -> int:
    """Return the age in whole years on a day; born on 29 February one ages on 1 March."""
    return day.year - birth_date.year - ((day.month, day.day) < (birth_date.month, birth_date.day))
