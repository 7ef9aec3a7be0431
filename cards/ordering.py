"""The verbs of an order until it leaves for the factory: place, cancel, stop and resume ordering."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from cards import policies, selectors
from cards.errors import (
    IllegalTransition,
    OrderAlreadyRunning,
    OrderBeingHandedOver,
    Refused,
)
from cards.events import (
    CardDiscarded,
    CardOrderCancelled,
    CardOrdered,
    OrderingResumed,
    OrderingStopped,
)
from cards.models import Card, CardOrder, OrderStop
from cards.pictures.keeping import OrderPictures, demand_pictures, use_pictures
from cards.pictures.purging import purge_of_order
from cards.products import CardProduct, catalogue
from cards.replacement import replace_by, replacement_ordered
from cards.replacement_policies import Replacement, refusal_to_replace
from cards.states import CardAction, CardOrderAction, CardOrderState, CardState
from cards.transitions import card_after, demand_moved, order_after
from directory.models import Employment, Role
from directory.swedish_time import months_after, swedish_day
from journal.actor import Actor
from journal.errors import Refusal
from journal.events import Event
from journal.recording import record, record_all


def place_order(
    *,
    hsa_id: str,
    product_code: str,
    loa: int = 3,
    validity_months: int | None = None,
    idempotency_key: str | None = None,
    pictures: OrderPictures | None = None,
    replacement: Replacement | None = None,
    actor: Actor,
    at: datetime,
) -> CardOrder:
    """Order a card for the employment with this HSA-id and return the order, in state PLACED.

    The same actor with the same idempotency key gets the same order back: a double click is one order.
    ``pictures`` are those that the actor took for a product which carries them (cards.pictures).
    ``replacement`` says which card this one takes the place of, and why (cards.replacement).
    Raises Refused (policies.may_order says why), OrderAlreadyRunning when another administrator was faster.
    """
    if (placed := _placed_before(idempotency_key, actor=actor)) is not None:
        return placed
    employment = Employment.objects.select_related("person", "organization").filter(hsa_id=hsa_id).first()
    if employment is None or not policies.reaches_employment(actor, employment):
        raise Refused(Refusal(code="outside_scope", fixer="issuance_manager"))
    refusal = policies.may_order(
        employment=employment,
        product_code=product_code,
        loa=loa,
        has_pictures=pictures is not None,
        actor=actor,
        at=at,
    )
    if refusal is not None:
        raise Refused(refusal)
    item = catalogue().products[product_code]
    if replacement is not None:
        refusal = refusal_to_replace(
            replacement, employment, environment=item.environment.value, actor=actor, at=at
        )
        if refusal is not None:
            raise Refused(refusal)
    taken = demand_pictures(employment, item, pictures or OrderPictures(), actor=actor)
    valid_until = last_day(item, months=validity_months, at=at)
    try:
        with transaction.atomic():
            new = new_order(
                employment,
                item,
                loa=loa,
                valid_until=valid_until,
                idempotency_key=idempotency_key,
                actor=actor,
                at=at,
            )
            write_orders([new], actor=actor, at=at)
            use_pictures(new.order, taken, actor=actor, at=at)
            if replacement is not None:
                replace_by(new.order, replacement, actor=actor, at=at)
            return new.order
    except IntegrityError as error:
        if (placed := _placed_before(idempotency_key, actor=actor)) is not None:
            return placed
        # Somebody was faster by an instant: told with the same facts as somebody who comes later.
        later = policies.may_order(
            employment=employment,
            product_code=product_code,
            loa=loa,
            has_pictures=pictures is not None,
            actor=actor,
            at=at,
        )
        facts = dict(later.facts) if later is not None and later.code == OrderAlreadyRunning.code else {}
        raise OrderAlreadyRunning(
            "the person has a running order in this organization", facts={"hsa_id": hsa_id, **facts}
        ) from error


def cancel_order(*, card_order_id: str, actor: Actor, at: datetime) -> CardOrder:
    """Cancel an order that has not left for the factory.

    Raises CardOrderNotFound, Refused, OrderBeingHandedOver, IllegalTransition.
    """
    with transaction.atomic():
        order = _locked_order(selectors.get_order(card_order_id, actor=actor).pk)
        refusal = policies.may_cancel_order(order, actor=actor, at=at)
        if refusal is not None and refusal.code == "order_being_handed_over":
            raise OrderBeingHandedOver("on its way to the factory", facts=dict(refusal.facts))
        if refusal is not None and refusal.code == "order_not_cancellable":
            raise IllegalTransition.of(thing="card_order", state=order.state, action=CardOrderAction.CANCEL)
        if refusal is not None:
            raise Refused(refusal)
        moved = CardOrder.objects.filter(
            pk=order.pk,
            state=order.state,
            handover_started_at__isnull=True,
        ).update(
            state=order_after(order.state, CardOrderAction.CANCEL),
            cancelled_at=at,
            cancelled_by=actor.identifier,
            next_attempt_at=None,
        )
        demand_moved(moved, thing="card_order", state=order.state, action=CardOrderAction.CANCEL)
        record(
            CardOrderCancelled(
                card_order_id=str(order.pk),
                card_id=str(order.card.pk),
                person_id=str(order.person_id),
                organization_id=str(order.organization_id),
            ),
            actor=actor,
            at=at,
        )
        discard_card(order.card, reason="order_cancelled", actor=actor, at=at)
        purge_of_order(order, actor=actor, at=at)
    order.refresh_from_db()
    return order


def discard_card(card: Card, *, reason: str, actor: Actor, at: datetime) -> None:
    """End a card that was never active, in the caller's transaction; a blocked card stays blocked."""
    if card.state == CardState.BLOCKED.value:
        return
    moved = Card.objects.filter(pk=card.pk, state=card.state).update(
        state=card_after(card.state, CardAction.DISCARD),
        discarded_at=at,
        discard_reason=reason,
    )
    demand_moved(moved, thing="card", state=card.state, action=CardAction.DISCARD)
    record(
        CardDiscarded(
            card_order_id=str(card.order_id),
            card_id=str(card.pk),
            person_id=str(card.person_id),
            organization_id=str(card.organization_id),
            reason=reason,
        ),
        actor=actor,
        at=at,
    )


