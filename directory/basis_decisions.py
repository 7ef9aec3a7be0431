"""Bulk decisions on basis lists: made over a fixed list, approved where it is large, carried out row by row.

The list is what somebody saw and chose; the worker looks at each row anew before it does anything, as the
person who decided, and what is no longer so is left alone. Each row is a transaction of its own, so that a
killed worker goes on with what is left.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet, Sum

from directory import configuration
from directory.basis_models import BasisDecision, BasisMember, BasisOutcome, BasisSubject
from directory.errors import BasisDecisionNotFound, BasisDecisionRefused
from directory.events import BasisApproved, BasisCarriedOut, BasisDecided, BasisStopped, BasisWithdrawn
from directory.models import Person
from directory.policies import may_see_protected
from directory.role_selectors import roles_held_by
from directory.row_ids import row_id
from journal.actor import Actor, ActorKind
from journal.errors import DomainError
from journal.recording import record

MOST_ALONE: Final = 25
"""Above this, counted over a window of time, revoking takes two people (domain.md 7.3)."""
MOST_ROWS: Final = 200
_SHORTEST_REASON: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """One row that somebody chose; ``weight`` is how many certificates it revokes."""

    subject_id: UUID
    person_id: UUID
    organization_id: UUID
    ground: str
    evidence: dict[str, object] = field(default_factory=dict)
    weight: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of a row."""

    outcome: BasisOutcome
    detail: str = ""


Act = Callable[[BasisMember, str, Actor, datetime], Result]
"""Does what a row says, for the reason given, as the actor: within the transaction that it is called in."""


def decide(
    subject: BasisSubject, chosen: Sequence[Chosen], *, reason: str, actor: Actor, at: datetime
) -> BasisDecision:
    """Decide over the rows: the worker carries it out, when a second person has approved a large one.

    Raises ``BasisDecisionRefused`` for nothing chosen, no reason, too many, or a row that is decided already.
    """
    reason = reason.strip()
    if not chosen:
        raise BasisDecisionRefused("nothing was chosen", facts={"rule": "empty"})
    if len(chosen) > MOST_ROWS:
        raise BasisDecisionRefused("too many at once", facts={"rule": "too_many", "most": str(MOST_ROWS)})
    if len(reason) < _SHORTEST_REASON:
        raise BasisDecisionRefused("a decision says why", facts={"rule": "no_reason"})
    weight = weight_of(subject, rows=len(chosen), certificates=sum(one.weight for one in chosen))
    try:
        with transaction.atomic():
            # The lock makes two decisions of one person wait for each other: both count.
            if actor.person_id:
                Person.objects.select_for_update().filter(pk=actor.person_id).first()
            decision = BasisDecision.objects.create(
                subject=subject.value,
                reason=reason[:500],
                total=len(chosen),
                weight=weight,
                needs_second_person=weight > left_alone(subject, actor=actor, at=at),
                decided_by=actor.identifier,
                decided_person_id=actor.person_id,
                decided_role=actor.role,
                decided_loa=actor.loa,
                may_see_protected=actor.may_see_protected,
                organization_ids=list(actor.organization_ids),
                organization_id=actor.organization_id,
                unit_id=actor.unit_id,
                unit_ids=list(actor.unit_ids),
                correlation_id=actor.correlation_id,
                decided_at=at,
            )
            BasisMember.objects.bulk_create(_member(decision, one) for one in chosen)
            event = BasisDecided(
                basis_decision_id=str(decision.pk),
                kind=subject.value,
                total=len(chosen),
                needs_second_person=decision.needs_second_person,
                list_sha256=list_digest([one.subject_id for one in chosen]),
                reason=decision.reason,
            )
            record(event, actor=actor, at=at)
            return decision
    except IntegrityError as error:
        raise BasisDecisionRefused("decided by somebody else", facts={"rule": "under_way"}) from error


def weight_of(subject: BasisSubject, *, rows: int, certificates: int) -> int:
    """Return how many cards or certificates a decision revokes at most; roles and orders can be made anew."""
    return max(rows, certificates) if subject is BasisSubject.CARD else 0


def left_alone(subject: BasisSubject, *, actor: Actor, at: datetime) -> int:
    """Return how much the actor may still decide without a second person.

    What one person decided alone since the window began counts together, so that many small decisions do
    not go around the rule for one large one; what was withdrawn or approved by somebody else does not.
    """
    if subject is not BasisSubject.CARD:
        return MOST_ALONE
    lately = BasisDecision.objects.filter(
        decided_person_id=actor.person_id,
        subject=subject.value,
        needs_second_person=False,
        withdrawn_at__isnull=True,
        decided_at__gt=at - configuration.bulk_window(),
    )
    return MOST_ALONE - int(lately.aggregate(told=Sum("weight"))["told"] or 0)


