"""Who may hand out, approve, fetch and extend a reserve card, and if not, why not: refusals as values."""

from datetime import date, datetime
from typing import Final

from cards import policies
from cards.models import Card
from cards.refill_policies import is_late, refill_refusal
from cards.reserve_models import ReserveHandOut, ReserveOrder, ReserveRefill
from cards.states import CardState
from cards.stock_states import ReserveState
from directory.models import Role
from directory.swedish_time import months_after, swedish_day
from journal.actor import Actor
from journal.errors import Refusal

MOST_MONTHS: Final = 12
"""How long a reserve card holds at most when it is handed out (domain.md 3.3: 6 to 12 months)."""
EXTENSION_MONTHS: Final = 6


def may_suspect(order: ReserveOrder, *, actor: Actor, at: datetime) -> Refusal | None:
    """Return why this actor is not the second, who identifies the holder: another person, any HSA-id."""
    refusal = policies.may_attend_reserve(order.card, actor=actor, at=at)
    if refusal is None and (not actor.person_id or actor.person_id == order.first_person_id):
        return Refusal(code="second_person_needed", fixer=Role.ID_ADMINISTRATOR.value)
    return refusal


def may_decide(order: ReserveOrder, *, actor: Actor, at: datetime) -> Refusal | None:
    """Return why this actor does not approve or say no as the second: it is decided, or they are not it."""
    if (refusal := policies.may_attend_reserve(order.card, actor=actor, at=at)) is not None:
        return refusal
    if order.state != ReserveState.AWAITING_SECOND.value:
        return Refusal(code="reserve_card_decided", facts=(("state", order.state),))
    return may_suspect(order, actor=actor, at=at)


def may_approve(order: ReserveOrder, *, actor: Actor, at: datetime) -> Refusal | None:
    """Return why the second does not approve it now; what stands in the way of that stops no refusal."""
    refusal = may_decide(order, actor=actor, at=at)
    if refusal is not None or not isinstance(order, ReserveRefill):
        return refusal
    if is_late(order, at=at):
        return Refusal(code="reserve_card_not_fetched_in_time", fixer=Role.ID_ADMINISTRATOR.value)
    return refill_refusal(order.card, at=at)


def fetch_refusal(hand_out: ReserveHandOut, *, at: datetime) -> Refusal | None:
    """Return why the holder cannot fetch certificates to the card now, whoever asks."""
    card = hand_out.card
    if card.state == CardState.SHIPPED.value and is_late(hand_out, at=at):
        return Refusal(code="reserve_card_not_fetched_in_time", fixer=Role.ID_ADMINISTRATOR.value)
    return policies.usable_refusal(card, at=at) or policies.holder_refusal(card.person)


def may_extend(hand_out: ReserveHandOut, *, actor: Actor, at: datetime) -> Refusal | None:
    """Return why the holder may not extend this card: in use, at level 3, theirs, and the first time."""
    card = hand_out.card
    if actor.person_id != str(card.person_id):
        return Refusal(code="not_your_card", fixer="holder")
    if hand_out.loa != policies.REQUIRED_LOA or actor.loa < policies.REQUIRED_LOA:
        facts = (("loa", str(min(hand_out.loa, actor.loa))), ("needed", str(policies.REQUIRED_LOA)))
        return Refusal(code="reserve_card_not_extendable", facts=facts, fixer=Role.ID_ADMINISTRATOR.value)
    if card.state != CardState.ACTIVE.value or policies.is_expired(card, at=at):
        return Refusal(
            code="card_not_in_use", facts=(("state", card.state),), fixer=Role.ID_ADMINISTRATOR.value
        )
    if hand_out.extended_at is not None:
        at_text = (("at", hand_out.extended_at.isoformat()),)
        return Refusal(code="reserve_card_extended_before", facts=at_text, fixer=Role.ID_ADMINISTRATOR.value)
    if last_day_after_extension(hand_out) <= card.valid_until:
        return Refusal(code="reserve_card_at_its_end", fixer=Role.ID_ADMINISTRATOR.value)
    return None


def last_day(months: int, *, box_valid_until: date, at: datetime) -> date:
    """Return the last day of a card handed out now; never beyond what the card is made for."""
    return min(months_after(swedish_day(at), months), box_valid_until)


def last_day_after_extension(hand_out: ReserveHandOut) -> date:
    """Return the last day if it is extended; never beyond what the card is made for."""
    extended = months_after(hand_out.card.valid_until, EXTENSION_MONTHS)
    return min(extended, hand_out.stock_card.box.valid_until)


def is_of_stock(card: Card) -> bool:
    """Tell whether this is a reserve card of the stock."""
    return card.order.from_stock
