"""The second person's step at level 3: a reserve card, or new certificates on one in use, approved or not."""

from datetime import datetime

from django.db import transaction

from cards import identity, reserve_policies
from cards.conversation import lock_card
from cards.errors import Refused
from cards.events import CardOrderLapsed
from cards.identity import IdentityCheckFacts
from cards.models import Card, CardOrder, IdentityCheck
from cards.ordering import discard_card
from cards.products import assurance_level
from cards.refill_ends import end_refill
from cards.reserve_events import ReserveCardApproved, ReserveCardRefused, ReserveRefillApproved
from cards.reserve_models import ReserveHandOut, ReserveOrder, ReserveRefill
from cards.states import CardOrderAction
from cards.stock_states import RESERVE_MOVES, ReserveAction, ReserveState
from cards.transitions import demand_moved, order_after
from journal.actor import Actor
from journal.events import Event
from journal.recording import record


def approve_as_second(
    order: ReserveOrder, *, identity_check: IdentityCheckFacts, actor: Actor, at: datetime
) -> None:
    """Approve as the second person, who has identified the holder again.

    Raises Refused (also for the first administrator, under whatever HSA-id) and IllegalTransition.
    """
    refusal = reserve_policies.may_approve(order, actor=actor, at=at) or identity.refusal_of(
        identity_check, level=assurance_level(order.loa), holder=order.card.person, actor=actor, at=at
    )
    if refusal is not None:
        raise Refused(refusal)
    with transaction.atomic():
        card = lock_card(order.card)
        check = identity.record_passed(card, identity_check, actor=actor, at=at)
        rows = ReserveRefill.objects if isinstance(order, ReserveRefill) else ReserveHandOut.objects
        moved = rows.filter(pk=order.pk, state=order.state).update(
            state=RESERVE_MOVES[ReserveState(order.state), ReserveAction.APPROVE].value,
            second_check=check,
            second_by=actor.identifier,
            second_person_id=actor.person_id,
            approved_at=at,
        )
        demand_moved(moved, thing="reserve_order", state=order.state, action="APPROVE")
        record(_approved(order, card, check), actor=actor, at=at)


def refuse_as_second(order: ReserveOrder, *, reason: str, actor: Actor, at: datetime) -> None:
    """Do not approve: a card handed out is discarded and handed to nobody else, one in use is as it was.

    Raises Refused and IllegalTransition.
    """
    if (refusal := reserve_policies.may_decide(order, actor=actor, at=at)) is not None:
        raise Refused(refusal)
    with transaction.atomic():
        card = lock_card(order.card)
        if isinstance(order, ReserveRefill):
            end_refill(order, action=ReserveAction.REFUSE, reason=reason, actor=actor, at=at)
        else:
            _refuse_card(order, card, reason=reason, actor=actor, at=at)


def end_order(card: Card, *, reason: str, actor: Actor, at: datetime) -> None:
    """End a reserve card that will not be used: its order and itself, in the caller's transaction."""
    order = card.order
    moved = CardOrder.objects.filter(pk=order.pk, state=order.state).update(
        state=order_after(order.state, CardOrderAction.LAPSE), lapsed_at=at, lapse_reason=reason
    )
    demand_moved(moved, thing="card_order", state=order.state, action=CardOrderAction.LAPSE)
    event = CardOrderLapsed(
        card_order_id=str(order.pk),
        card_id=str(card.pk),
        person_id=str(card.person_id),
        organization_id=str(card.organization_id),
        reason=reason,
    )
    record(event, actor=actor, at=at)
    discard_card(card, reason=reason, actor=actor, at=at)


def _refuse_card(hand_out: ReserveHandOut, card: Card, *, reason: str, actor: Actor, at: datetime) -> None:
    moved = ReserveHandOut.objects.filter(pk=hand_out.pk, state=hand_out.state).update(
        state=RESERVE_MOVES[ReserveState(hand_out.state), ReserveAction.REFUSE].value
    )
    demand_moved(moved, thing="reserve_hand_out", state=hand_out.state, action="REFUSE")
    event = ReserveCardRefused(
        reserve_hand_out_id=str(hand_out.pk),
        card_id=str(card.pk),
        person_id=str(card.person_id),
        organization_id=str(card.organization_id),
        reason=reason,
    )
    record(event, actor=actor, at=at)
    end_order(card, reason="reserve_refused", actor=actor, at=at)


def _approved(order: ReserveOrder, card: Card, check: IdentityCheck) -> Event:
    if isinstance(order, ReserveRefill):
        return ReserveRefillApproved(
            reserve_refill_id=str(order.pk),
            card_id=str(card.pk),
            person_id=str(card.person_id),
            organization_id=str(card.organization_id),
            identity_check_id=str(check.pk),
        )
    return ReserveCardApproved(
        reserve_hand_out_id=str(order.pk),
        card_id=str(card.pk),
        person_id=str(card.person_id),
        organization_id=str(card.organization_id),
        identity_check_id=str(check.pk),
    )
