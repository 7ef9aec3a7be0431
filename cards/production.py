"""Worker only: due orders go to the card factory, its reports come back; each step may be repeated."""

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Case, F, Value, When

from cards.configuration import factory_timeout, factory_url
from cards.errors import FactoryUnavailable, OrderRefusedByFactory
from cards.events import CardOrderDelayed, CardOrderSent
from cards.factory import CardFactory, Delivery, Factory, FactoryOrder
from cards.factory_reports import apply_report, end_rejected_order
from cards.models import CardOrder, FactoryCursor
from cards.states import CardOrderAction, CardOrderState
from cards.transitions import order_after
from directory.organization_models import OrganizationSettings
from journal.actor import Actor
from journal.recording import record

FIRST_WAIT: Final = timedelta(seconds=5)
LONGEST_WAIT: Final = timedelta(minutes=10)
MOST_AT_ONCE: Final = 100


def connect() -> Factory:
    """Return a connection to the factory that the settings name."""
    return Factory(url=factory_url(), timeout=factory_timeout())


def send_due_orders(*, factory: CardFactory, actor: Actor, at: datetime) -> int:
    """Hand over every order that is due and return how many arrived; stops at the first that cannot be sent.

    An order that could not be handed over stays PLACED, with the reason and the time of the next attempt.
    """
    due = CardOrder.objects.filter(state=CardOrderState.PLACED.value, next_attempt_at__lte=at)
    sent = 0
    for pk in due.order_by("next_attempt_at").values_list("pk", flat=True)[:MOST_AT_ONCE]:
        try:
            sent += send_order_to_factory(card_order_id=str(pk), factory=factory, actor=actor, at=at)
        except FactoryUnavailable:
            break
    return sent


def send_order_to_factory(*, card_order_id: str, factory: CardFactory, actor: Actor, at: datetime) -> bool:
    """Hand one order over and tell whether it left now; raises FactoryUnavailable after noting the delay.

    The intent is stored before the call, so that nobody cancels an order that may have arrived.
    """
    begun = CardOrder.objects.filter(pk=card_order_id, state=CardOrderState.PLACED.value).update(
        handover_started_at=at,
        # A hand-over that began and has no outcome was cut short: it may have arrived.
        handover_is_uncertain=Case(
            When(handover_started_at__isnull=False, then=Value(True)),  # noqa: FBT003 - a column's value
            default=F("handover_is_uncertain"),
        ),
    )
    if begun != 1:
        return False
    order = CardOrder.objects.select_related("person", "card").get(pk=card_order_id)
    message = factory_order(order)
    if message.delivery is Delivery.REGISTERED_ADDRESS and not message.delivery_lines:
        _delay(order, problem="registered_address_missing", surely_not_received=True, actor=actor, at=at)
        return False
    try:
        factory.place(message)
    except FactoryUnavailable as error:
        _delay(
            order, problem=error.problem, surely_not_received=error.surely_not_received, actor=actor, at=at
        )
        raise
    except OrderRefusedByFactory as error:
        with transaction.atomic():
            _mark_sent(order, delivery=message.delivery, actor=actor, at=at)
            end_rejected_order(order.pk, reason=error.facts["status"], reported_at=at, actor=actor, at=at)
        return False
    with transaction.atomic():
        _mark_sent(order, delivery=message.delivery, actor=actor, at=at)
    return True


def poll_factory_reports(*, factory: CardFactory, actor: Actor, at: datetime) -> int:
    """Fetch and apply reports from the stored position on, and return how many were new.

    Each report and the position move in one transaction, so that a killed worker goes on where it stopped.
    Raises FactoryUnavailable after noting it for the operators' page.
    """
    cursor, _ = FactoryCursor.objects.get_or_create(pk=1)
    try:
        reports = factory.reports_after(cursor.position)
    except FactoryUnavailable as error:
        FactoryCursor.objects.filter(pk=1).update(failed_at=at, problem=error.problem)
        raise
    fresh = 0
    for report in sorted(reports, key=lambda item: item.number):
        with transaction.atomic():
            fresh += apply_report(report, actor=actor, at=at)
            FactoryCursor.objects.filter(pk=1, position__lt=report.number).update(position=report.number)
    FactoryCursor.objects.filter(pk=1).update(reached_at=at, failed_at=None, problem="")
    return fresh


def factory_order(order: CardOrder) -> FactoryOrder:
    """Return what the factory is told, with address and logo as they are now.

    A person who is protected now, whatever they were at ordering, is reached by way of Skatteverket: their
    address leaves this house on no order.
    """
    person = order.person
    delivery = Delivery.SKATTEVERKET if person.protected_identity else Delivery.REGISTERED_ADDRESS
    lines = () if person.protected_identity else tuple(str(line) for line in person.address_lines)
    print_as = OrganizationSettings.objects.filter(organization_id=order.organization_id).first()
    return FactoryOrder(
        order_id=str(order.pk),
        product_code=order.product_code,
        printed_name=order.printed_name,
        organization_name=order.organization_name,
        back_text=order.back_text,
        issuer_number=print_as.issuer_number if print_as else "",
        logo_png=bytes(print_as.logo_png or b"") if print_as else b"",
        valid_until=order.valid_until,
        delivery=delivery,
        delivery_lines=lines,
    )


def _mark_sent(order: CardOrder, *, delivery: Delivery, actor: Actor, at: datetime) -> None:
    """Note that the order arrived; a report that was faster has already moved it on."""
    moved = CardOrder.objects.filter(pk=order.pk, state=CardOrderState.PLACED.value).update(
        state=order_after(CardOrderState.PLACED.value, CardOrderAction.SEND),
        sent_at=at,
        next_attempt_at=None,
        last_problem="",
    )
    if moved != 1:
        return
    record(
        CardOrderSent(
            card_order_id=str(order.pk),
            card_id=str(order.card.pk),
            person_id=str(order.person_id),
            organization_id=str(order.organization_id),
            delivery=delivery.value,
        ),
        actor=actor,
        at=at,
    )


def _delay(
    order: CardOrder,
    *,
    problem: str,
    surely_not_received: bool,
    actor: Actor,
    at: datetime,
) -> None:
    attempts = order.attempts + 1
    # An order that once may have arrived stays uncancellable, whatever later attempts say.
    is_uncertain = order.handover_is_uncertain or not surely_not_received
    wait = min(FIRST_WAIT * 2 ** min(order.attempts, 10), LONGEST_WAIT)
    with transaction.atomic():
        moved = CardOrder.objects.filter(
            pk=order.pk,
            state=CardOrderState.PLACED.value,
            attempts=order.attempts,
        ).update(
            attempts=attempts,
            last_problem=problem,
            next_attempt_at=at + wait,
            handover_started_at=order.handover_started_at if is_uncertain else None,
            handover_is_uncertain=is_uncertain,
        )
        if moved != 1:
            return
        record(
            CardOrderDelayed(
                card_order_id=str(order.pk),
                card_id=str(order.card.pk),
                person_id=str(order.person_id),
                organization_id=str(order.organization_id),
                problem=problem,
                attempts=attempts,
            ),
            actor=actor,
            at=at,
        )
