"""A reserve card is not handed out, or not approved, because the document or the person raised suspicion."""

from datetime import datetime

from django.db import transaction

from cards import policies, reserve_policies
from cards.conversation import SUSPICION, lock_card
from cards.errors import Refused
from cards.identity import SuspicionFacts, record_suspected_without_card
from cards.models import IdentityCheck
from cards.products import CardKind, catalogue
from cards.refill_ends import end_refills_of
from cards.reserve_approving import refuse_as_second
from cards.reserve_selectors import get_reserve_order
from cards.stock_states import ReserveState
from directory.models import Employment
from journal.actor import Actor


def report_hand_out_suspicion(
    employment: Employment, *, loa: int, facts: SuspicionFacts, actor: Actor, at: datetime
) -> IdentityCheck:
    """Note that the first identity check was broken off: no card was given. Raises Refused."""
    reserve = next(one for one in catalogue().products.values() if one.kind is CardKind.RESERVE)
    refusal = policies.may_hand_out_reserve(
        employment=employment, product_code=reserve.code, loa=loa, actor=actor, at=at
    )
    if refusal is not None:
        raise Refused(refusal)
    with transaction.atomic():
        return record_suspected_without_card(
            employment.person,
            facts,
            organization=employment.organization,
            hsa_id=employment.hsa_id,
            actor=actor,
            at=at,
        )


def report_approval_suspicion(
    *, order_id: str, facts: SuspicionFacts, actor: Actor, at: datetime
) -> IdentityCheck:
    """Note that the second identity check was broken off, and refuse the card, or its re-fill, with it.

    The alarm outlives a card that is discarded: it is about the person. It is noted also where somebody
    else decided meanwhile; a re-fill that was approved so, and not fetched yet, ends. Raises
    ReserveHandOutNotFound and Refused.
    """
    order = get_reserve_order(order_id, actor=actor)
    if (refusal := reserve_policies.may_suspect(order, actor=actor, at=at)) is not None:
        raise Refused(refusal)
    with transaction.atomic():
        card = lock_card(order.card)
        order.refresh_from_db(fields=["state"])
        check = record_suspected_without_card(
            card.person, facts, organization=card.organization, hsa_id=card.hsa_id, actor=actor, at=at
        )
        if order.state == ReserveState.AWAITING_SECOND.value:
            refuse_as_second(order, reason=SUSPICION, actor=actor, at=at)
        else:
            end_refills_of(card, reason=SUSPICION, actor=actor, at=at)
        return check
