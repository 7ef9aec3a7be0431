"""What holders may do with their own cards, and if not, why not: refusals as values (domain.md 2.8)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from cards import policies
from cards.models import Card
from cards.reasons import BlockReason
from cards.reserve_models import ReserveHandOut, ReserveRefill
from cards.states import CardState
from cards.stock_states import ReserveState
from journal.actor import Actor
from journal.errors import Refusal

OWN_BLOCK_REASONS: Final = (
    BlockReason.LOST_OR_STOLEN,
    BlockReason.CODES_KNOWN_TO_OTHERS,
    BlockReason.DEFECTIVE,
)
"""What a holder can know of their own card; the rest is for the desk."""


def may_block_own(card: Card, *, actor: Actor, at: datetime) -> Refusal | None:
    """Return why the holder may not block this card of theirs, or None if they may.

    It takes a login as strong as the card: who holds a weaker one does not end what is stronger.
    """
    if not actor.person_id or actor.person_id != str(card.person_id):
        return Refusal(code="outside_scope", fixer="holder")
    if actor.loa < card.loa:
        facts = (("loa", str(actor.loa)), ("needed", str(card.loa)))
        return Refusal(code="login_too_weak", facts=facts, fixer="you")
    if policies.is_expired(card, at=at) and card.state == CardState.ACTIVE.value:
        return Refusal(code="card_expired", facts=(("valid_until", card.valid_until.isoformat()),))
    return policies.blockable_refusal(card)


def waits_to_be_fetched(person_id: str) -> bool:
    """Tell whether the holder has something to fetch to a reserve card: handed out, or ordered for it."""
    waiting = ReserveHandOut.objects.filter(
        card__person_id=person_id, state=ReserveState.READY.value, card__state=CardState.SHIPPED.value
    )
    refills = ReserveRefill.objects.filter(card__person_id=person_id, state=ReserveState.READY.value)
    return waiting.exists() or refills.exists()


def own_working_cards(person_id: str, *, at: datetime) -> Sequence[Card]:
    """Return the person's cards that work now."""
    cards = Card.objects.filter(person_id=person_id, state=CardState.ACTIVE.value)
    return [card for card in cards if not policies.is_expired(card, at=at)]
