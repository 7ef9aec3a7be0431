"""Recurring reports: who lets them recur for which role, what each run orders, and who is told."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import Q

from directory.models import Role, RoleAssignment
from directory.reach import organization_scope
from journal.actor import Actor, ActorKind
from journal.errors import Refusal
from journal.recording import record, rfc3339
from reports.catalogue import ReportKind, ReportNature, report_kind
from reports.errors import ReportRefused
from reports.events import ReportOrdered, ReportScheduled, ReportScheduleEnded
from reports.models import OrderedReport, ReportFormat, ReportSchedule
from reports.periods import Period, covered, next_run
from reports.question import Question, may_pull

_ARRANGERS: Final = frozenset(
    role.value for role in (Role.CENTRAL_ADMINISTRATOR, Role.ISSUANCE_MANAGER, Role.DEPUTY_ISSUANCE_MANAGER)
)
"""Who lets reports recur for other roles of the organization too: those who give most of them."""
_CENTRAL: Final = frozenset({Role.CENTRAL_ADMINISTRATOR.value, Role.AUDITOR.value})
MOST_MADE_UP: Final = 60
"""Missed periods that one look makes up for at most; the next look goes on."""


def may_schedule(kind: ReportKind, actor: Actor) -> Refusal | None:
    """Return why the actor may not let the report recur, or None: an auditor changes nothing.

    What recurs is for everybody with the role for the whole organization, so no role for a unit arranges it.
    """
    if actor.role == Role.AUDITOR.value or actor.unit_id:
        return Refusal(code="role_does_not_pull_report", facts=(("role", actor.role), ("report", kind.code)))
    return may_pull(kind, actor)


def recipient_roles(kind: ReportKind, actor: Actor) -> tuple[str, ...]:
    """Return for which roles of their organization the actor may let the report recur, their own first.

    Only roles that pull the report themselves; managers arrange it for all of those, everybody for their own.
    """
    if may_schedule(kind, actor) is not None:
        return ()
    others: frozenset[str] = frozenset()
    if actor.role in _ARRANGERS:
        is_central = actor.role == Role.CENTRAL_ADMINISTRATOR.value
        others = kind.roles & _CENTRAL if is_central else kind.roles - {Role.CENTRAL_ADMINISTRATOR.value}
    return (actor.role, *sorted(others - {actor.role}))


def schedule_report(
    kind: ReportKind,
    *,
    period: Period,
    format: ReportFormat,  # noqa: A002 - its name
    filters: Mapping[str, str] | None = None,
    role: str = "",
    actor: Actor,
    at: datetime,
) -> ReportSchedule:
    """Let a report recur for a role of the actor's organization, their own unless said; again is nothing.

    Raises ``ReportRefused``.
    """
    refusal, role = may_schedule(kind, actor), role or actor.role
    if refusal is None and role not in recipient_roles(kind, actor):
        refusal = Refusal(code="role_does_not_pull_report", facts=(("role", role), ("report", kind.code)))
    if refusal is not None or actor.kind is ActorKind.SYSTEM or not actor.acting_for:
        raise ReportRefused(refusal or Refusal(code="role_does_not_pull_report"))
    chosen = filters or {}
    what: dict[str, Any] = {
        "code": kind.code,
        "format": format.value,
        "period": period.value,
        "filters": {one.value: value for one in kind.filters if (value := chosen.get(one.value))},
        "role": role,
        "organization_id": actor.acting_for,
    }
    with transaction.atomic():
        same = ReportSchedule.objects.filter(ended_at__isnull=True, **what).first()
        if same is not None:
            return same
        schedule = ReportSchedule.objects.create(
            **what,
            created_at=at,
            created_by=actor.identifier,
            next_run_at=next_run(period, at),
        )
        event = ReportScheduled(
            report_schedule_id=str(schedule.pk), report=kind.code, format=format.value, period=period.value,
            role=role, organization_id=actor.acting_for,
        )  # fmt: skip
        record(event, actor=actor, at=at)
    return schedule


def end_schedule(schedule: ReportSchedule, *, actor: Actor, at: datetime) -> None:
    """End a recurrence; what it made stays its 30 days. Raises ``ReportRefused`` for who only gets it."""
    kind = report_kind(schedule.code)
    if actor.kind is not ActorKind.SYSTEM and schedule.role not in recipient_roles(kind, actor):
        facts = (("role", actor.role), ("report", kind.code))
        raise ReportRefused(may_schedule(kind, actor) or Refusal(code=ReportRefused.code, facts=facts))
    event = ReportScheduleEnded(
        report_schedule_id=str(schedule.pk), report=schedule.code, organization_id=schedule.organization_id
    )
    with transaction.atomic():
        if ReportSchedule.objects.filter(pk=schedule.pk, ended_at__isnull=True).update(ended_at=at):
            record(event, actor=actor, at=at)


def run_due(*, actor: Actor, at: datetime) -> int:
    """Order what is due, also for every period that was missed, and return how many."""
    ordered = 0
    for schedule in ReportSchedule.objects.filter(ended_at__isnull=True, next_run_at__lte=at):
        run_at = schedule.next_run_at
        while run_at <= at and ordered < MOST_MADE_UP:
            ordered += _run(schedule, run_at, actor=actor, at=at)
            run_at = next_run(Period(schedule.period), run_at)
    return ordered


def _run(schedule: ReportSchedule, run_at: datetime, *, actor: Actor, at: datetime) -> bool:
    """Order one period's report, once: whoever moves the schedule on orders it."""
    period = Period(schedule.period)
    since, until = covered(period, run_at)
    question = Question(
        code=schedule.code,
        as_of=until,
        since=since if _kind(schedule).nature is ReportNature.EVENT else None,
        filters=dict(schedule.filters),
        organization_ids=tuple(
            sorted(organization_scope(schedule.organization_id, role=schedule.role, at=at))
        ),
    )
    with transaction.atomic():
        waiting = ReportSchedule.objects.filter(pk=schedule.pk, next_run_at=run_at, ended_at__isnull=True)
        if not waiting.update(next_run_at=next_run(period, run_at), last_run_at=at):
            return False
        made = OrderedReport.objects.create(
            code=schedule.code,
            format=schedule.format,
            question=question.as_stored(),
            role=schedule.role,
            organization_id=schedule.organization_id,
            ordered_at=at,
            schedule=schedule,
            scheduled_for=run_at,
        )
        event = ReportOrdered(
            ordered_report_id=str(made.pk), report=made.code, format=made.format,
            as_of=rfc3339(until), with_numbers=False, organization_id=made.organization_id,
        )  # fmt: skip
        record(event, actor=actor, at=at)
    return True


def _kind(schedule: ReportSchedule) -> ReportKind:
    return Question(code=schedule.code, as_of=schedule.next_run_at).kind


def recipients(ordered: OrderedReport, *, at: datetime) -> list[str]:
    """Return the addresses of those who have the role for the whole organization now."""
    held = RoleAssignment.objects.filter(
        Q(valid_to__isnull=True) | Q(valid_to__gt=at),
        role=ordered.role, organization_id=ordered.organization_id, unit__isnull=True, valid_from__lte=at,
    )  # fmt: skip
    found = held.exclude(employment__email="").values_list("employment__email", flat=True)
    return sorted(set(found))
