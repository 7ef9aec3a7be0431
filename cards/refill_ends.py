"""How an order of new certificates for a reserve card ends: fetched, locked, too late, with the card."""

from datetime import datetime

from django.db import transaction

from cards.conversation import end_conversations, lock_card
from cards.models import Card
from cards.outdated_selectors import FETCH_WITHIN
from cards.renewal.models import Renewal
from cards.renewal.renewing import RENEWALS
from cards.reserve_events import ReserveRefillEnded, ReserveRefillFetched
from cards.reserve_models import ReserveRefill
from cards.stock_states import OPEN_REFILL_STATES, REFILL_MOVES, ReserveAction, ReserveState
from cards.transitions import demand_moved
from journal.actor import Actor
from journal.recording import record

REFILL_ENDED = "refillEnded"
NOT_FETCHED = "not_fetched"
_OPEN = [state.value for state in OPEN_REFILL_STATES]


def end_refill(
    refill: ReserveRefill,
    *,
    action: ReserveAction = ReserveAction.END,
    reason: str,
    actor: Actor,
    at: datetime,
) -> None:
    """End an order that comes to nothing, in the caller's transaction, which has locked the card.

    The holder's conversation of it ends too; the card is as it was.
    """
    _move(refill, action, at=at)
    event = ReserveRefillEnded(
        reserve_refill_id=str(refill.pk),
        card_id=str(refill.card_id),
        person_id=str(refill.card.person_id),
        organization_id=str(refill.card.organization_id),
        reason=reason,
    )
    record(event, actor=actor, at=at)
    if Renewal.objects.filter(refill=refill, state__in=RENEWALS.open_states).exists():
        end_conversations(RENEWALS, refill.card, reason=REFILL_ENDED, actor=actor, at=at)


def end_refills_of(card: Card, *, reason: str, actor: Actor, at: datetime) -> None:
    """End what is ordered for a locked card, in the caller's transaction."""
    for refill in ReserveRefill.objects.select_related("card").filter(card=card, state__in=_OPEN):
        end_refill(refill, reason=reason, actor=actor, at=at)


def refill_fetched(renewal: Renewal, *, actor: Actor, at: datetime) -> None:
    """Note that the certificates of an order are on the card, in the transaction that ends the renewal."""
    refill = renewal.refill
    if refill is None:
        return
    _move(refill, ReserveAction.FETCH, at=at)
    event = ReserveRefillFetched(
        reserve_refill_id=str(refill.pk),
        card_id=str(renewal.card_id),
        person_id=str(renewal.card.person_id),
        organization_id=str(renewal.card.organization_id),
        renewal_id=str(renewal.pk),
    )
    record(event, actor=actor, at=at)


def end_unfetched_refills(*, actor: Actor, at: datetime, most: int) -> int:
    """End orders that were not fetched within a fortnight, at most so many; return how many."""
    late = ReserveRefill.objects.filter(state__in=_OPEN, ordered_at__lt=at - FETCH_WITHIN)
    ended = 0
    for pk in list(late.order_by("ordered_at", "pk").values_list("pk", flat=True)[:most]):
        with transaction.atomic():
            lock_card(ReserveRefill.objects.select_related("card").get(pk=pk).card)
            refill = late.select_related("card").filter(pk=pk).first()
            if refill is not None:
                end_refill(refill, reason=NOT_FETCHED, actor=actor, at=at)
                ended += 1
    return ended


def _move(refill: ReserveRefill, action: ReserveAction, *, at: datetime) -> None:
    following = REFILL_MOVES.get((ReserveState(refill.state), action))
    moved = (
        ReserveRefill.objects.filter(pk=refill.pk, state=refill.state).update(
            state=following.value, ended_at=at
        )
        if following is not None
        else 0
    )
    demand_moved(moved, thing="reserve_refill", state=refill.state, action=action.value)
