"""The job that purges pictures (POR-17): after production, when an order ended, and what was never used."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from cards.models import CardOrder
from cards.pictures.keeping import purge
from cards.pictures.kinds import PurgeReason
from cards.pictures.models import CardPicture
from cards.states import CardOrderState
from journal.actor import Actor

CAP: Final = 500
"""Pictures that one run purges at most: what is gone is gone, and a wrong clock must not take everything."""
_MADE: Final = (CardOrderState.SHIPPED.value, CardOrderState.ACTIVATED.value)
_ENDED: Final = (CardOrderState.CANCELLED.value, CardOrderState.REJECTED.value, CardOrderState.LAPSED.value)


def kept_after_production() -> timedelta:
    """Return how long a picture is kept after the card was sent (domain.md 2.7: 30 days)."""
    return timedelta(days=int(getattr(settings, "SIGILL_PICTURE_DAYS", 30)))


def kept_unused() -> timedelta:
    """Return how long a picture waits for its order."""
    return timedelta(hours=int(getattr(settings, "SIGILL_PICTURE_UNUSED_HOURS", 24)))


def due(reason: PurgeReason, *, at: datetime) -> Q:
    """Return which pictures go now for a reason; by the factory's word and not by the clock alone."""
    match reason:
        case PurgeReason.PRODUCED:
            return Q(order__state__in=_MADE, order__shipped_at__lte=at - kept_after_production())
        case PurgeReason.ORDER_ENDED:
            return Q(order__state__in=_ENDED)
        case PurgeReason.UNFINISHED:
            return Q(order__isnull=True, captured_at__lte=at - kept_unused())
        case PurgeReason.REPLACED:
            return Q(pk__in=())


def purge_pictures(*, actor: Actor, at: datetime, cap: int = CAP) -> str:
    """Purge what is due, ``cap`` pictures at most, and return what was done and what waits in words."""
    purged = waiting = 0
    for reason in PurgeReason:
        rows = CardPicture.objects.filter(due(reason, at=at), purged_at__isnull=True)
        chosen = rows.order_by("captured_at").values_list("pk", flat=True)[: max(0, cap - purged)]
        for pk in list(chosen):
            with transaction.atomic():
                purged += purge(_still_due(pk, reason, at=at), reason=reason, actor=actor, at=at)
        waiting += rows.count()
    return f"{purged} pictures purged" + (f", {waiting} wait for the next run" if waiting else "")


def purge_of_order(order: CardOrder, *, actor: Actor, at: datetime) -> int:
    """Purge the pictures of an order that ended, in the caller's transaction; return how many there were."""
    rows = CardPicture.objects.filter(order=order, purged_at__isnull=True).defer("sealed", "wrapped_key")
    return purge(rows, reason=PurgeReason.ORDER_ENDED, actor=actor, at=at)


def _still_due(pk: UUID, reason: PurgeReason, *, at: datetime) -> list[CardPicture]:
    return list(
        CardPicture.objects.filter(due(reason, at=at), pk=pk, purged_at__isnull=True).defer(
            "sealed", "wrapped_key"
        )
    )
