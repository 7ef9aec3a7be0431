"""The verbs of people on an order for several: place, approve, pause, resume, cancel."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from cards.bulk.errors import BulkOrderRefused
from cards.bulk.events import (
    BulkOrderApproved,
    BulkOrderEnded,
    BulkOrderPaused,
    BulkOrderPlaced,
    BulkOrderResumed,
)
from cards.bulk.models import BulkOrder
from cards.bulk.moves import locked, move, starter_of
from cards.bulk.policies import left_alone, may_order_for_several, may_steer
from cards.bulk.selectors import get_bulk_order, list_digest
from cards.bulk.states import LEFT_STATES, BulkOrderAction, BulkOrderState, BulkRowState
from cards.errors import Refused
from directory.models import Person
from journal.actor import Actor
from journal.recording import record


def place_bulk_order(bulk_order_id: UUID | str, *, actor: Actor, at: datetime) -> BulkOrder:
    """Order what the check let through: the worker does it, when a second person has approved a large one.

    Raises BulkOrderNotFound, Refused, IllegalTransition; BulkOrderRefused for somebody else's and for one in
    which nothing may be ordered.
    """
    bulk = get_bulk_order(bulk_order_id, actor=actor)
    if (refusal := may_order_for_several(actor)) is not None:
        raise Refused(refusal)
    with transaction.atomic():
        # The lock makes two orders of one person wait for each other: both count.
        Person.objects.select_for_update().filter(pk=actor.person_id).first()
        bulk = locked(bulk.pk)
        if bulk.started_person_id != actor.person_id:
            raise BulkOrderRefused("somebody else prepared it", facts={"rule": "not_yours"})
        if bulk.state == BulkOrderState.READY.value and not bulk.ready:
            raise BulkOrderRefused("nothing may be ordered", facts={"rule": "empty"})
        is_large = bulk.ready > left_alone(actor=actor, at=at)
        move(
            bulk,
            BulkOrderAction.ASK if is_large else BulkOrderAction.PLACE,
            {"needs_second_person": is_large, "placed_at": at, "evidence_id": actor.evidence_id},
        )
        event = BulkOrderPlaced(
            bulk_order_id=str(bulk.pk),
            organization_id=str(bulk.organization_id),
            ready=bulk.ready,
            needs_second_person=is_large,
            list_sha256=list_digest(bulk),
        )
        record(event, actor=actor, at=at)
    bulk.refresh_from_db()
    return bulk


def approve_bulk_order(bulk_order_id: UUID | str, *, actor: Actor, at: datetime) -> BulkOrder:
    """Approve a large one as a second person.

    Raises BulkOrderNotFound, Refused, IllegalTransition; BulkOrderRefused for the same person, and for one
    whose starter has the role no more: it is carried out as that person.
    """
    bulk = _steered(bulk_order_id, actor=actor)
    with transaction.atomic():
        bulk = locked(bulk.pk)
        if not actor.person_id or actor.person_id == bulk.started_person_id:
            raise BulkOrderRefused("the same person", facts={"rule": "same_person"})
        if starter_of(bulk, at=at) is None:
            raise BulkOrderRefused("who started it has the role no more", facts={"rule": "role"})
        evidence = {
            "approved_by": actor.identifier, "approved_person_id": actor.person_id, "approved_at": at,
        }  # fmt: skip
        move(bulk, BulkOrderAction.APPROVE, evidence)
        event = BulkOrderApproved(
            bulk_order_id=str(bulk.pk), organization_id=str(bulk.organization_id), ready=bulk.ready
        )
        record(event, actor=actor, at=at)
    bulk.refresh_from_db()
    return bulk


def pause_bulk_order(bulk_order_id: UUID | str, *, actor: Actor, at: datetime) -> None:
    """Let nothing more be ordered: when this returns, nothing is until somebody resumes.

    Raises BulkOrderNotFound, Refused, IllegalTransition.
    """
    bulk = _steered(bulk_order_id, actor=actor)
    with transaction.atomic():
        bulk = locked(bulk.pk)
        move(bulk, BulkOrderAction.PAUSE, {})
        event = BulkOrderPaused(bulk_order_id=str(bulk.pk), organization_id=str(bulk.organization_id))
        record(event, actor=actor, at=at)


def resume_bulk_order(bulk_order_id: UUID | str, *, actor: Actor, at: datetime) -> None:
    """Let it go on where it stopped. Raises BulkOrderNotFound, Refused, IllegalTransition."""
    bulk = _steered(bulk_order_id, actor=actor)
    with transaction.atomic():
        bulk = locked(bulk.pk)
        move(bulk, BulkOrderAction.RESUME, {})
        event = BulkOrderResumed(bulk_order_id=str(bulk.pk), organization_id=str(bulk.organization_id))
        record(event, actor=actor, at=at)


def cancel_bulk_order(bulk_order_id: UUID | str, *, actor: Actor, at: datetime) -> None:
    """Cancel what has no result yet; what was ordered stays ordered, each order for itself.

    Raises BulkOrderNotFound, Refused, IllegalTransition.
    """
    bulk = _steered(bulk_order_id, actor=actor)
    with transaction.atomic():
        end_early(locked(bulk.pk), BulkOrderAction.CANCEL, actor=actor, at=at)


def end_early(bulk: BulkOrder, action: BulkOrderAction, *, actor: Actor, at: datetime) -> None:
    """End a locked order with rows left, in the caller's transaction. Raises IllegalTransition."""
    move(bulk, action, {"ended_at": at, "ended_by": actor.identifier})
    left = bulk.rows.filter(state__in=sorted(state.value for state in LEFT_STATES))
    left.update(state=BulkRowState.CANCELLED.value, done_at=at)
    event = BulkOrderEnded(
        bulk_order_id=str(bulk.pk),
        organization_id=str(bulk.organization_id),
        outcome="cancelled" if action is BulkOrderAction.CANCEL else "lapsed",
        ordered=bulk.ordered,
        refused=bulk.refused,
    )
    record(event, actor=actor, at=at)


def _steered(bulk_order_id: UUID | str, *, actor: Actor) -> BulkOrder:
    bulk = get_bulk_order(bulk_order_id, actor=actor)
    if (refusal := may_steer(actor)) is not None:
        raise Refused(refusal)
    return bulk
