"""A holder blocks a card of their own on Mina sidor (domain.md 2.8)."""

from datetime import datetime

from django.db import transaction

from cards.blocking import end_card, lock_for_block
from cards.errors import CardNotFound, Refused
from cards.models import Card
from cards.own_policies import OWN_BLOCK_REASONS, may_block_own
from cards.reasons import BlockReason
from journal.actor import Actor
from journal.errors import Refusal


def block_own_card(*, card_id: str, reason: BlockReason, actor: Actor, at: datetime) -> Card:
    """Block a card of the person who is logged in, with every certificate on it; return it, BLOCKED.

    Raises CardNotFound (also for anybody else's card), and Refused.
    """
    with transaction.atomic():
        card = lock_for_block(card_id)
        if not actor.person_id or str(card.person_id) != actor.person_id:
            raise CardNotFound(card_id)
        if (refusal := may_block_own(card, actor=actor, at=at)) is not None:
            raise Refused(refusal)
        if reason not in OWN_BLOCK_REASONS:
            raise Refused(Refusal(code="reason_not_for_holders", facts=(("reason", reason.value),)))
        end_card(card, reason=reason, requested_at=at, by=actor.identifier, actor=actor, at=at)
    card.refresh_from_db()
    return card
