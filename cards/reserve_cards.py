"""A reserve card handed to a person: identified once, at level 3 twice and by two people, in three steps.

1. An administrator identifies the person, names the envelope's card number and validity, and signs.
2. At level 3 another administrator, another person, identifies the holder again and approves.
3. The holder fetches the certificates on their own pages, with the code in the envelope.

domain.md 2.5, DIGG's K3.4: nobody alone obtains an identification in somebody else's name.
"""

from datetime import datetime

from django.db import IntegrityError, transaction

from ca.environments import Environment
from cards import identity, policies, reserve_policies
from cards.errors import OrderAlreadyRunning, Refused
from cards.identity import IdentityCheckFacts
from cards.models import Card, CardOrder
from cards.products import assurance_level
from cards.reserve_approving import approve_as_second, refuse_as_second
from cards.reserve_events import ReserveCardHandedOut
from cards.reserve_models import ReserveHandOut
from cards.reserve_selectors import get_hand_out
from cards.states import CardOrderState, CardState
from cards.stock_errors import NotInStock
from cards.stock_models import StockCard
from cards.stock_moves import lock_places, move_cards
from cards.stock_policies import may_keep
from cards.stock_states import ReserveState, StockCardAction, StockCardState
from directory.models import Employment
from journal.actor import Actor
from journal.errors import Refusal
from journal.recording import record


def hand_out_reserve_card(
    *,
    employment: Employment,
    card_number: str,
    loa: int,
    months: int,
    identity_check: IdentityCheckFacts,
    actor: Actor,
    at: datetime,
) -> ReserveHandOut:
    """Give an envelope of the stock to a person; at level 3 it is of use when another has approved.

    Raises Refused (person, level, check, actor, validity), NotInStock, OrderAlreadyRunning.
    """
    stock_card = (
        StockCard.objects.select_related("place", "box")
        .filter(card_number=card_number, state=StockCardState.IN_STOCK.value)
        .first()
    )
    if stock_card is None or may_keep(stock_card.place, actor=actor) is not None:
        raise NotInStock.of([card_number])
    refusal = policies.may_hand_out_reserve(
        employment=employment, product_code=stock_card.box.product_code, loa=loa, actor=actor, at=at
    ) or identity.refusal_of(
        identity_check, level=assurance_level(loa), holder=employment.person, actor=actor, at=at
    )
    if refusal is None and not 1 <= months <= reserve_policies.MOST_MONTHS:
        facts = (("months", str(months)), ("maximum", str(reserve_policies.MOST_MONTHS)))
        refusal = Refusal(code="validity_not_allowed", facts=facts)
    if refusal is not None:
        raise Refused(refusal)
    try:
        with transaction.atomic():
            lock_places([stock_card.place_id])
            move_cards([stock_card], StockCardAction.HAND_OUT, at=at)
            return _hand_out(
                employment, stock_card, identity_check, loa=loa, months=months, actor=actor, at=at
            )
    except IntegrityError as error:
        raise OrderAlreadyRunning("a reserve card waits for this person already") from error


def approve_reserve_card(
    *, hand_out_id: str, identity_check: IdentityCheckFacts, actor: Actor, at: datetime
) -> ReserveHandOut:
    """Approve a hand-out as the second person; raises ReserveHandOutNotFound and as approve_as_second."""
    found = get_hand_out(hand_out_id, actor=actor)
    approve_as_second(found, identity_check=identity_check, actor=actor, at=at)
    return get_hand_out(hand_out_id, actor=actor)


def refuse_reserve_card(*, hand_out_id: str, reason: str, actor: Actor, at: datetime) -> ReserveHandOut:
    """Do not approve a hand-out; raises ReserveHandOutNotFound and as refuse_as_second."""
    refuse_as_second(get_hand_out(hand_out_id, actor=actor), reason=reason, actor=actor, at=at)
    return get_hand_out(hand_out_id, actor=actor)


def _hand_out(
    employment: Employment,
    stock_card: StockCard,
    identity_check: IdentityCheckFacts,
    *,
    loa: int,
    months: int,
    actor: Actor,
    at: datetime,
) -> ReserveHandOut:
    card = _card(employment, stock_card, loa=loa, months=months, actor=actor, at=at)
    check = identity.record_passed(card, identity_check, actor=actor, at=at)
    needs_second = loa == policies.REQUIRED_LOA
    hand_out = ReserveHandOut.objects.create(
        state=(ReserveState.AWAITING_SECOND if needs_second else ReserveState.READY).value,
        card=card,
        stock_card=stock_card,
        loa=loa,
        first_check=check,
        first_by=actor.identifier,
        first_person_id=actor.person_id,
        handed_out_at=at,
    )
    event = ReserveCardHandedOut(
        reserve_hand_out_id=str(hand_out.pk),
        card_id=str(card.pk),
        person_id=str(card.person_id),
        organization_id=str(card.organization_id),
        card_order_id=str(card.order_id),
        stock_card_id=str(stock_card.pk),
        stock_place_id=str(stock_card.place_id),
        loa=loa,
        identity_check_id=str(check.pk),
        valid_until=card.valid_until.isoformat(),
    )
    record(event, actor=actor, at=at)
    return hand_out


def _card(
    employment: Employment, stock_card: StockCard, *, loa: int, months: int, actor: Actor, at: datetime
) -> Card:
    """Make the order and the card: made long ago, in the holder's hand from now on."""
    person, organization = employment.person, employment.organization
    valid_until = reserve_policies.last_day(months, box_valid_until=stock_card.box.valid_until, at=at)
    order = CardOrder.objects.create(
        state=CardOrderState.SHIPPED.value,
        from_stock=True,
        person=person,
        organization=organization,
        hsa_id=employment.hsa_id,
        product_code=stock_card.box.product_code,
        environment=Environment.PROD.value,
        loa=loa,
        printed_name="",
        organization_name=organization.name,
        valid_until=valid_until,
        placed_at=at,
        placed_by=actor.identifier,
        sent_at=at,
        shipped_at=at,
    )
    return Card.objects.create(
        state=CardState.SHIPPED.value,
        order=order,
        person=person,
        organization=organization,
        hsa_id=employment.hsa_id,
        product_code=stock_card.box.product_code,
        environment=Environment.PROD.value,
        loa=loa,
        holder_name=person.full_name,
        valid_until=valid_until,
        card_number=stock_card.card_number,
        ordered_at=at,
        produced_at=stock_card.box.received_at,
        shipped_at=at,
    )
