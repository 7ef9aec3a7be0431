"""What people decide about readings: ask for one, accept or discard what waits, undo.

Deciding writes one row and an event; the worker takes the rows of the reading in stages of ``STAGE``, each a
transaction of its own, so that a killed worker goes on where it was and a second worker does nothing twice.
"""

from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet

from directory import sync_changes
from directory.errors import SyncDecisionRefused, SyncRunTaken
from directory.events import SyncDecided, SyncDecisionCarriedOut, SyncRequested
from directory.models import Role, SyncRun, SyncState
from directory.sync_models import ChangeKind, ChangeState, SyncChange, SyncDecision, SyncDecisionKind
from directory.sync_run import UNDO_WITHIN
from journal.actor import Actor, ActorKind
from journal.errors import Refusal
from journal.recording import record

STAGE: Final = 100
REGISTERS: Final = ("hsa", "pu")
DECIDERS: Final = frozenset({Role.CENTRAL_ADMINISTRATOR.value})
"""A reading concerns every organization, so the central administration decides."""
_SHORTEST_REASON: Final = 3


def may_decide(actor: Actor) -> Refusal | None:
    """Return why the actor may not see and decide about readings, or None."""
    if actor.kind is ActorKind.SYSTEM or actor.role in DECIDERS:
        return None
    facts = (("role", actor.role), ("needed", ",".join(sorted(DECIDERS))))
    return Refusal(code="role_missing", facts=facts, fixer=Role.CENTRAL_ADMINISTRATOR.value)


def request_run(register: str, *, is_preview: bool, actor: Actor, at: datetime) -> SyncRun:
    """Ask for a reading of a register now; with ``is_preview`` every costly difference waits to be looked at.

    Raises ``SyncDecisionRefused`` for another role, and ``SyncRunTaken`` when one is asked for already.
    """
    _demand_right(actor)
    if register not in REGISTERS:
        raise SyncDecisionRefused("no such register", facts={"rule": "register"})
    try:
        with transaction.atomic():
            run = SyncRun.objects.create(
                register=register,
                state=SyncState.REQUESTED.value,
                started_at=at,
                is_preview=is_preview,
                requested_by=actor.identifier,
            )
            event = SyncRequested(sync_run_id=str(run.pk), register=register, is_preview=is_preview)
            record(event, actor=actor, at=at)
            return run
    except IntegrityError as error:
        raise SyncRunTaken("asked for already") from error


def accept_run(run_id: UUID | str, *, reason: str, actor: Actor, at: datetime) -> SyncDecision:
    """Let what waits in a run be written. Raises ``SyncDecisionRefused``."""
    return _decide(run_id, SyncDecisionKind.ACCEPT, reason=reason, actor=actor, at=at)


def discard_run(run_id: UUID | str, *, reason: str, actor: Actor, at: datetime) -> SyncDecision:
    """Let nothing of what waits in a run be written. Raises ``SyncDecisionRefused``."""
    return _decide(run_id, SyncDecisionKind.DISCARD, reason=reason, actor=actor, at=at)


def undo_run(run_id: UUID | str, *, reason: str, actor: Actor, at: datetime) -> SyncDecision:
    """Take back what a run wrote, but for what something irreversible rests on.

    Raises ``SyncDecisionRefused``. What the register goes on saying waits for a decision the next time.
    """
    return _decide(run_id, SyncDecisionKind.UNDO, reason=reason, actor=actor, at=at)


def rows_for(run: SyncRun, kind: SyncDecisionKind) -> QuerySet[SyncChange]:
    """Return the rows that such a decision is about."""
    if kind is SyncDecisionKind.UNDO:
        applied = run.changes.filter(state=ChangeState.APPLIED.value)
        return applied.exclude(kind=ChangeKind.PROTECTED.value)
    return run.changes.filter(state=ChangeState.WAITING.value)


def refusal_of(run: SyncRun, kind: SyncDecisionKind, *, at: datetime) -> str:
    """Return the rule that stops such a decision about a run, empty when there is none."""
    decided = SyncDecision.objects.filter(run=run)
    if run.ended_at is None or decided.filter(finished_at__isnull=True).exists():
        return "under_way"
    if decided.filter(kind=kind.value).exists():
        return "decided"
    if kind is SyncDecisionKind.UNDO and run.ended_at < at - UNDO_WITHIN:
        return "too_late"
    if not rows_for(run, kind).exists():
        return "nothing_to_undo" if kind is SyncDecisionKind.UNDO else "nothing_waits"
    return ""


