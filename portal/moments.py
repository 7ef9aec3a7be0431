"""Dates and times as people here read them: ÅÅÅÅ-MM-DD, "i dag 09:41", always Swedish clock time."""

from datetime import UTC, date, datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from directory.swedish_time import SWEDEN, swedish_day


def moment(at: datetime, *, now: datetime) -> str:
    """Return "today 09:41", "yesterday 09:41" or the date with the time, in Swedish clock time."""
    local, today = at.astimezone(SWEDEN), swedish_day(now)
    clock = f"{local:%H:%M}"
    if local.date() == today:
        return _("today %(clock)s") % {"clock": clock}
    if local.date() == today - timedelta(days=1):
        return _("yesterday %(clock)s") % {"clock": clock}
    return f"{local:%Y-%m-%d %H:%M}"


def clock(at: datetime) -> str:
    """Return the Swedish clock time with seconds."""
    return f"{at.astimezone(SWEDEN):%H:%M:%S}"


def exact(at: datetime | None) -> str:
    """Return the day and the Swedish clock time with seconds, as a document tells it; nothing for never."""
    return f"{at.astimezone(SWEDEN):%Y-%m-%d %H:%M:%S}" if at else ""


def moment_or_day(at: datetime, *, now: datetime) -> str:
    """Return a moment with its clock time for today and yesterday, else only the day."""
    days = (swedish_day(now) - swedish_day(at)).days
    return moment(at, now=now) if 0 <= days <= 1 else day(at)


def day(value: date | datetime) -> str:
    """Return the day as ÅÅÅÅ-MM-DD, in Swedish time for a moment."""
    if isinstance(value, datetime):
        value = swedish_day(value)
    return value.isoformat()


def days_left(until: date, *, today: date) -> str:
    """Return how long is left in words."""
    days = (until - today).days
    if days < 0:
        return ngettext("%(days)d day ago", "%(days)d days ago", -days) % {"days": -days}
    if days == 0:
        return _("last day today")
    return ngettext("%(days)d day left", "%(days)d days left", days) % {"days": days}


def span(seconds: float) -> str:
    """Return a short span: hundredths below ten seconds, then seconds, then minutes."""
    if seconds < 10:  # noqa: PLR2004 - below this the hundredths are worth reading
        return _("%(seconds)s s") % {"seconds": f"{seconds:.2f}".replace(".", _("."))}
    if seconds < 120:  # noqa: PLR2004 - two minutes
        return _("%(seconds)s s") % {"seconds": f"{seconds:.0f}"}
    return _("%(minutes)s min") % {"minutes": f"{seconds / 60:.0f}"}


def parse_local(day_text: str, clock_text: str) -> datetime:
    """Read ÅÅÅÅ-MM-DD and HH:MM as Swedish time; raise ValueError when it is neither.

    Also for the hours at either end of the calendar that are no moment of UTC.
    """
    parsed = datetime.strptime(f"{day_text.strip()} {clock_text.strip()}", "%Y-%m-%d %H:%M")  # noqa: DTZ007
    local = parsed.replace(tzinfo=SWEDEN)
    try:
        local.astimezone(UTC)
    except OverflowError:
        raise ValueError("no moment of UTC") from None
    return local
