"""Reads of reserve cards handed out, inside the bounds of the actor's role; nothing changes here."""

import uuid

from django.db.models import QuerySet

from cards import policies
from cards.reserve_models import ReserveHandOut, ReserveOrder, ReserveRefill
from cards.states import CardState
from cards.stock_errors import ReserveHandOutNotFound
from cards.stock_policies import MAY_READ_STOCK
from cards.stock_states import ReserveState
from directory.reach import held_within
from journal.actor import Actor, ActorKind


def get_hand_out(hand_out_id: str, *, actor: Actor) -> ReserveHandOut:
    """Return the hand-out; raise ReserveHandOutNotFound, also when it is outside the actor's scope."""
    found = _visible(actor).filter(pk=_uuid_or_nil(hand_out_id)).first()
    if found is None:
        raise ReserveHandOutNotFound(str(hand_out_id))
    return found


def get_reserve_order(order_id: str, *, actor: Actor) -> ReserveOrder:
    """Return the hand-out or re-fill with this id; raise ReserveHandOutNotFound as get_hand_out."""
    refill = _visible_refills(actor).filter(pk=_uuid_or_nil(order_id)).first()
    return refill if refill is not None else get_hand_out(order_id, actor=actor)


def awaiting_second(*, actor: Actor, limit: int = 50) -> tuple[ReserveOrder, ...]:
    """Return the hand-outs and re-fills in scope that wait for a second person, the oldest first."""
    waits = {"state": ReserveState.AWAITING_SECOND.value}
    hand_outs = _visible(actor).filter(**waits, card__state=CardState.SHIPPED.value)
    refills = _visible_refills(actor).filter(**waits)
    found: list[ReserveOrder] = [
        *hand_outs.order_by("handed_out_at", "pk")[:limit],
        *refills.order_by("ordered_at", "pk")[:limit],
    ]
    return tuple(sorted(found, key=lambda one: one.begun_at)[:limit])


def hand_out_of_card(card_id: uuid.UUID) -> ReserveHandOut | None:
    """Return the hand-out of a card that somebody may see anyway, or None if it is no reserve card."""
    return _rows().filter(card_id=card_id).first()


def refill_awaiting_second(card_id: uuid.UUID) -> ReserveRefill | None:
    """Return what is ordered for a card, that somebody may see anyway, and waits for a second person."""
    return _refills().filter(card_id=card_id, state=ReserveState.AWAITING_SECOND.value).first()


def _visible(actor: Actor) -> QuerySet[ReserveHandOut]:
    rows = _rows()
    if actor.kind is ActorKind.SYSTEM:
        return rows
    if not policies.has_role(actor, MAY_READ_STOCK):
        return rows.none()
    rows = rows.filter(held_within(actor, "card__"))
    return rows if actor.may_see_protected else rows.filter(card__person__protected_identity=False)


def _rows() -> QuerySet[ReserveHandOut]:
    return ReserveHandOut.objects.select_related(
        "card__order", "card__person", "card__organization", "stock_card__box", "stock_card__place"
    )


def _visible_refills(actor: Actor) -> QuerySet[ReserveRefill]:
    rows = _refills()
    if actor.kind is ActorKind.SYSTEM:
        return rows
    if not policies.has_role(actor, MAY_READ_STOCK):
        return rows.none()
    rows = rows.filter(held_within(actor, "card__"))
    return rows if actor.may_see_protected else rows.filter(card__person__protected_identity=False)


def _refills() -> QuerySet[ReserveRefill]:
    return ReserveRefill.objects.select_related("card__order", "card__person", "card__organization")


def _uuid_or_nil(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(str(text))
    except ValueError:
        return uuid.UUID(int=0)