def approve_decision(decision_id: UUID | str, *, actor: Actor, at: datetime) -> BasisDecision:
    """Approve a large decision as a second person.

    Raises ``BasisDecisionNotFound``, and ``BasisDecisionRefused`` for the same person, for one that is
    decided, and for one whose decider has the role no more: it is carried out as that person.
    """
    decision = get_decision(decision_id, actor=actor)
    if actor.person_id == decision.decided_person_id:
        raise BasisDecisionRefused("the same person", facts={"rule": "same_person"})
    if decision.decided_role not in {one.role for one in roles_held_by(decision.decided_person_id, at=at)}:
        raise BasisDecisionRefused("who decided has the role no more", facts={"rule": "role"})
    with transaction.atomic():
        waiting = BasisDecision.objects.filter(
            pk=decision.pk, needs_second_person=True, approved_at__isnull=True, withdrawn_at__isnull=True
        )
        approved = waiting.update(
            approved_by=actor.identifier, approved_person_id=actor.person_id, approved_at=at
        )
        if approved != 1:
            raise BasisDecisionRefused("decided already", facts={"rule": "decided"})
        event = BasisApproved(basis_decision_id=str(decision.pk), kind=decision.subject, total=decision.total)
        record(event, actor=actor, at=at)
    decision.refresh_from_db()
    return decision


def withdraw_decision(decision_id: UUID | str, *, actor: Actor, at: datetime) -> BasisDecision:
    """Withdraw a decision that waits for a second person: nothing of it is done.

    Raises ``BasisDecisionNotFound``, and ``BasisDecisionRefused`` for one that is approved or over.
    """
    decision = get_decision(decision_id, actor=actor)
    with transaction.atomic():
        waiting = BasisDecision.objects.filter(
            pk=decision.pk, needs_second_person=True, approved_at__isnull=True, withdrawn_at__isnull=True
        )
        if waiting.update(withdrawn_at=at, finished_at=at) != 1:
            raise BasisDecisionRefused("decided already", facts={"rule": "decided"})
        decision.members.filter(outcome="").update(outcome=BasisOutcome.WITHDRAWN.value, done_at=at)
        event = BasisWithdrawn(
            basis_decision_id=str(decision.pk), kind=decision.subject, total=decision.total
        )
        record(event, actor=actor, at=at)
    decision.refresh_from_db()
    return decision


def stop_decision(decision_id: UUID | str, *, actor: Actor, at: datetime) -> BasisDecision:
    """Stop a decision that is being carried out: when this returns no further row is, and what is done stays.

    Anybody who sees it may. It still counts as decided alone (``left_alone``), whole. Raises
    ``BasisDecisionNotFound``, and ``BasisDecisionRefused`` for one that waits or is over.
    """
    decision = get_decision(decision_id, actor=actor)
    with transaction.atomic():
        # A row under way holds its lock: this waits for it and leaves its outcome as it is.
        left = decision.members.select_for_update().filter(outcome="").order_by("pk")
        keys = list(left.values_list("pk", flat=True))
        if not keys or _ready().filter(pk=decision.pk).update(finished_at=at) != 1:
            raise BasisDecisionRefused("nothing is under way", facts={"rule": "decided"})
        decision.members.filter(pk__in=keys).update(outcome=BasisOutcome.WITHDRAWN.value, done_at=at)
        event = BasisStopped(
            basis_decision_id=str(decision.pk),
            kind=decision.subject,
            total=decision.total,
            done=decision.total - len(keys),
        )
        record(event, actor=actor, at=at)
    decision.refresh_from_db()
    return decision


def is_under_way(decision: BasisDecision) -> bool:
    """Tell whether the worker carries it out, or will within seconds."""
    return decision.finished_at is None and not (
        decision.needs_second_person and decision.approved_at is None
    )


def was_stopped(decision: BasisDecision) -> bool:
    """Tell whether it ended before every row was gone through, though nobody withdrew it before."""
    return (
        decision.finished_at is not None
        and decision.withdrawn_at is None
        and (decision.members.filter(outcome=BasisOutcome.WITHDRAWN.value).exists())
    )


