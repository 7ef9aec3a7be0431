"""The step from the pure state tables to rows: lock, compare and swap, and who may start what."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from cards.bulk.models import BulkOrder
from cards.bulk.states import (
    BULK_ORDER_MOVES,
    BULK_ROW_MOVES,
    BulkOrderAction,
    BulkOrderState,
    BulkRowAction,
    BulkRowState,
)
from cards.errors import IllegalTransition
from directory.models import RoleAssignment
from directory.reach import scope_of
from directory.selectors import roles_of
from journal.actor import Actor, ActorKind


def locked(pk: UUID) -> BulkOrder:
    """Return the order, locked: whoever writes its rows has this lock, so none is written twice."""
    return BulkOrder.objects.select_for_update().get(pk=pk)


def after(state: str, action: BulkOrderAction) -> str:
    """Return the state after the action; raise IllegalTransition."""
    following = BULK_ORDER_MOVES.get((BulkOrderState(state), action))
    if following is None:
        raise IllegalTransition.of(thing="bulk_order", state=state, action=action.value)
    return following.value


def row_after(state: str, action: BulkRowAction) -> str:
    """Return the state of a row after the action; raise IllegalTransition."""
    following = BULK_ROW_MOVES.get((BulkRowState(state), action))
    if following is None:
        raise IllegalTransition.of(thing="bulk_row", state=state, action=action.value)
    return following.value


def move(bulk: BulkOrder, action: BulkOrderAction, evidence: Mapping[str, object]) -> None:
    """Move an order by compare-and-swap and write the evidence with it. Raises IllegalTransition."""
    following = after(bulk.state, action)
    moved = BulkOrder.objects.filter(pk=bulk.pk, state=bulk.state).update(state=following, **evidence)
    if moved != 1:
        raise IllegalTransition.of(thing="bulk_order", state=bulk.state, action=action.value)


def starter_of(bulk: BulkOrder, *, at: datetime) -> Actor | None:
    """Return who started the order, with the rights that they have now, or None when the role is gone."""
    for one in roles_of(bulk.started_by, at=at):
        if one.role == bulk.started_role and one.unit_id == bulk.unit_id:
            actor = _actor(bulk, one, at=at)
            if bulk.unit_id is not None or str(bulk.organization_id) in actor.organization_ids:
                return actor
    return None


def _actor(bulk: BulkOrder, assignment: RoleAssignment, *, at: datetime) -> Actor:
    scope = scope_of(assignment, at=at)
    return Actor(
        kind=ActorKind.PERSON,
        identifier=bulk.started_by,
        role=bulk.started_role,
        organization_ids=scope.organization_ids,
        organization_id=str(assignment.organization_id),
        unit_id=scope.unit_id,
        unit_ids=scope.unit_ids,
        person_id=bulk.started_person_id,
        loa=bulk.started_loa,
        may_see_protected=assignment.may_see_protected,
        correlation_id=bulk.correlation_id,
        evidence_id=bulk.evidence_id,
    )
