"""Holds a ceremony by script: only what two people approved, each step once, and its protocol last."""

from collections.abc import Callable
from datetime import datetime

from django.db import transaction

from ca.ceremony.approval import demand_two, plan_of_script
from ca.ceremony.errors import CeremonyHeldBefore, CeremonyStopped, NotApproved
from ca.ceremony.events import CeremonyBegun, ScriptedCeremonyHeld
from ca.ceremony.models import CeremonyPlan
from ca.ceremony.planning import plan_ceremony, plan_digest
from ca.ceremony.running import Ceremony
from ca.ceremony.script import Script
from ca.ceremony.script_protocol import draw_up_script, finish_protocol, write_script_protocol
from ca.ceremony.signers import Hold
from ca.ceremony.states import PlanAction, PlanState, next_plan_state
from ca.ceremony.steps import take_step
from ca.hsm.configuration import TokenConfiguration
from journal.actor import Actor
from journal.recording import record


def hold_script(
    script: Script,
    *,
    hold: Hold,
    configuration: TokenConfiguration,
    actor: Actor,
    clock: Callable[[], datetime],
    watch: Callable[[str], None],
) -> CeremonyPlan:
    """Hold the ceremony of an approved script, or go on with one that was interrupted; return its plan.

    Raises ``NotApproved`` (nothing was done), ``CeremonyHeldBefore``, ``CeremonyStopped`` and what signing
    raises: then the same command goes on from there.
    """
    plan = plan_of_script(script.sha256)
    if plan is None:
        raise NotApproved("nobody proposed this script yet: run the command with --propose")
    if plan.state == PlanState.HELD.value:
        finish_protocol(plan.protocol_name)  # killed between the two
        raise CeremonyHeldBefore(
            f"this script was held {plan.held_at:%Y-%m-%d %H:%M} UTC: "
            f"ceremony/protocols/{plan.protocol_name}.pdf"
        )
    if plan.state != PlanState.BEGUN.value:
        _begin(plan, script, actor=actor, at=clock())
        plan.refresh_from_db()
    if plan_digest(plan.script_sha256, plan.plan) != plan.plan_sha256:
        raise CeremonyStopped("the plan in the database is not what was approved: somebody changed it")
    ceremony = Ceremony(
        plan=plan, hold=hold, configuration=configuration, actor=actor, clock=clock, watch=watch
    )
    for facts in plan.plan:
        take_step(ceremony, facts)
    watch("protocol")
    _finish(ceremony)
    return plan


def _begin(plan: CeremonyPlan, script: Script, *, actor: Actor, at: datetime) -> None:
    demand_two(plan, at=at)
    planned = plan_ceremony(script, at=at)
    if planned.sha256 != plan.plan_sha256:
        raise NotApproved(
            "what the script would do has changed since it was approved: "
            "withdraw the plan and propose it anew"
        )
    after = next_plan_state(PlanState(plan.state), PlanAction.BEGIN)
    with transaction.atomic():
        moved = CeremonyPlan.objects.filter(pk=plan.pk, state=plan.state).update(
            state=after.value, begun_at=at
        )
        if moved != 1:
            raise NotApproved("somebody else began or withdrew it just now")
        record(
            CeremonyBegun(
                ceremony_id=str(plan.pk), script_sha256=plan.script_sha256, plan_sha256=plan.plan_sha256
            ),
            actor=actor,
            at=at,
        )


def _finish(ceremony: Ceremony) -> None:
    plan, at = ceremony.plan, ceremony.clock()
    name = f"{plan.begun_at:%Y%m%dT%H%M%SZ}-{plan.script_sha256[:12]}"
    digest = write_script_protocol(draw_up_script(ceremony, finished_at=at), name)
    after = next_plan_state(PlanState.BEGUN, PlanAction.FINISH)
    with transaction.atomic():
        moved = CeremonyPlan.objects.filter(pk=plan.pk, state=PlanState.BEGUN.value).update(
            state=after.value, held_at=at, protocol_name=name, protocol_sha256=digest
        )
        if moved != 1:
            raise CeremonyHeldBefore("somebody else finished this ceremony just now")
        record(
            ScriptedCeremonyHeld(
                ceremony_id=str(plan.pk),
                plan_sha256=plan.plan_sha256,
                protocol_sha256=digest,
                acts=tuple(str(step["act"]) for step in plan.plan),
            ),
            actor=ceremony.actor,
            at=at,
        )
    finish_protocol(name)
    plan.refresh_from_db()