def stop_ordering(
    *, starts_at: datetime, reason: str, actor: Actor, at: datetime, organization_id: str = ""
) -> OrderStop:
    """Refuse orders from an instant on, until resume_ordering; raises Refused (POR-16).

    Those of one organization, or without ``organization_id`` of all.
    """
    _demand_central(actor, organization_id)
    with transaction.atomic():
        stop = OrderStop.objects.create(
            starts_at=starts_at,
            reason=reason,
            set_by=actor.identifier,
            set_at=at,
            organization_id=organization_id or None,
        )
        record(
            OrderingStopped(
                order_stop_id=str(stop.pk),
                organization_id=organization_id,
                starts_at=starts_at.isoformat(),
            ),
            actor=actor,
            at=at,
        )
        return stop


def resume_ordering(*, actor: Actor, at: datetime, organization_id: str = "") -> int:
    """End every order stop in force or to come, of all or of the one organization, and return how many.

    Raises Refused.
    """
    _demand_central(actor, organization_id)
    with transaction.atomic():
        stops = list(selectors.order_stops(at=at, organization_id=organization_id))
        for stop in stops:
            if stop.starts_at < at:
                OrderStop.objects.filter(pk=stop.pk).update(ends_at=at)
            else:
                OrderStop.objects.filter(pk=stop.pk).delete()
            event = OrderingResumed(
                order_stop_id=str(stop.pk),
                organization_id=str(stop.organization_id or ""),
                ends_at=at.isoformat(),
            )
            record(event, actor=actor, at=at)
        return len(stops)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrder:
    """An order that may be placed, as it is written: its row, its card's, and the events of both."""

    order: CardOrder
    card: Card
    events: tuple[Event, ...]


