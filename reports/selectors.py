"""Reads of ordered reports, inside the bounds of the actor's role; nothing here changes anything."""

from uuid import UUID

from django.db.models import Q, QuerySet

from journal.actor import Actor, ActorKind
from reports.catalogue import CATALOGUE, ReportKind, report_kind
from reports.errors import ReportNotFound
from reports.models import OrderedReport, ReportSchedule
from reports.question import Question, may_pull
from reports.schedules import recipient_roles


def reports_for(actor: Actor) -> tuple[ReportKind, ...]:
    """Return the reports that the actor's role pulls."""
    return tuple(kind for kind in CATALOGUE.values() if may_pull(kind, actor) is None)


def list_ordered(*, actor: Actor, limit: int = 50) -> tuple[OrderedReport, ...]:
    """Return the ordered reports that the actor may see, newest first."""
    found = _visible(actor).order_by("-ordered_at", "-pk")[:limit]
    return tuple(one for one in found if _reaches(one, actor))


def get_ordered(ordered_report_id: UUID | str, *, actor: Actor) -> OrderedReport:
    """Return an ordered report; raises ``ReportNotFound``, also for a reader who did not order it."""
    found = _visible(actor).filter(pk=ordered_report_id).first()
    if found is None or not _reaches(found, actor):
        raise ReportNotFound("no such report")
    return found


def list_schedules(*, actor: Actor) -> tuple[ReportSchedule, ...]:
    """Return the recurring reports of the actor's organization that they get or arrange, the next first."""
    found = ReportSchedule.objects.filter(ended_at__isnull=True)
    if actor.kind is not ActorKind.SYSTEM:
        found = found.filter(organization_id="" if actor.unit_id else actor.acting_for)
    listed = found.order_by("next_run_at", "code", "pk")
    return tuple(
        one
        for one in listed
        if actor.kind is ActorKind.SYSTEM
        or one.role == actor.role
        or one.role in recipient_roles(report_kind(one.code), actor)
    )


def get_schedule(schedule_id: UUID | str, *, actor: Actor) -> ReportSchedule:
    """Return a recurring report that the actor gets or arranges; raises ``ReportNotFound``."""
    found = next((one for one in list_schedules(actor=actor) if str(one.pk) == str(schedule_id)), None)
    if found is None:
        raise ReportNotFound("no such schedule")
    return found


def ordered_report(ordered_report_id: UUID | str) -> OrderedReport | None:
    """Return an ordered report for the worker; None for no id."""
    if not ordered_report_id:
        return None
    return OrderedReport.objects.filter(pk=ordered_report_id).first()


def _visible(actor: Actor) -> QuerySet[OrderedReport]:
    """Return what the person ordered in this role for this organization, and what recurs for the role."""
    if actor.kind is ActorKind.SYSTEM:
        return OrderedReport.objects.all()
    mine = Q(person_id=actor.person_id) & ~Q(person_id="") | Q(schedule__isnull=False)
    return OrderedReport.objects.filter(mine, role=actor.role, organization_id=actor.acting_for)


def _reaches(ordered: OrderedReport, actor: Actor) -> bool:
    """Tell whether the actor's role still reaches all that the question was about."""
    if actor.kind is ActorKind.SYSTEM:
        return True
    question = Question.read(ordered.question)
    if may_pull(question.kind, actor) is not None:
        return False
    within = question.organization_ids is not None and set(question.organization_ids) <= set(
        actor.organization_ids
    )
    if question.unit_ids is not None or actor.unit_id:
        within = question.unit_ids is not None and set(question.unit_ids) <= set(actor.unit_ids)
    return within and (actor.may_see_protected or not question.may_see_protected)
