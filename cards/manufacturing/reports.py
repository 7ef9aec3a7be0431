"""What the factory reports of single orders, applied to orders and cards once each, in any order."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Final

from django.db import transaction

from cards.card_number import CardNumberInvalid, parse_card_number
from cards.events import (
    CardOrderRejected,
    CardOrderSent,
    CardProduced,
    CardProductionStarted,
    CardShipped,
    FactoryReportSetAside,
)
from cards.manufacturing.factory_file import Report, ReportKind
from cards.manufacturing.models import FactoryFile, FactoryReport, ProductionRow
from cards.models import Card, CardOrder
from cards.ordering import discard_card
from cards.states import CardAction, CardOrderAction, CardOrderState
from cards.transitions import card_after, demand_moved, order_after
from journal.actor import Actor
from journal.recording import record

_ROAD: Final = (
    CardOrderState.PLACED,
    CardOrderState.SENT,
    CardOrderState.IN_PRODUCTION,
    CardOrderState.SHIPPED,
)
_STEPS: Final = {
    CardOrderState.PLACED: CardOrderAction.SEND,
    CardOrderState.SENT: CardOrderAction.START_PRODUCTION,
    CardOrderState.IN_PRODUCTION: CardOrderAction.SHIP,
}

_GOALS: Final = {
    ReportKind.ACCEPTED: CardOrderState.IN_PRODUCTION,
    ReportKind.PRODUCED: CardOrderState.IN_PRODUCTION,
    ReportKind.SHIPPED: CardOrderState.SHIPPED,
}


class Outcome(StrEnum):
    """What became of a report; all but the first two are for a person to look at."""

    APPLIED = "applied"
    ALREADY_KNOWN = "already_known"
    UNKNOWN_ORDER = "unknown_order"
    UNKNOWN_KIND = "unknown_kind"
    CARD_NUMBER_INVALID = "card_number_invalid"
    CARD_NUMBER_CONTRADICTED = "card_number_contradicted"
    ORDER_HAS_ENDED = "order_has_ended"


QUIET: Final = frozenset({Outcome.APPLIED, Outcome.ALREADY_KNOWN})


def apply_report(report: Report, *, file: FactoryFile | None = None, actor: Actor, at: datetime) -> bool:
    """Apply one report in the caller's transaction and tell whether it was new.

    A number seen before is skipped; what does not fit is kept with its outcome and an event, and stops
    nothing.
    """
    if FactoryReport.objects.filter(pk=report.number).exists():
        return False
    outcome = _apply(report, actor=actor, at=at)
    FactoryReport.objects.create(
        number=report.number,
        file=file,
        order_id=report.order_id,
        kind=report.kind,
        reported_at=report.at,
        received_at=at,
        outcome=outcome.value,
    )
    if outcome not in QUIET:
        record(
            FactoryReportSetAside(
                report_number=report.number,
                reported_order_id=report.order_id,
                kind=report.kind,
                outcome=outcome.value,
            ),
            actor=actor,
            at=at,
        )
    return True


def end_rejected_order(
    card_order_id: uuid.UUID,
    *,
    reason: str,
    reported_at: datetime,
    actor: Actor,
    at: datetime,
) -> Outcome:
    """Mark an order as rejected by the factory and discard its card, in the caller's transaction."""
    card, order = _locked(card_order_id)
    if order.state == CardOrderState.REJECTED.value:
        return Outcome.ALREADY_KNOWN
    if order.state == CardOrderState.PLACED.value:
        order = _step(order, card, report_at=reported_at, actor=actor, at=at)
    if order.state not in {CardOrderState.SENT.value, CardOrderState.IN_PRODUCTION.value}:
        return Outcome.ORDER_HAS_ENDED
    moved = CardOrder.objects.filter(pk=order.pk, state=order.state).update(
        state=order_after(order.state, CardOrderAction.REJECT),
        rejected_at=at,
        rejection_reason=reason or "unstated",
        next_attempt_at=None,
    )
    demand_moved(moved, thing="card_order", state=order.state, action=CardOrderAction.REJECT)
    record(
        CardOrderRejected(
            card_order_id=str(order.pk),
            card_id=str(card.pk),
            person_id=str(card.person_id),
            organization_id=str(card.organization_id),
            reported_at=reported_at.isoformat(),
        ),
        actor=actor,
        at=at,
    )
    discard_card(card, reason="rejected_by_factory", actor=actor, at=at)
    return Outcome.APPLIED


def _apply(report: Report, *, actor: Actor, at: datetime) -> Outcome:
    try:
        kind = ReportKind(report.kind)
    except ValueError:
        return Outcome.UNKNOWN_KIND
    card_order_id = _known_order(report)
    if card_order_id is None:
        return Outcome.UNKNOWN_ORDER
    _note_on_row(report, kind, card_order_id)
    if kind is ReportKind.REJECTED:
        return end_rejected_order(
            card_order_id,
            reason=report.reason,
            reported_at=report.at,
            actor=actor,
            at=at,
        )
    if kind is not ReportKind.ACCEPTED:
        objection = _note_number(report, card_order_id, actor=actor, at=at)
        if objection is not None:
            return objection
    return _bring_to(_GOALS[kind], report, card_order_id, actor=actor, at=at)