def new_order(
    employment: Employment,
    item: CardProduct,
    *,
    loa: int,
    valid_until: date,
    idempotency_key: str | None,
    replaced_when_active: Replacement | None = None,
    actor: Actor,
    at: datetime,
) -> NewOrder:
    """Return the rows of an order that ``policies.may_order`` let through, not yet written.

    ``replaced_when_active`` is a card in use that works until the new one does: nothing is done to it now.
    """
    person, organization = employment.person, employment.organization
    order = CardOrder(
        state=order_after(CardOrderState.DRAFT.value, CardOrderAction.PLACE),
        person=person,
        organization=organization,
        hsa_id=employment.hsa_id,
        product_code=item.code,
        environment=item.environment.value,
        loa=loa,
        printed_name=person.full_name,
        organization_name=organization.name,
        back_text=organization.back_text,
        valid_until=valid_until,
        placed_at=at,
        placed_by=actor.identifier,
        idempotency_key=idempotency_key,
        next_attempt_at=at,
    )
    if replaced_when_active is not None:
        order.replaces = replaced_when_active.card
        order.replacement_reason = replaced_when_active.reason.value
    card = Card(
        state=CardState.ORDERED.value,
        order=order,
        person=person,
        organization=organization,
        hsa_id=employment.hsa_id,
        product_code=item.code,
        environment=item.environment.value,
        loa=loa,
        holder_name=person.full_name,
        valid_until=valid_until,
        ordered_at=at,
    )
    event = CardOrdered(
        card_order_id=str(order.pk),
        card_id=str(card.pk),
        person_id=str(person.pk),
        organization_id=str(organization.pk),
        product_code=item.code,
        loa=loa,
        delivery="skatteverket" if person.protected_identity else "registered_address",
        valid_until=valid_until.isoformat(),
    )
    is_replacement = replaced_when_active is not None
    events = (event, replacement_ordered(order, card)) if is_replacement else (event,)
    return NewOrder(order=order, card=card, events=events)


def write_orders(new: Sequence[NewOrder], *, actor: Actor, at: datetime) -> None:
    """Write orders with their cards and events, in the caller's transaction; any number as fast as one."""
    CardOrder.objects.bulk_create([one.order for one in new])
    Card.objects.bulk_create([one.card for one in new])
    record_all([event for one in new for event in one.events], actor=actor, at=at)


def _placed_before(idempotency_key: str | None, *, actor: Actor) -> CardOrder | None:
    if idempotency_key is None:
        return None
    return CardOrder.objects.filter(idempotency_key=idempotency_key, placed_by=actor.identifier).first()


def last_day(item: CardProduct, *, months: int | None, at: datetime) -> date:
    """Return the last day of a card ordered now; raises Refused for longer than the product may be valid."""
    if months is not None and not 1 <= months <= item.max_validity_months:
        facts = (("months", str(months)), ("maximum", str(item.max_validity_months)))
        raise Refused(Refusal(code="validity_not_allowed", facts=facts))
    return months_after(swedish_day(at), months or item.max_validity_months)


def _locked_order(pk: UUID) -> CardOrder:
    """Return the order with its card's row locked: every verb locks the card first, so none can deadlock."""
    Card.objects.select_for_update().get(order_id=pk)
    return CardOrder.objects.select_related("card", "person").get(pk=pk)


def _demand_central(actor: Actor, organization_id: str) -> None:
    if organization_id and not policies.in_scope(actor, organization_id):
        raise Refused(Refusal(code="outside_scope", fixer=Role.CENTRAL_ADMINISTRATOR.value))
    if not policies.has_role(actor, policies.MAY_STOP_ORDERING):
        facts = (("role", actor.role), ("needed", ",".join(sorted(policies.MAY_STOP_ORDERING))))
        raise Refused(Refusal(code="role_missing", facts=facts))
