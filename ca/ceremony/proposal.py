"""Registers what a script would do, for two people to approve."""

from datetime import datetime

from django.db import IntegrityError, transaction

from ca.ceremony.approval import plan_of_script
from ca.ceremony.errors import CeremonyHeldBefore, NotApproved
from ca.ceremony.events import CeremonyProposed
from ca.ceremony.models import CeremonyPlan
from ca.ceremony.planning import Planned
from ca.ceremony.states import PlanState
from journal.actor import Actor
from journal.recording import record


def propose(planned: Planned, *, actor: Actor, at: datetime) -> CeremonyPlan:
    """Register a plan for two people to approve; the same script and plan give the same row.

    Raises ``CeremonyHeldBefore`` for a script that was held, ``NotApproved`` for one that is registered
    with another outcome than it would have now.
    """
    script = planned.script
    earlier = plan_of_script(script.sha256)
    if earlier is not None:
        if earlier.state == PlanState.HELD.value:
            raise CeremonyHeldBefore(
                f"this script was held {earlier.held_at:%Y-%m-%d %H:%M}: {earlier.title}"
            )
        if earlier.plan_sha256 != planned.sha256 and earlier.state != PlanState.BEGUN.value:
            raise NotApproved(
                "this script was proposed when it would have done something else: withdraw that plan first"
            )
        return earlier
    plan = CeremonyPlan(
        title=script.title,
        environment=script.environment.value,
        script=script.text,
        script_sha256=script.sha256,
        plan=list(planned.steps),
        plan_sha256=planned.sha256,
        consequence=[one.as_json() for one in planned.consequences],
        proposed_at=at,
    )
    try:
        with transaction.atomic():
            plan.save(force_insert=True)
            record(
                CeremonyProposed(
                    ceremony_id=str(plan.pk), script_sha256=script.sha256, plan_sha256=plan.plan_sha256
                ),
                actor=actor,
                at=at,
            )
    except IntegrityError as error:
        raise NotApproved("somebody else proposed this script just now") from error
    return plan
