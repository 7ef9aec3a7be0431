"""Reads the form of a report: the moment or period, and the filters, as the person meant them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from journal.actor import Actor
from portal import moments
from reports.catalogue import Filter, ReportKind, ReportNature
from reports.question import Question


class Misread(Exception):
    """The form does not say a moment; the text says to the person why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedReport:
    """What the form held, as typed, so that it can be shown again."""

    since: str = ""
    until: str = ""
    clock: str = ""
    why: str = ""
    with_numbers: bool = False
    filters: Mapping[str, str]

    @classmethod
    def read(cls, kind: ReportKind, sent: Mapping[str, str]) -> "AskedReport":
        """Return what was sent."""
        filters = {one.value: sent.get(one.value, "").strip()[:120] for one in kind.filters}
        return cls(
            since=sent.get("since", "").strip()[:10],
            until=sent.get("until", "").strip()[:10],
            clock=sent.get("clock", "").strip()[:5],
            why=sent.get("why", "").strip()[:500],
            with_numbers=sent.get("numbers", "") == "yes",
            filters={name: value for name, value in filters.items() if value},
        )

    def question(self, kind: ReportKind, *, actor: Actor, now: datetime) -> Question:
        """Return the question; raises ``Misread`` and ``ReportRefused``.

        Protected people are told of to whom has the right and says why, nobody else.
        """
        until, since = self._until(now), None
        if kind.nature is ReportNature.EVENT and self.since:
            since = _moment(self.since, "00:00")
            if since > until:
                raise Misread(_("The period ends before it begins."))
        days = self.filters.get(Filter.DAYS.value, "")
        if days and not (days.isascii() and days.isdigit()):
            raise Misread(_("Write the days as a number."))
        if not self.why:
            actor = replace(actor, may_see_protected=False)
        return Question.of(
            kind.code, actor=actor, as_of=until, since=since, filters=self.filters,
            with_numbers=self.with_numbers,
        )  # fmt: skip

    def _until(self, now: datetime) -> datetime:
        if not self.until:
            return now
        if self.clock:
            until = _moment(self.until, self.clock)
        else:
            until = _moment(self.until, "00:00") + (timedelta(days=1) - timedelta(microseconds=1))
            if moments.day(until) == moments.day(now):
                until = now
        if until > now:
            raise Misread(_("That moment lies ahead: nobody knows yet."))
        return until


def _moment(day: str, clock: str) -> datetime:
    try:
        return moments.parse_local(day, clock)
    except ValueError:
        raise Misread(_("Write days as YYYY-MM-DD and times as HH:MM.")) from None