def carry_out_decisions(*, actor: Actor, at: datetime) -> int:
    """Carry out what was decided and not finished, stage by stage; return how many rows were gone through."""
    done = 0
    for decision in SyncDecision.objects.filter(finished_at__isnull=True).order_by("decided_at"):
        while count := _stage(decision, actor=actor, at=at):
            done += count
        _finish(decision, actor=actor, at=at)
    return done


def is_something_left() -> bool:
    """Tell whether a decision waits for the worker."""
    return SyncDecision.objects.filter(finished_at__isnull=True).exists()


def note_acted_on(
    *, person_id: UUID, employment_id: UUID | None, kinds: frozenset[ChangeKind], at: datetime
) -> None:
    """Note that something irreversible rests on what readings wrote of somebody: it is not undone any more.

    Call it in the transaction of that act.
    """
    rows = SyncChange.objects.filter(
        person_id=person_id, state=ChangeState.APPLIED.value, acted_on_at__isnull=True
    )
    rows = rows.filter(kind__in=[kind.value for kind in kinds])
    if employment_id is not None:
        rows = rows.filter(employment_id=employment_id)
    rows.update(acted_on_at=at)


def _decide(
    run_id: UUID | str, kind: SyncDecisionKind, *, reason: str, actor: Actor, at: datetime
) -> SyncDecision:
    _demand_right(actor)
    if len(reason.strip()) < _SHORTEST_REASON:
        raise SyncDecisionRefused("a decision says why", facts={"rule": "no_reason"})
    try:
        with transaction.atomic():
            run = SyncRun.objects.select_for_update().filter(pk=run_id).first()
            rule = "unknown_run" if run is None else refusal_of(run, kind, at=at)
            if run is None or rule:
                raise SyncDecisionRefused("not now", facts={"rule": rule})
            decision = SyncDecision.objects.create(
                run=run,
                kind=kind.value,
                reason=reason.strip()[:500],
                decided_by=actor.identifier,
                decided_at=at,
                total=rows_for(run, kind).count(),
            )
            event = SyncDecided(
                sync_run_id=str(run.pk),
                register=run.register,
                kind=kind.value,
                total=decision.total,
                reason=decision.reason,
            )
            record(event, actor=actor, at=at)
            return decision
    except IntegrityError as error:  # two clicks at once: the database let one through
        raise SyncDecisionRefused("decided meanwhile", facts={"rule": "decided"}) from error


def _stage(decision: SyncDecision, *, actor: Actor, at: datetime) -> int:
    """Go through the next rows of a decision in one transaction, and return how many."""
    kind = SyncDecisionKind(decision.kind)
    with transaction.atomic():
        rows = rows_for(decision.run, kind).select_for_update(of=("self",)).order_by("pk")[:STAGE]
        left_out = 0
        chosen = list(rows)
        for change in chosen:
            state = _settle(change, kind, actor=actor, at=at)
            left_out += state in {ChangeState.STALE, ChangeState.KEPT}
            was = ChangeState.APPLIED if kind is SyncDecisionKind.UNDO else ChangeState.WAITING
            SyncChange.objects.filter(pk=change.pk, state=was.value).update(state=state.value, settled_at=at)
        SyncDecision.objects.filter(pk=decision.pk).update(
            done=F("done") + len(chosen), left_out=F("left_out") + left_out
        )
    return len(chosen)


def _settle(change: SyncChange, kind: SyncDecisionKind, *, actor: Actor, at: datetime) -> ChangeState:
    match kind:
        case SyncDecisionKind.ACCEPT:
            written = sync_changes.put_in_force(change, actor=actor, at=at)
            return ChangeState.APPLIED if written else ChangeState.STALE
        case SyncDecisionKind.DISCARD:
            sync_changes.let_count_anew(change)
            return ChangeState.DISCARDED
        case SyncDecisionKind.UNDO:
            taken = sync_changes.take_back(change, actor=actor, at=at)
            return ChangeState.UNDONE if taken else ChangeState.KEPT


def _finish(decision: SyncDecision, *, actor: Actor, at: datetime) -> None:
    with transaction.atomic():
        mine = SyncDecision.objects.filter(pk=decision.pk, finished_at__isnull=True)
        if mine.update(finished_at=at) != 1:
            return
        decision.refresh_from_db()
        event = SyncDecisionCarriedOut(
            sync_run_id=str(decision.run_id),
            register=decision.run.register,
            kind=decision.kind,
            total=decision.total,
            left_out=decision.left_out,
        )
        record(event, actor=actor, at=at)


def _demand_right(actor: Actor) -> None:
    if (refusal := may_decide(actor)) is not None:
        raise SyncDecisionRefused("not for this role", facts={"rule": "role", **dict(refusal.facts)})
