"""A new card in the place of one that is lost, broken, misnamed or soon over: the old one ends by rule."""

from datetime import datetime

from cards import policies
from cards.blocking import block_card, end_card, lock_for_block
from cards.errors import Refused
from cards.events import CardReplaced, CardReplacementOrdered
from cards.models import Card, CardOrder
from cards.replacement_policies import Replacement, may_replace
from cards.replacement_reasons import ENDINGS, ReplacementReason
from cards.states import CardState
from journal.actor import Actor
from journal.recording import record


def replace_by(order: CardOrder, replacement: Replacement, *, actor: Actor, at: datetime) -> None:
    """Say on a new order which card it replaces; one that somebody else may use ends at once.

    In the transaction that places the order. Raises Refused when somebody else was faster.
    """
    old, reason = lock_for_block(str(replacement.card.pk)), replacement.reason
    refusal = may_replace(old, reason, actor=actor, at=at)
    if refusal is not None:
        raise Refused(refusal)
    CardOrder.objects.filter(pk=order.pk).update(replaces=old, replacement_reason=reason.value)
    order.replaces, order.replacement_reason = old, reason.value
    record(replacement_ordered(order, order.card), actor=actor, at=at)
    ending = ENDINGS[reason]
    if ending.is_at_once and old.state == CardState.ACTIVE.value:
        block_card(card_id=str(old.pk), reason=ending.block_reason, requested_at=at, actor=actor, at=at)


def replacement_ordered(order: CardOrder, card: Card) -> CardReplacementOrdered:
    """Return the event that the order's new card takes the place of the one that the order names."""
    return CardReplacementOrdered(
        card_order_id=str(order.pk),
        card_id=str(card.pk),
        person_id=str(order.person_id),
        organization_id=str(order.organization_id),
        replaced_card_id=str(order.replaces_id),
        reason=order.replacement_reason,
    )


def end_replaced(order: CardOrder, *, actor: Actor, at: datetime) -> None:
    """End the card that an activated one takes the place of, unless it has ended, in the same transaction.

    It was asked for when the replacement was ordered, by whom ordered it.
    """
    if order.replaces_id is None:
        return
    old = lock_for_block(str(order.replaces_id))
    if old.state != CardState.ACTIVE.value or policies.is_expired(old, at=at):
        return
    record(
        CardReplaced(
            card_id=str(old.pk),
            person_id=str(old.person_id),
            organization_id=str(old.organization_id),
            card_order_id=str(order.pk),
            new_card_id=str(order.card.pk),
            reason=order.replacement_reason,
        ),
        actor=actor,
        at=at,
    )
    end_card(
        old,
        reason=ENDINGS[ReplacementReason(order.replacement_reason)].block_reason,
        requested_at=order.placed_at,
        by=order.placed_by,
        actor=actor,
        at=at,
    )
