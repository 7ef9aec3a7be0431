"""The holder's own steps with a reserve card: fetch the certificates by the envelope's code; extend once."""

from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from cards import reserve_policies
from cards.activation import OpenedActivation, open_for_holder
from cards.conversation import lock_card
from cards.envelope_code import is_code_of
from cards.errors import Refused
from cards.models import Card, CardOrder
from cards.refill_ends import end_refill
from cards.renewal.renewing import OpenedRenewal, open_refill
from cards.reserve_approving import end_order
from cards.reserve_events import ReserveCardExtended, ReserveCodeRefused, ReserveRefillCodeRefused
from cards.reserve_models import ReserveHandOut, ReserveOrder, ReserveRefill
from cards.states import CardState
from cards.stock_errors import EnvelopeCodeWrong, ReserveHandOutNotFound
from cards.stock_states import RESERVE_MOVES, ReserveAction, ReserveState
from cards.transitions import demand_moved
from journal.actor import Actor
from journal.events import Event
from journal.recording import record

MOST_WRONG_CODES: Final = 5
_LOCKED: Final = "reserve_locked"
_NOBODY: Final = UUID(int=0)


def open_fetching(
    *, card_number: str, code: str, actor: Actor, at: datetime
) -> OpenedActivation | OpenedRenewal:
    """Open what is to be fetched to a reserve card: its first certificates, or those of a re-fill.

    Raises as open_reserve_activation.
    """
    refill = ReserveRefill.objects.select_related("card__person", "card__order").filter(
        card__card_number=card_number, state=ReserveState.READY.value
    )
    if (found := refill.first()) is None:
        return open_reserve_activation(card_number=card_number, code=code, actor=actor, at=at)
    if not is_code_of(card_number, code):
        _count_wrong_code(found, actor=actor, at=at)
        raise EnvelopeCodeWrong("another code")
    return open_refill(found, actor=actor, at=at)


def open_reserve_activation(*, card_number: str, code: str, actor: Actor, at: datetime) -> OpenedActivation:
    """Open the activation of a reserve card for whoever has the card's number and the envelope's code.

    The person was identified when the envelope was handed over. After five wrong codes the card is nobody's
    any more. Raises EnvelopeCodeWrong (also for a number of which nothing is to be fetched), and Refused.
    """
    hand_out = _rows().filter(card__card_number=card_number).first()
    waits = hand_out is not None and hand_out.card.state == CardState.SHIPPED.value
    is_right = is_code_of(card_number, code)
    if hand_out is None or not waits or hand_out.state != ReserveState.READY.value:
        raise EnvelopeCodeWrong("nothing to fetch with this number")
    if not is_right:
        _count_wrong_code(hand_out, actor=actor, at=at)
        raise EnvelopeCodeWrong("another code")
    check = hand_out.second_check or hand_out.first_check
    refusal = reserve_policies.fetch_refusal(hand_out, at=at)
    return open_for_holder(hand_out.card, check, refusal=refusal, actor=actor, at=at)


def extendable_cards(*, actor: Actor, at: datetime) -> tuple[Card, ...]:
    """Return the reserve cards that whoever is logged in may extend now; none for nobody."""
    own = _rows().filter(card__person_id=actor.person_id or _NOBODY, card__state=CardState.ACTIVE.value)
    return tuple(one.card for one in own if reserve_policies.may_extend(one, actor=actor, at=at) is None)


def extend_reserve_card(*, card_id: str, actor: Actor, at: datetime) -> Card:
    """Let the holder use a reserve card half a year longer, once; its certificates are renewed after it.

    Raises ReserveHandOutNotFound and Refused.
    """
    hand_out = _rows().filter(card_id=card_id, card__person_id=actor.person_id or _NOBODY).first()
    if hand_out is None:
        raise ReserveHandOutNotFound(str(card_id))
    if (refusal := reserve_policies.may_extend(hand_out, actor=actor, at=at)) is not None:
        raise Refused(refusal)
    day = reserve_policies.last_day_after_extension(hand_out)
    with transaction.atomic():
        card = lock_card(hand_out.card)
        moved = ReserveHandOut.objects.filter(pk=hand_out.pk, extended_at__isnull=True).update(extended_at=at)
        demand_moved(moved, thing="reserve_hand_out", state=hand_out.state, action="EXTEND")
        moved = Card.objects.filter(pk=card.pk, state=CardState.ACTIVE.value).update(valid_until=day)
        demand_moved(moved, thing="card", state=card.state, action="EXTEND")
        CardOrder.objects.filter(pk=card.order_id).update(valid_until=day)
        event = ReserveCardExtended(
            reserve_hand_out_id=str(hand_out.pk),
            card_id=str(card.pk),
            person_id=str(card.person_id),
            organization_id=str(card.organization_id),
            valid_until=day.isoformat(),
        )
        record(event, actor=actor, at=at)
    card.refresh_from_db()
    return card


def _count_wrong_code(order: ReserveOrder, *, actor: Actor, at: datetime) -> None:
    """Count a wrong code; the last one ends a card handed out, and of one in use the re-fill alone."""
    rows = ReserveRefill.objects if isinstance(order, ReserveRefill) else ReserveHandOut.objects
    with transaction.atomic():
        card = lock_card(order.card)
        now = rows.get(pk=order.pk)
        attempts = now.wrong_codes + 1
        locks = attempts >= MOST_WRONG_CODES and now.state == ReserveState.READY.value
        moved = rows.filter(pk=now.pk, state=now.state, wrong_codes=now.wrong_codes).update(
            wrong_codes=attempts
        )
        demand_moved(moved, thing="reserve_order", state=now.state, action="COUNT")
        record(_code_refused(now, card, attempts=attempts, is_locked=locks), actor=actor, at=at)
        if locks:
            _lock(now, card, actor=actor, at=at)


def _lock(order: ReserveOrder, card: Card, *, actor: Actor, at: datetime) -> None:
    if isinstance(order, ReserveRefill):
        end_refill(order, action=ReserveAction.LOCK, reason=_LOCKED, actor=actor, at=at)
        return
    following = RESERVE_MOVES[ReserveState.READY, ReserveAction.LOCK].value
    moved = ReserveHandOut.objects.filter(pk=order.pk, state=order.state).update(state=following)
    demand_moved(moved, thing="reserve_hand_out", state=order.state, action="LOCK")
    if card.state == CardState.SHIPPED.value:
        end_order(card, reason=_LOCKED, actor=actor, at=at)


def _code_refused(order: ReserveOrder, card: Card, *, attempts: int, is_locked: bool) -> Event:
    if isinstance(order, ReserveRefill):
        return ReserveRefillCodeRefused(
            reserve_refill_id=str(order.pk),
            card_id=str(card.pk),
            person_id=str(card.person_id),
            organization_id=str(card.organization_id),
            attempts=attempts,
            is_locked=is_locked,
        )
    return ReserveCodeRefused(
        reserve_hand_out_id=str(order.pk),
        card_id=str(card.pk),
        person_id=str(card.person_id),
        organization_id=str(card.organization_id),
        attempts=attempts,
        is_locked=is_locked,
    )


def _rows() -> QuerySet[ReserveHandOut]:
    return ReserveHandOut.objects.select_related(
        "card__order", "card__person", "stock_card__box", "first_check", "second_check"
    )