def carry_out(subject: BasisSubject, act: Act, *, actor: Actor, at: datetime) -> int:
    """Carry out what was decided about such subjects, and return how many rows were gone through."""
    done = 0
    for decision in _ready().filter(subject=subject.value).order_by("decided_at"):
        decider = decider_of(decision)
        for pk in list(decision.members.filter(outcome="").order_by("pk").values_list("pk", flat=True)):
            done += _carry_out_member(pk, decision, act, decider=decider, at=at)
        _finish(decision, actor=actor, at=at)
    return done


def is_something_left() -> bool:
    """Tell whether a decision waits for the worker."""
    return _ready().exists()


def get_decision(decision_id: UUID | str, *, actor: Actor) -> BasisDecision:
    """Return a decision of which the actor may see every row; raises ``BasisDecisionNotFound``."""
    found = visible_decisions(actor=actor).filter(pk=row_id(decision_id)).first()
    if found is None:
        raise BasisDecisionNotFound("no such decision")
    return found


def visible_decisions(*, actor: Actor) -> QuerySet[BasisDecision]:
    """Return the decisions that concern only the actor's organizations, newest first.

    In a role for a unit: those that were made for this unit or one below it.
    """
    decisions = BasisDecision.objects.order_by("-decided_at", "pk")
    if actor.kind is ActorKind.SYSTEM:
        return decisions
    if actor.unit_id:
        decisions = decisions.filter(unit_id__in=actor.unit_ids)
        hidden = ~Q(organization_id=actor.organization_id)
    else:
        hidden = ~Q(organization_id__in=actor.organization_ids)
    if not may_see_protected(actor):
        hidden |= Q(person__protected_identity=True)
    return decisions.exclude(pk__in=BasisMember.objects.filter(hidden).values("decision_id"))


def list_digest(subject_ids: Sequence[UUID]) -> str:
    """Return the digest of a list: what is decided is what was shown."""
    digest = hashlib.sha256()
    for subject_id in sorted(subject_ids, key=str):
        digest.update(subject_id.bytes)
    return digest.hexdigest()


def decider_of(decision: BasisDecision) -> Actor:
    """Return the person who decided, with the rights in which they did."""
    return Actor(
        kind=ActorKind.PERSON,
        identifier=decision.decided_by,
        role=decision.decided_role,
        organization_ids=tuple(decision.organization_ids),
        organization_id=decision.organization_id,
        unit_id=decision.unit_id,
        unit_ids=tuple(decision.unit_ids),
        person_id=decision.decided_person_id,
        loa=decision.decided_loa,
        may_see_protected=decision.may_see_protected,
        correlation_id=decision.correlation_id,
    )


def _ready() -> QuerySet[BasisDecision]:
    unfinished = BasisDecision.objects.filter(finished_at__isnull=True)
    return unfinished.filter(Q(needs_second_person=False) | Q(approved_at__isnull=False))


def _member(decision: BasisDecision, one: Chosen) -> BasisMember:
    return BasisMember(
        decision=decision,
        subject=decision.subject,
        subject_id=one.subject_id,
        person_id=one.person_id,
        organization_id=one.organization_id,
        ground=one.ground,
        evidence=one.evidence,
    )


def _carry_out_member(pk: int, decision: BasisDecision, act: Act, *, decider: Actor, at: datetime) -> int:
    with transaction.atomic():
        # The lock makes two workers wait for each other; the second finds the outcome of the first.
        member = BasisMember.objects.select_for_update().get(pk=pk)
        if member.outcome:
            return 0
        try:
            with transaction.atomic():
                result = act(member, decision.reason, decider, at)
        except DomainError as error:
            result = Result(outcome=BasisOutcome.REFUSED, detail=error.code[:64])
        BasisMember.objects.filter(pk=pk, outcome="").update(
            outcome=result.outcome.value, detail=result.detail, done_at=at
        )
    return 1


def _finish(decision: BasisDecision, *, actor: Actor, at: datetime) -> None:
    with transaction.atomic():
        mine = BasisDecision.objects.filter(pk=decision.pk, finished_at__isnull=True)
        if decision.members.filter(outcome="").exists() or mine.update(finished_at=at) != 1:
            return
        done = decision.members.filter(outcome=BasisOutcome.DONE.value).count()
        event = BasisCarriedOut(
            basis_decision_id=str(decision.pk), kind=decision.subject, total=decision.total, done=done
        )
        record(event, actor=actor, at=at)
