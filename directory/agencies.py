"""Who handles what for whom (ombud): given and ended by the central administration, each with its reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q, QuerySet

from directory import policies
from directory.agency_models import Agency
from directory.errors import AgencyRefused, OrganizationNotFound
from directory.events import AgencyEnded, AgencyGiven
from directory.models import Organization
from directory.row_ids import row_id
from journal.actor import Actor
from journal.recording import record

_INSTANT: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What an agent does, from when, and until when; without ``valid_to`` until it is ended."""

    agent_id: str
    for_cards: bool
    for_functions: bool
    valid_from: datetime
    valid_to: datetime | None = None

    @property
    def handles(self) -> tuple[str, ...]:
        """Return the codes of what the agent handles."""
        named = (("cards", self.for_cards), ("functions", self.for_functions))
        return tuple(name for name, is_meant in named if is_meant)


def give_agency(organization_id: str, task: Task, *, reason: str, actor: Actor, at: datetime) -> Agency:
    """Let another organization handle things for this one.

    Raises ``OrganizationNotFound`` outside the actor's scope and ``AgencyRefused`` naming the rule.
    """
    organization = _demanded(organization_id, reason=reason, actor=actor)
    agent = Organization.objects.filter(pk=row_id(task.agent_id)).first()
    if agent is None or not policies.in_scope(actor, str(agent.pk)):
        raise OrganizationNotFound(task.agent_id)
    if policies.CENTRAL in {organization.kind, agent.kind} or agent.pk == organization.pk:
        raise AgencyRefused("no such agent", facts={"rule": "agent_is_itself"})
    if not task.handles:
        raise AgencyRefused("an agent handles something", facts={"rule": "agent_for_nothing"})
    if task.valid_to is not None and task.valid_to <= max(task.valid_from, at):
        raise AgencyRefused("over before it begins", facts={"rule": "ends_before_it_starts"})
    with transaction.atomic():
        # The lock makes two who give the same wait for each other.
        Organization.objects.select_for_update().get(pk=organization.pk)
        if _overlapping(organization, agent, task).exists():
            raise AgencyRefused("agent already", facts={"rule": "agent_already"})
        agency = Agency.objects.create(
            organization=organization,
            agent=agent,
            for_cards=task.for_cards,
            for_functions=task.for_functions,
            valid_from=task.valid_from,
            valid_to=task.valid_to,
            given_by=actor.identifier,
            given_at=at,
        )
        event = AgencyGiven(
            agency_id=str(agency.pk),
            organization_id=str(organization.pk),
            agent_organization_id=str(agent.pk),
            handles=task.handles,
            valid_from=task.valid_from.isoformat(),
            valid_to=task.valid_to.isoformat() if task.valid_to else "",
            reason=reason,
        )
        record(event, actor=actor, at=at)
    return agency


def end_agency(organization_id: str, agency_id: str, *, reason: str, actor: Actor, at: datetime) -> None:
    """End an agent's task now; one that has not begun never will. Raises as ``give_agency``."""
    organization = _demanded(organization_id, reason=reason, actor=actor)
    with transaction.atomic():
        found = Agency.objects.select_for_update().filter(pk=row_id(agency_id), organization=organization)
        agency = found.filter(Q(valid_to__isnull=True) | Q(valid_to__gt=at)).first()
        if agency is None:
            raise AgencyRefused("ended already", facts={"rule": "agent_no_more"})
        ends = max(at, agency.valid_from + _INSTANT)
        Agency.objects.filter(pk=agency.pk).update(valid_to=ends, ended_at=at, ended_by=actor.identifier)
        event = AgencyEnded(
            agency_id=str(agency.pk),
            organization_id=str(organization.pk),
            agent_organization_id=str(agency.agent_id),
            valid_to=ends.isoformat(),
            reason=reason,
        )
        record(event, actor=actor, at=at)


def agencies_of(organization: Organization, *, at: datetime) -> Sequence[Agency]:
    """Return the agents that an organization has or will have, by name."""
    current = Agency.objects.filter(Q(valid_to__isnull=True) | Q(valid_to__gt=at), organization=organization)
    return list(current.select_related("agent").order_by("agent__name", "valid_from", "pk")[:100])


def _overlapping(organization: Organization, agent: Organization, task: Task) -> QuerySet[Agency]:
    same = Agency.objects.filter(
        Q(valid_to__isnull=True) | Q(valid_to__gt=task.valid_from), organization=organization, agent=agent
    )
    return same if task.valid_to is None else same.filter(valid_from__lt=task.valid_to)


def _demanded(organization_id: str, *, reason: str, actor: Actor) -> Organization:
    organization = Organization.objects.filter(pk=row_id(organization_id)).first()
    if organization is None or not policies.in_scope(actor, str(organization.pk)):
        raise OrganizationNotFound(str(organization_id))
    if (refusal := policies.may_set_up_organizations(actor)) is not None:
        raise AgencyRefused("not for this role", facts=dict(refusal.facts))
    if not reason.strip():
        raise AgencyRefused("no reason", facts={"rule": "reason_missing"})
    return organization
