"""Blocking a card: for ever, with all its certificates, in one transaction."""

from datetime import datetime
from typing import Final

from django.db import transaction

from ca.revocation import revoke_carrier
from cards import policies, selectors
from cards.activation import ACTIVATIONS
from cards.conversation import end_conversations
from cards.errors import (
    AlreadyBlocked,
    CardNotFound,
    IllegalTransition,
    Refused,
    RequestedBeforeTheCard,
    RequestedInTheFuture,
)
from cards.events import CardBlocked, CardOrderLapsed
from cards.mobile.blocking import end_mobiles_with_card
from cards.mobile.making import MOBILES
from cards.models import Card, CardOrder
from cards.puk_letters import end_waiting_puk_letters
from cards.reasons import REVOCATION_REASONS, BlockReason
from cards.refill_ends import end_refills_of
from cards.renewal.renewing import RENEWALS
from cards.states import (
    BLOCKABLE_CARD_STATES,
    CardAction,
    CardOrderAction,
    CardOrderState,
    CardState,
)
from cards.transitions import card_after, demand_moved, order_after
from cards.unlocking import UNLOCKS
from journal.actor import Actor
from journal.recording import record

_LONGEST_NOTE: Final = 500
_CARD_BLOCKED: Final = "cardBlocked"
_LAPSING: Final = frozenset(
    {
        CardOrderState.PLACED.value,
        CardOrderState.SENT.value,
        CardOrderState.IN_PRODUCTION.value,
        CardOrderState.SHIPPED.value,
    },
)


def block_card(
    *,
    card_id: str,
    reason: BlockReason,
    requested_at: datetime,
    note: str = "",
    actor: Actor,
    at: datetime,
) -> Card:
    """Block the card and revoke every certificate on it; return the card, in state BLOCKED.

    ``requested_at`` is when the request was received, ``at`` when it is carried out; they differ when a
    request noted on paper is registered afterwards (POR-15). Raises CardNotFound, Refused,
    RequestedInTheFuture, RequestedBeforeTheCard (before it was ordered), and AlreadyBlocked(by, at) when
    somebody else, or a first click, was faster.
    """
    if requested_at > at:
        raise RequestedInTheFuture(
            "requested later than now", facts={"requested_at": requested_at.isoformat()}
        )
    with transaction.atomic():
        selectors.get_card(card_id, actor=actor)
        card = lock_for_block(card_id)
        refusal = policies.may_block(card, actor=actor, at=at)
        if refusal is not None and refusal.code == "card_blocked":
            raise _already_blocked(card)
        if refusal is not None:
            raise Refused(refusal)
        if requested_at < card.ordered_at:
            raise RequestedBeforeTheCard(
                "requested before the card was ordered", facts={"ordered_at": card.ordered_at.isoformat()}
            )
        end_card(
            card,
            reason=reason,
            requested_at=requested_at,
            by=actor.identifier,
            note=note,
            actor=actor,
            at=at,
        )
    card.refresh_from_db()
    return card


def end_card(
    card: Card,
    *,
    reason: BlockReason,
    requested_at: datetime,
    by: str,
    note: str = "",
    actor: Actor,
    at: datetime,
) -> None:
    """Block a locked card with all that hangs on it, in the caller's transaction, which has decided it.

    ``by`` is who decided, ``actor`` who carries it out.
    """
    _move_to_blocked(card, reason=reason, requested_at=requested_at, by=by, note=note, at=at)
    revoked = revoke_carrier(
        carrier_kind=selectors.CARRIER_KIND,
        carrier_id=str(card.pk),
        reason=REVOCATION_REASONS[reason],
        requested_at=requested_at,
        actor=actor,
        at=at,
    )
    record(
        CardBlocked(
            card_id=str(card.pk),
            person_id=str(card.person_id),
            organization_id=str(card.organization_id),
            card_order_id=str(card.order_id),
            reason=reason.value,
            revocation_reason=REVOCATION_REASONS[reason].rfc_name,
            requested_at=requested_at.isoformat(),
            certificate_ids=tuple(str(item.certificate_id) for item in revoked),
        ),
        actor=actor,
        at=at,
    )
    end_conversations(ACTIVATIONS, card, reason=_CARD_BLOCKED, actor=actor, at=at)
    end_conversations(UNLOCKS, card, reason=_CARD_BLOCKED, actor=actor, at=at)
    end_conversations(RENEWALS, card, reason=_CARD_BLOCKED, actor=actor, at=at)
    end_conversations(MOBILES, card, reason=_CARD_BLOCKED, actor=actor, at=at)
    end_mobiles_with_card(card, reason=reason, requested_at=requested_at, actor=actor, at=at)
    end_refills_of(card, reason="card_blocked", actor=actor, at=at)
    end_waiting_puk_letters(card, reason="card_not_active", actor=actor, at=at)
    _end_running_order(card, actor=actor, at=at)


def _move_to_blocked(
    card: Card,
    *,
    reason: BlockReason,
    requested_at: datetime,
    by: str,
    note: str,
    at: datetime,
) -> None:
    moved = Card.objects.filter(
        pk=card.pk, state__in=[state.value for state in BLOCKABLE_CARD_STATES]
    ).update(
        state=card_after(card.state, CardAction.BLOCK),
        blocked_at=at,
        block_requested_at=requested_at,
        block_reason=reason.value,
        blocked_by=by,
        block_note=note[:_LONGEST_NOTE],
    )
    if moved != 1:
        card.refresh_from_db()
        if card.state == CardState.BLOCKED.value:
            raise _already_blocked(card)
        raise IllegalTransition.of(thing="card", state=card.state, action=CardAction.BLOCK)


def _end_running_order(card: Card, *, actor: Actor, at: datetime) -> None:
    order = CardOrder.objects.get(pk=card.order_id)
    if order.state not in _LAPSING:
        return
    moved = CardOrder.objects.filter(pk=order.pk, state=order.state).update(
        state=order_after(order.state, CardOrderAction.LAPSE),
        lapsed_at=at,
        lapse_reason="card_blocked",
        next_attempt_at=None,
    )
    demand_moved(moved, thing="card_order", state=order.state, action=CardOrderAction.LAPSE)
    record(
        CardOrderLapsed(
            card_order_id=str(order.pk),
            card_id=str(card.pk),
            person_id=str(card.person_id),
            organization_id=str(card.organization_id),
            reason="card_blocked",
        ),
        actor=actor,
        at=at,
    )


def lock_for_block(card_id: str) -> Card:
    """Return the card with all that is asked before it ends, its row locked; raise CardNotFound."""
    card = (
        Card.objects.select_for_update(of=("self",))
        .select_related("order", "person", "organization")
        .filter(pk=card_id)
        .first()
    )
    if card is None:
        raise CardNotFound(str(card_id))
    return card


def _already_blocked(card: Card) -> AlreadyBlocked:
    if card.blocked_at is None:
        raise AssertionError("held by card_blocked_iff_when_why_and_by_whom")
    return AlreadyBlocked(by=card.blocked_by, at=card.blocked_at, reason=card.block_reason)
