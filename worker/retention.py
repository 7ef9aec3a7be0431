"""How long the journal says who: what may go by now, what is held back, and by what (domain.md 7.3)."""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from django.conf import settings

from ca.selectors import last_expiries
from journal.actor import Actor
from journal.erasure import Ground, erase
from journal.subjects import UNATTRIBUTED, batches_of_subjects, last_acted, last_told_of

CAP: Final = 500
"""Keys that one run destroys at most: what is gone is gone, and a wrong clock must not take everything."""


class Held(StrEnum):
    """What a subject's data is kept for."""

    CERTIFICATE = "certificate"
    ACTS = "acts"
    EVENTS = "events"
    TECHNICAL = "technical"


@dataclass(frozen=True, slots=True, kw_only=True)
class Periods:
    """How long each class of object is kept; whole years and months of the calendar."""

    years: int
    longest_certificate_years: int
    technical_months: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """Until when a subject's data is kept, and what for."""

    subject: str
    ends_at: datetime
    held_by: Held


def periods() -> Periods:
    """Return the installation's periods."""
    return Periods(
        years=settings.SIGILL_RETENTION_YEARS,
        longest_certificate_years=settings.SIGILL_RETENTION_LONGEST_CERTIFICATE_YEARS,
        technical_months=settings.SIGILL_RETENTION_TECHNICAL_MONTHS,
    )


def terms(kept: Periods) -> Iterator[Term]:
    """Yield the term of every subject whose key there is.

    A person's: so many years after the end of their last certificate. Somebody who acted vouched for others:
    the years count from the end of the longest certificate that an act on their last day can have led to.
    """
    for batch in batches_of_subjects():
        expiries, acted, told = last_expiries(batch), last_acted(batch), last_told_of(batch)
        for subject in batch:
            if subject.startswith(UNATTRIBUTED):
                month = datetime.strptime(subject.removeprefix(UNATTRIBUTED), "%Y-%m").replace(tzinfo=UTC)
                ends_at = _months_after(month, kept.technical_months + 1)
                yield Term(subject=subject, ends_at=ends_at, held_by=Held.TECHNICAL)
                continue
            begins = [
                (expiries.get(subject), Held.CERTIFICATE, kept.years),
                (acted.get(subject), Held.ACTS, kept.years + kept.longest_certificate_years),
                (told.get(subject), Held.EVENTS, kept.years),
            ]
            ends = [
                (_months_after(moment, 12 * years), held)
                for moment, held, years in begins
                if moment is not None
            ]
            if ends:  # a key that nothing was ever written under belongs to an act under way
                ends_at, held = max(ends, key=lambda one: one[0])
                yield Term(subject=subject, ends_at=ends_at, held_by=held)


def due(*, at: datetime) -> list[Term]:
    """Return the terms that are over, the oldest first."""
    return sorted(
        (term for term in terms(periods()) if term.ends_at <= at),
        key=lambda term: (term.ends_at, term.subject),
    )


def erase_due(*, actor: Actor, at: datetime, cap: int = CAP) -> int:
    """Destroy the keys whose term is over, ``cap`` at most, and return how many."""
    return sum(
        erase(term.subject, ground=Ground.RETENTION, ledger=settings.SIGILL_ERASURES, actor=actor, at=at)
        for term in due(at=at)[:cap]
    )


def _months_after(moment: datetime, months: int) -> datetime:
    """Return the same day that many months later; the last of the month where that day is not."""
    years, month = divmod(moment.month - 1 + months, 12)
    year = moment.year + years
    day = min(moment.day, calendar.monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)
