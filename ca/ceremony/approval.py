"""Two persons for every ceremony after the first: who may approve a plan, and the records of it."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from ca.ceremony.errors import ApprovalRefused, NotApproved, UnknownPlan
from ca.ceremony.events import CeremonyApproved, CeremonyWithdrawn
from ca.ceremony.models import CeremonyPlan
from ca.ceremony.states import PlanAction, PlanState, next_plan_state
from directory.models import Role, RoleAssignment
from journal.actor import Actor, ActorKind
from journal.errors import Refusal
from journal.recording import record

VALID_FOR: Final = timedelta(days=7)
"""From the second approval: what was approved must be done while those who did remember it."""
_LOA3: Final = 3
_OPEN: Final = (PlanState.PROPOSED.value, PlanState.APPROVED_ONCE.value, PlanState.APPROVED.value)


def may_approve(plan: CeremonyPlan, *, actor: Actor) -> Refusal | None:
    """Return why the actor may not approve the plan, or None."""
    if (refusal := may_see_ceremonies(actor)) is not None:
        return refusal
    if actor.loa < _LOA3:
        return _refusal("loa")
    if actor.person_id in {plan.first_approver, plan.second_approver}:
        return _refusal("same_person")
    if plan.state not in {PlanState.PROPOSED.value, PlanState.APPROVED_ONCE.value}:
        return _refusal("state", ("state", plan.state))
    return None


def may_see_ceremonies(actor: Actor) -> Refusal | None:
    """Return why the actor may not see issuers and ceremonies as the central administration does, or None."""
    if (
        actor.kind is ActorKind.PERSON
        and actor.role == Role.CENTRAL_ADMINISTRATOR.value
        and actor.organization_ids
    ):
        return None
    return _refusal("role", ("role", actor.role))


def approve(plan_id: UUID | str, *, plan_sha256: str, actor: Actor, at: datetime) -> CeremonyPlan:
    """Record that the actor approves exactly this plan: the digest is the one that they were shown.

    Raises ``UnknownPlan`` and ``ApprovalRefused``; two who approve at once are first and second, never both
    the same.
    """
    with transaction.atomic():
        plan = CeremonyPlan.objects.filter(pk=plan_id).first()
        if plan is None:
            raise UnknownPlan("there is no such plan")
        refusal = may_approve(plan, actor=actor)
        if refusal is not None:
            raise ApprovalRefused("this plan is not for this person to approve", facts=dict(refusal.facts))
        if plan_sha256 != plan.plan_sha256:
            raise ApprovalRefused("another plan was shown than this one", facts={"rule": "digest"})
        before = PlanState(plan.state)
        is_first = before is PlanState.PROPOSED
        after = next_plan_state(before, PlanAction.APPROVE_FIRST if is_first else PlanAction.APPROVE_SECOND)
        who = (
            {"first_approver": actor.person_id, "first_approved_at": at}
            if is_first
            else {"second_approver": actor.person_id, "second_approved_at": at}
        )
        moved = CeremonyPlan.objects.filter(pk=plan.pk, state=before.value).update(state=after.value, **who)
        if moved != 1:
            raise ApprovalRefused("somebody else approved it just now: look again", facts={"rule": "state"})
        record(
            CeremonyApproved(
                ceremony_id=str(plan.pk), plan_sha256=plan.plan_sha256, approval=1 if is_first else 2
            ),
            actor=actor,
            at=at,
        )
        plan.refresh_from_db()
    return plan


def withdraw(plan_id: UUID | str, *, actor: Actor, at: datetime) -> CeremonyPlan:
    """Withdraw a plan of which nothing was done; one person is enough to say no.

    Raises ``UnknownPlan``, ``ApprovalRefused`` and ``IllegalTransition``.
    """
    with transaction.atomic():
        plan = CeremonyPlan.objects.filter(pk=plan_id).first()
        if plan is None:
            raise UnknownPlan("there is no such plan")
        refusal = None if actor.kind is ActorKind.SYSTEM else may_see_ceremonies(actor)
        if refusal is not None:
            raise ApprovalRefused("this plan is not for this person to withdraw", facts=dict(refusal.facts))
        after = next_plan_state(PlanState(plan.state), PlanAction.WITHDRAW)
        moved = CeremonyPlan.objects.filter(pk=plan.pk, state=plan.state).update(
            state=after.value, withdrawn_at=at
        )
        if moved != 1:
            raise ApprovalRefused("somebody else changed it just now: look again", facts={"rule": "state"})
        record(CeremonyWithdrawn(ceremony_id=str(plan.pk), plan_sha256=plan.plan_sha256), actor=actor, at=at)
        plan.refresh_from_db()
    return plan


def demand_two(plan: CeremonyPlan, *, at: datetime) -> None:
    """Raise ``NotApproved`` unless two different people who still may have approved the plan lately."""
    if plan.second_approved_at is None:
        lacking = "two different people" if plan.first_approved_at is None else "one more person"
        raise NotApproved(
            f"{lacking} of the central administration must approve the plan {plan.plan_sha256[:16]} first "
            "(portal, Issuers and ceremonies)"
        )
    if at > plan.second_approved_at + VALID_FOR:
        raise NotApproved(
            f"the approvals are older than {VALID_FOR.days} days: withdraw the plan and propose it anew"
        )
    for person_id in (plan.first_approver, plan.second_approver):
        if not _is_central(person_id, at=at):
            raise NotApproved(
                "one of the two who approved is no longer of the central administration: "
                "withdraw the plan and propose it anew"
            )


def plan_of_script(script_sha256: str) -> CeremonyPlan | None:
    """Return the plan of a script that was not withdrawn."""
    found = CeremonyPlan.objects.filter(script_sha256=script_sha256)
    return found.exclude(state=PlanState.WITHDRAWN.value).first()


def all_plans() -> list[CeremonyPlan]:
    """Return every plan, those that wait first, then the newest."""
    plans = list(CeremonyPlan.objects.order_by("-proposed_at"))
    return sorted(plans, key=lambda plan: plan.state not in _OPEN)


def _is_central(person_id: str, *, at: datetime) -> bool:
    return RoleAssignment.objects.filter(
        Q(valid_to__isnull=True) | Q(valid_to__gt=at),
        employment__person_id=person_id,
        role=Role.CENTRAL_ADMINISTRATOR.value,
        valid_from__lte=at,
    ).exists()


def _refusal(rule: str, *facts: tuple[str, str]) -> Refusal:
    return Refusal(
        code="ceremony_approval_refused",
        facts=(("rule", rule), *facts),
        fixer=Role.CENTRAL_ADMINISTRATOR.value,
    )
