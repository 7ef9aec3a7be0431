"""Reminds holders in time that their card ends: 60, 30 and 7 days before (domain.md 2.10)."""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from cards.events import CardHolderReminded
from cards.models import Card, CardOrder
from cards.reminder_models import CardReminder
from cards.states import RUNNING_ORDER_STATES, CardState
from directory.models import Employment
from directory.swedish_time import swedish_day
from journal.actor import Actor
from journal.recording import record

STEPS: Final = (60, 30, 7)
"""Days before a card's last day on which its holder is told, the earliest first."""


def remind_holders(*, actor: Actor, at: datetime) -> int:
    """Record once for each step which holders' cards come nearer their end; return how many were recorded.

    A missed run is made up by the next with the step that holds then, and never with two at once. Nobody is
    reminded who has a newer card of the same organization, or one on its way.
    """
    today, count = swedish_day(at), 0
    for step, nearer in pairwise((*STEPS, -1)):
        ending = Card.objects.filter(
            ~Exists(CardReminder.objects.filter(card=OuterRef("pk"), days_before__lte=step)),
            ~Exists(_replacement()),
            ~Exists(_order_on_its_way()),
            state=CardState.ACTIVE.value,
            valid_until__gt=today + timedelta(days=nearer),
            valid_until__lte=today + timedelta(days=step),
        )
        for pk in list(ending.order_by("pk").values_list("pk", flat=True)):
            count += _remind(pk, step, actor=actor, at=at)
    return count


def holder_mail(card_id: str) -> str:
    """Return the address that the holder has in HSA for the card's employment, or nothing."""
    card = Card.objects.filter(pk=card_id, state=CardState.ACTIVE.value).first()
    if card is None:
        return ""
    return (
        Employment.objects.filter(person_id=card.person_id, hsa_id__iexact=card.hsa_id)
        .values_list("email", flat=True)
        .first()
        or ""
    )


def _replacement() -> QuerySet[Card]:
    return Card.objects.filter(
        person_id=OuterRef("person_id"),
        organization_id=OuterRef("organization_id"),
        state__in=[CardState.ACTIVE.value, CardState.SHIPPED.value],
        valid_until__gt=OuterRef("valid_until"),
    )


def _order_on_its_way() -> QuerySet[CardOrder]:
    return CardOrder.objects.filter(
        person_id=OuterRef("person_id"),
        organization_id=OuterRef("organization_id"),
        environment=OuterRef("environment"),
        state__in=[state.value for state in RUNNING_ORDER_STATES],
    ).exclude(pk=OuterRef("order_id"))


def _remind(pk: UUID, step: int, *, actor: Actor, at: datetime) -> int:
    with transaction.atomic():
        card = Card.objects.select_for_update().filter(pk=pk, state=CardState.ACTIVE.value).first()
        if card is None:
            return 0
        _, is_new = CardReminder.objects.get_or_create(
            card=card, days_before=step, defaults={"reminded_at": at}
        )
        if not is_new:
            return 0
        event = CardHolderReminded(
            card_id=str(card.pk),
            person_id=str(card.person_id),
            organization_id=str(card.organization_id),
            days_before=step,
            valid_until=card.valid_until.isoformat(),
        )
        record(event, actor=actor, at=at)
    return 1
