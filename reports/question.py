"""What is asked of a report: the same question always has the same answer, whoever asks it and when."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Final, Self
from uuid import UUID

from directory.models import Organization, Unit
from directory.reach import units_below
from directory.swedish_time import swedish_day
from journal.actor import Actor, ActorKind
from journal.errors import Refusal
from reports.catalogue import NUMBER_READERS, Filter, ReportKind, ReportNature, report_kind
from reports.columns import Column, utc
from reports.errors import NumbersRefused, ReportRefused

MOST_DAYS: Final = 3660
DEFAULT_DAYS: Final = 60
"""How far ahead a list of what expires looks when nothing else is asked."""
_NOWHERE: Final = ("00000000-0000-0000-0000-000000000000",)
"""The id of no organization: a condition on it is still a query, which the database can be asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A report, its moment (and for events the period until it), its filters, and how far the reader sees.

    ``organization_ids`` is None for our own jobs, which reach everything. ``unit_ids`` is None but for a
    role for a unit: its answer is about what these units hold, within the one organization.
    ``with_numbers`` adds the column of personal identity numbers.
    """

    code: str
    as_of: datetime
    since: datetime | None = None
    filters: Mapping[str, str] = field(default_factory=dict)
    organization_ids: tuple[str, ...] | None = None
    unit_ids: tuple[str, ...] | None = None
    may_see_protected: bool = False
    with_numbers: bool = False

    @classmethod
    def of(
        cls,
        code: str,
        *,
        actor: Actor,
        as_of: datetime,
        since: datetime | None = None,
        filters: Mapping[str, str] | None = None,
        with_numbers: bool = False,
    ) -> Self:
        """Return the question that the actor may ask; raises ``UnknownReport`` and ``ReportRefused``."""
        kind = report_kind(code)
        refusal = may_pull(kind, actor)
        if refusal is not None:
            raise ReportRefused(refusal)
        if with_numbers and (refusal := may_have_numbers(kind, actor)) is not None:
            raise NumbersRefused(refusal)
        is_ours = actor.kind is ActorKind.SYSTEM
        return cls(
            code=kind.code,
            as_of=as_of.astimezone(UTC),
            since=since.astimezone(UTC) if since and kind.nature is ReportNature.EVENT else None,
            filters={
                one.value: value for one in kind.filters if (value := (filters or {}).get(one.value, ""))
            },
            organization_ids=None if is_ours else organizations_of(actor),
            unit_ids=tuple(sorted(actor.unit_ids)) if actor.unit_id and not is_ours else None,
            may_see_protected=is_ours or actor.may_see_protected,
            with_numbers=with_numbers,
        )

    @classmethod
    def read(cls, stored: Mapping[str, object]) -> Self:
        """Return the question that was stored by ``as_stored``."""
        since, scope, filters = stored["since"], stored["organizations"], stored["filters"]
        units = stored.get("units")
        return cls(
            code=str(stored["code"]),
            as_of=datetime.fromisoformat(str(stored["as_of"])),
            since=datetime.fromisoformat(str(since)) if since else None,
            filters=dict(filters) if isinstance(filters, dict) else {},
            organization_ids=tuple(scope) if isinstance(scope, list) else None,
            unit_ids=tuple(units) if isinstance(units, list) else None,
            may_see_protected=bool(stored["protected"]),
            with_numbers=bool(stored.get("numbers")),
        )

    def as_stored(self) -> dict[str, object]:
        """Return the question as JSON holds it."""
        units: dict[str, object] = {} if self.unit_ids is None else {"units": list(self.unit_ids)}
        numbers: dict[str, object] = {"numbers": True} if self.with_numbers else {}
        return (
            units
            | numbers
            | {
                "code": self.code,
                "as_of": utc(self.as_of),
                "since": utc(self.since) if self.since else "",
                "filters": dict(sorted(self.filters.items())),
                "organizations": None if self.organization_ids is None else list(self.organization_ids),
                "protected": self.may_see_protected,
            }
        )

    @property
    def kind(self) -> ReportKind:
        """Return the report that is asked for."""
        return report_kind(self.code)

    @property
    def fields(self) -> tuple[Column, ...]:
        """Return the columns of the answer."""
        return tuple(one for one in self.kind.fields if self.with_numbers or not one.is_personal_number)

    @property
    def today(self) -> date:
        """Return the Swedish day of the moment."""
        return swedish_day(self.as_of)

    @property
    def days(self) -> int:
        """Return how many days ahead a list of what expires looks."""
        text = self.filters.get(Filter.DAYS.value, "")
        return min(int(text), MOST_DAYS) if text.isascii() and text.isdigit() else DEFAULT_DAYS

    @property
    def is_within_days(self) -> bool:
        """Tell whether the list is narrowed by days ahead."""
        return bool(self.filters.get(Filter.DAYS.value))

    def units_asked(self) -> tuple[str, ...] | None:
        """Return the unit that is asked about and those below it; None for all, no unit for an unknown one.

        It is named by its id or its HSA-id, and lies in an organization that the question reaches.
        """
        named = self.filters.get(Filter.UNIT.value, "").strip()
        if not named:
            return None
        found = Unit.objects.filter(pk=named) if _is_id(named) else Unit.objects.filter(hsa_id__iexact=named)
        if (reached := self.reached()) is not None:
            found = found.filter(organization_id__in=reached)
        unit = found.first()
        return _NOWHERE if unit is None else units_below(unit.pk, organization_id=unit.organization_id)

    def reached(self) -> tuple[str, ...] | None:
        """Return the organizations that the answer is about, after the filters; None for all."""
        area, chosen = (
            self.filters.get(Filter.AREA.value, ""),
            self.filters.get(Filter.ORGANIZATION.value, ""),
        )
        scope = self.organization_ids
        if area:
            found = Organization.objects.filter(issuance_area__name=area).values_list("pk", flat=True)
            of_area = {str(one) for one in found}
            scope = tuple(sorted(of_area if scope is None else of_area & set(scope)))
        if chosen:
            chosen = chosen if _is_id(chosen) else _NOWHERE[0]
            scope = (chosen,) if scope is None or chosen in scope else ()
        return scope if scope is None or scope else _NOWHERE


def _is_id(text: str) -> bool:
    try:
        return bool(UUID(text))
    except ValueError:
        return False


def organizations_of(actor: Actor) -> tuple[str, ...]:
    """Return the organizations that an answer is about: for a role for a unit the one it is a part of."""
    return (actor.organization_id,) if actor.unit_id else tuple(sorted(actor.organization_ids))


def may_pull(kind: ReportKind, actor: Actor) -> Refusal | None:
    """Return why the actor may not pull the report, or None."""
    reached = actor.organization_ids or actor.unit_ids
    if actor.kind is ActorKind.SYSTEM or (actor.role in kind.roles and reached):
        return None
    return Refusal(code="role_does_not_pull_report", facts=(("role", actor.role), ("report", kind.code)))


def may_have_numbers(kind: ReportKind, actor: Actor) -> Refusal | None:
    """Return why the actor may not have personal identity numbers in the report, or None.

    Those have them who find people by them (domain.md 1.2, 6), and nobody for whom no row has any.
    """
    if kind.has_numbers and actor.role in NUMBER_READERS:
        return None
    return Refusal(code="role_has_no_numbers", facts=(("role", actor.role), ("report", kind.code)))
