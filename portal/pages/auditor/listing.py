"""Journal entries as rows of a list, grouped by Swedish day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from directory.swedish_time import SWEDEN, swedish_day
from journal.actor import Actor
from journal.models import Entry
from portal.pages.auditor.known import known, told
from portal.pages.auditor.telling import actor_name, name_of, role_name, sentence_html, words_of
from portal.words import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryRow:
    """One entry in a list; ``is_here`` where the list is about it."""

    url: str
    at: datetime
    clock: str
    icon: str
    tone: str
    name: Text
    sentence: SafeString
    detail: str
    is_here: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """The entries of one day."""

    key: str
    heading: str
    rows: Sequence[EntryRow]


def rows_of(
    entries: Sequence[Entry], *, reader: Actor, opened: frozenset[str] = frozenset(), here: int = 0
) -> list[EntryRow]:
    """Return the entries as rows, in their order."""
    read = told(entries)
    names = known(read, opened=opened)
    return [
        EntryRow(
            url=reverse("journal-event", args=[one.entry.pk]),
            at=one.entry.at,
            clock=f"{one.entry.at.astimezone(SWEDEN):%H:%M:%S}",
            icon=words_of(one.entry.type).icon,
            tone=words_of(one.entry.type).tone,
            name=name_of(one.entry.type),
            sentence=sentence_html(one, known=names, reader=reader),
            detail=" · ".join(
                str(part)
                for part in (
                    name_of(one.entry.type),
                    actor_name(one, known=names, reader=reader) if role_name(one) else "",
                    role_name(one),
                )
                if part
            ),
            is_here=one.entry.pk == here,
        )
        for one in read
    ]


def days_of(rows: Sequence[EntryRow], *, today: date) -> list[Day]:
    """Return the rows grouped by Swedish day, in their order."""
    groups: dict[date, list[EntryRow]] = {}
    for row in rows:
        groups.setdefault(swedish_day(row.at), []).append(row)
    return [
        Day(key=day.isoformat(), heading=_heading(day, today=today), rows=rows)
        for day, rows in groups.items()
    ]


def _heading(day: date, *, today: date) -> str:
    weekday = f"{date_format(day, 'l')} {day.isoformat()}"
    if day == today:
        return _("Today, %(day)s") % {"day": weekday}
    if day == today - timedelta(days=1):
        return _("Yesterday, %(day)s") % {"day": weekday}
    return weekday[:1].upper() + weekday[1:]
