"""What an address of the journal asks for: ids, types and days, read once and written back into addresses."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse

from directory.models import Employment, Unit
from directory.reach import placed_within, units_within
from directory.row_ids import NO_ROW
from journal.actor import Actor
from journal.searching import Criteria
from portal.moments import parse_local
from portal.pages.auditor.reach import SYSTEM_TYPES
from portal.pages.auditor.subjects import KINDS, identifiers_of
from portal.wordings.events import EVENT_WORDS, GROUPS

_JOB: Final = re.compile(r"[a-z][a-z_.-]{1,40}")
_NAMES: Final = (*KINDS, "by", "action", "organization", "unit", "from", "to")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A search as its address says it. ``action`` is an event type or a group; days are ÅÅÅÅ-MM-DD."""

    person: str = ""
    card: str = ""
    certificate: str = ""
    by: str = ""
    action: str = ""
    organization: str = ""
    unit: str = ""
    since: str = ""
    until: str = ""

    @classmethod
    def read(cls, query: Mapping[str, str]) -> "Asked":
        """Read an address or form; whatever is not as it should be counts as not asked."""
        action = query.get("action", "")
        kind, _, place = query.get("place", "").partition(":")
        by = query.get("by", "")
        return cls(
            person=_uuid(query.get("person", "")),
            card=_uuid(query.get("card", "")),
            certificate=_uuid(query.get("certificate", "")),
            by=_uuid(by) or (by if _JOB.fullmatch(by) else ""),
            action=action if action in GROUPS or action in EVENT_WORDS else "",
            organization=_uuid(place if kind == "organization" else query.get("organization", "")),
            unit=_uuid(place if kind == "unit" else query.get("unit", "")),
            since=_day(query.get("from", "")),
            until=_day(query.get("to", "")),
        )

    def parameters(self) -> dict[str, str]:
        """Return the parameters of the address, only those that say something."""
        values = (
            self.person,
            self.card,
            self.certificate,
            self.by,
            self.action,
            self.organization,
            self.unit,
            self.since,
            self.until,
        )
        return {name: value for name, value in zip(_NAMES, values, strict=True) if value}

    def address(self, *, after: str = "") -> str:
        """Return the address of this search, or of its page from ``after`` on."""
        parameters = self.parameters() | ({"after": after} if after else {})
        return f"{reverse('journal')}?{urlencode(parameters)}" if parameters else reverse("journal")

    def without(self, name: str) -> "Asked":
        """Return the search without one of its filters."""
        field = {"from": "since", "to": "until"}.get(name, name)
        return replace(self, **{field: ""})

    def criteria(self, *, actor: Actor) -> Criteria:
        """Return what the journal is searched for."""
        references = [(kind, value) for kind in KINDS if (value := str(getattr(self, kind)))]
        return Criteria(
            references=tuple(references),
            people=people_of_unit(self.unit, actor=actor) if self.unit else (),
            actors=_actors(self.by),
            types=self._types(),
            without_types=frozenset() if self.action or references or self.by else SYSTEM_TYPES,
            since=parse_local(self.since, "00:00") if self.since else None,
            until=_day_after(self.until) if self.until else None,
        )

    def _types(self) -> frozenset[str]:
        if self.action in GROUPS:
            return frozenset(name for name, one in EVENT_WORDS.items() if one.group == self.action)
        return frozenset({self.action}) if self.action else frozenset()


def people_of_unit(unit_id: str, *, actor: Actor) -> tuple[str, ...]:
    """Return who works or worked in a unit or below it, within the actor's organizations."""
    units, pending = set(), {UUID(unit_id)}
    while pending:
        units |= pending
        below = Unit.objects.filter(units_within(actor), parent_id__in=pending)
        pending = set(below.values_list("pk", flat=True)) - units
    employed = Employment.objects.filter(placed_within(actor), unit_id__in=units)
    found = employed.order_by("person_id").values_list("person_id", flat=True).distinct()
    return tuple(str(one) for one in found) or (str(NO_ROW),)


def _actors(by: str) -> tuple[str, ...]:
    if not by:
        return ()
    return identifiers_of(by) if _uuid(by) else (by,)


def _uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        return ""


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text.strip()).isoformat() if parse_local(text, "00:00") else ""
    except ValueError:
        return ""


def _day_after(text: str) -> datetime:
    following = date.fromisoformat(text) + timedelta(days=1)
    return parse_local(following.isoformat(), "00:00")