def _note_on_row(report: Report, kind: ReportKind, card_order_id: uuid.UUID) -> None:
    """Keep what the factory tells beside what we make of it, the first time that it says so.

    The parcel of a protected person is not followed: it goes by way of Skatteverket.
    """
    row = ProductionRow.objects.select_related("order__person").filter(order_id=card_order_id)
    current = (
        row.order_by("withdrawn_at", "-pk").filter(withdrawn_at__isnull=True).first()
        or row.order_by("-pk").first()
    )
    if current is None:
        return
    noted: dict[str, datetime | str] = {}
    match kind:
        case ReportKind.ACCEPTED:
            noted["accepted_at"] = report.at
        case ReportKind.REJECTED:
            noted["rejected_at"] = report.at
        case ReportKind.PRODUCED:
            noted |= {"produced_at": report.at, "card_number": report.card_number[:19]}
        case ReportKind.SHIPPED:
            tracking = "" if current.order.person.protected_identity else report.tracking_number
            noted |= {"dispatched_at": report.at, "tracking_number": tracking}
    first = next(iter(noted))
    ProductionRow.objects.filter(pk=current.pk, **{f"{first}__isnull": True}).update(**noted)


def _known_order(report: Report) -> uuid.UUID | None:
    try:
        card_order_id = uuid.UUID(report.order_id)
    except ValueError:
        return None
    return card_order_id if CardOrder.objects.filter(pk=card_order_id).exists() else None


def _note_number(report: Report, card_order_id: uuid.UUID, *, actor: Actor, at: datetime) -> Outcome | None:
    """Give the card its number, also a card that has ended: it exists and may be found. None is fine."""
    card, order = _locked(card_order_id)
    if report.card_number == "" and card.card_number is not None:
        return None
    try:
        number = str(parse_card_number(report.card_number))
    except CardNumberInvalid:
        return Outcome.CARD_NUMBER_INVALID
    if card.card_number is not None:
        return None if card.card_number == number else Outcome.CARD_NUMBER_CONTRADICTED
    if Card.objects.filter(card_number=number).exists():
        return Outcome.CARD_NUMBER_CONTRADICTED
    moved = Card.objects.filter(pk=card.pk, card_number__isnull=True).update(
        card_number=number, produced_at=at
    )
    demand_moved(moved, thing="card", state=card.state, action="PRODUCE")
    record(
        CardProduced(
            card_order_id=str(order.pk),
            card_id=str(card.pk),
            person_id=str(card.person_id),
            organization_id=str(card.organization_id),
            card_number=number,
            reported_at=report.at.isoformat(),
        ),
        actor=actor,
        at=at,
    )
    return None


def _bring_to(
    goal: CardOrderState,
    report: Report,
    card_order_id: uuid.UUID,
    *,
    actor: Actor,
    at: datetime,
) -> Outcome:
    """Walk the order step by step to where the report says it is; a later report may arrive first."""
    card, order = _locked(card_order_id)
    state = CardOrderState(order.state)
    if state is CardOrderState.ACTIVATED:
        return Outcome.ALREADY_KNOWN
    if state not in _ROAD:
        return Outcome.ORDER_HAS_ENDED
    if _ROAD.index(state) >= _ROAD.index(goal):
        return Outcome.ALREADY_KNOWN
    while order.state != goal.value:
        order = _step(order, card, report_at=report.at, actor=actor, at=at)
    return Outcome.APPLIED


def _step(order: CardOrder, card: Card, *, report_at: datetime, actor: Actor, at: datetime) -> CardOrder:
    """Move the order one step along the road, with the event of that step."""
    action = _STEPS[CardOrderState(order.state)]
    following = order_after(order.state, action)
    waiting = CardOrder.objects.filter(pk=order.pk, state=order.state)
    about = (str(order.pk), str(card.pk), str(card.person_id), str(card.organization_id))
    match action:
        case CardOrderAction.SEND:
            moved = waiting.update(state=following, sent_at=at, next_attempt_at=None, last_problem="")
        case CardOrderAction.START_PRODUCTION:
            moved = waiting.update(state=following, production_started_at=at)
        case _:
            moved = waiting.update(state=following, shipped_at=at)
    demand_moved(moved, thing="card_order", state=order.state, action=action)
    if action is CardOrderAction.SHIP:
        moved = Card.objects.filter(pk=card.pk, state=card.state).update(
            state=card_after(card.state, CardAction.SHIP),
            shipped_at=at,
        )
        demand_moved(moved, thing="card", state=card.state, action=CardAction.SHIP)
    record(_event_of(action, about, reported_at=report_at.isoformat()), actor=actor, at=at)
    order.refresh_from_db()
    return order


def _event_of(
    action: CardOrderAction,
    about: tuple[str, str, str, str],
    *,
    reported_at: str,
) -> CardOrderSent | CardProductionStarted | CardShipped:
    card_order_id, card_id, person_id, organization_id = about
    match action:
        case CardOrderAction.SEND:
            return CardOrderSent(
                card_order_id=card_order_id,
                card_id=card_id,
                person_id=person_id,
                organization_id=organization_id,
                delivery="",
            )
        case CardOrderAction.START_PRODUCTION:
            return CardProductionStarted(
                card_order_id=card_order_id,
                card_id=card_id,
                person_id=person_id,
                organization_id=organization_id,
                reported_at=reported_at,
            )
        case _:
            return CardShipped(
                card_order_id=card_order_id,
                card_id=card_id,
                person_id=person_id,
                organization_id=organization_id,
                reported_at=reported_at,
            )


def _locked(card_order_id: uuid.UUID) -> tuple[Card, CardOrder]:
    """Return card and order with the card's row locked first, as every verb does."""
    if not transaction.get_connection().in_atomic_block:
        raise AssertionError("reports are applied inside a transaction")
    card = Card.objects.select_for_update().get(order_id=card_order_id)
    return card, CardOrder.objects.get(pk=card_order_id)
