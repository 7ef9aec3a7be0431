"""New certificates ordered for a reserve card in use that has none that is valid (domain.md 2.5).

An ID administrator identifies the holder and orders them against the card's number; at level 3 another
approves as at a hand-out (``reserve_approving``). The holder fetches them with the envelope's code
(``reserve_fetching``): a renewal, in which the card proves itself by a key that was certified before.
"""

from datetime import datetime

from django.db import IntegrityError, transaction

from cards import identity, policies
from cards.conversation import SUSPICION, lock_card
from cards.errors import OrderAlreadyRunning, Refused
from cards.identity import IdentityCheckFacts, SuspicionFacts
from cards.models import Card, IdentityCheck
from cards.products import assurance_level
from cards.refill_ends import NOT_FETCHED, end_refills_of
from cards.refill_policies import may_order_refill, order_refusal
from cards.reserve_events import ReserveRefillOrdered
from cards.reserve_models import ReserveRefill
from cards.selectors import get_card_by_number
from cards.stock_states import ReserveState
from journal.actor import Actor
from journal.recording import record


def order_refill(
    *, card_number: str, identity_check: IdentityCheckFacts, actor: Actor, at: datetime
) -> ReserveRefill:
    """Order new certificates for the reserve card with this number; its holder was identified.

    Raises CardNotFound (also outside the actor's reach), Refused (card, holder, actor or check),
    OrderAlreadyRunning.
    """
    card = get_card_by_number(card_number, actor=actor)
    refusal = may_order_refill(card, actor=actor, at=at) or identity.refusal_of(
        identity_check, level=assurance_level(card.loa), holder=card.person, actor=actor, at=at
    )
    if refusal is not None:
        raise Refused(refusal)
    try:
        with transaction.atomic():
            locked = lock_card(card)
            if (refusal := order_refusal(locked, at=at)) is not None:
                raise Refused(refusal)
            # What is still open is too old to be fetched: else it had been refused.
            end_refills_of(locked, reason=NOT_FETCHED, actor=actor, at=at)
            return _order(locked, identity_check, actor=actor, at=at)
    except IntegrityError as error:
        raise OrderAlreadyRunning("new certificates are ordered for this card already") from error


def report_refill_suspicion(
    *, card_number: str, facts: SuspicionFacts, actor: Actor, at: datetime
) -> IdentityCheck:
    """Break off on suspicion at the first check: nothing is ordered, and what was ordered meanwhile ends.

    What stands in the way of new certificates is no reason to be silent about a suspicion. Raises
    CardNotFound and Refused (the actor, or a card that is none of stock).
    """
    card = get_card_by_number(card_number, actor=actor)
    if (refusal := policies.may_attend_reserve(card, actor=actor, at=at)) is not None:
        raise Refused(refusal)
    with transaction.atomic():
        locked = lock_card(card)
        end_refills_of(locked, reason=SUSPICION, actor=actor, at=at)
        return identity.record_suspected(locked, facts, actor=actor, at=at)


def _order(card: Card, identity_check: IdentityCheckFacts, *, actor: Actor, at: datetime) -> ReserveRefill:
    check = identity.record_passed(card, identity_check, actor=actor, at=at)
    needs_second = card.loa == policies.REQUIRED_LOA
    refill = ReserveRefill.objects.create(
        state=(ReserveState.AWAITING_SECOND if needs_second else ReserveState.READY).value,
        card=card,
        loa=card.loa,
        first_check=check,
        first_by=actor.identifier,
        first_person_id=actor.person_id,
        ordered_at=at,
    )
    event = ReserveRefillOrdered(
        reserve_refill_id=str(refill.pk),
        card_id=str(card.pk),
        person_id=str(card.person_id),
        organization_id=str(card.organization_id),
        loa=card.loa,
        identity_check_id=str(check.pk),
    )
    record(event, actor=actor, at=at)
    return refill
