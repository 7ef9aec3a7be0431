"""Cards that nobody activated in time (POR-12): blocked by a job, within a cap, and by nothing else."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from cards.blocking import block_card
from cards.errors import AlreadyBlocked, CardNotFound
from cards.models import Activation, Card
from cards.reasons import BlockReason
from cards.states import OPEN_ACTIVATION_STATES, CardState
from journal.actor import Actor

WARNED_BEFORE: Final = timedelta(days=14)
_LEAST_CAP: Final = 20
_CAP_PER_MILLE: Final = 5


def activation_lasts() -> timedelta:
    """Return how long after it was shipped a card may be activated (POR-12: 100 days)."""
    return timedelta(days=int(getattr(settings, "SIGILL_CARD_ACTIVATION_DAYS", 100)))


def is_unactivated(at: datetime) -> Q:
    """Return which cards were shipped too long ago, and are not being activated at this moment."""
    under_way = Activation.objects.filter(
        card=OuterRef("pk"), state__in=[state.value for state in OPEN_ACTIVATION_STATES], expires_at__gt=at
    )
    shipped_long_ago = Q(state=CardState.SHIPPED.value, shipped_at__lt=at - activation_lasts())
    return shipped_long_ago & Q(~Exists(under_way))


def block_unactivated_cards(*, actor: Actor, at: datetime) -> str:
    """Block the cards that nobody activated in time, unless they are more than the cap; return what was done.

    A clock that jumped, or a desk that was closed for months, must not cost everybody their card: more than
    20 cards, or 5 per mille of those in use and on their way, wait for people (design.md decision 9): they
    are on the basis list of cards to block (``cards.basis_selectors``).
    """
    known = Card.objects.filter(state__in=[CardState.SHIPPED.value, CardState.ACTIVE.value]).count()
    due = list(Card.objects.filter(is_unactivated(at)).order_by("pk").values_list("pk", flat=True)[:1000])
    cap = max(_LEAST_CAP, known * _CAP_PER_MILLE // 1000)
    if len(due) > cap:
        return f"{len(due)} cards not activated in time wait for a decision: more than {cap} at once"
    return f"{sum(block_unactivated_card(pk, actor=actor, at=at) for pk in due)} cards blocked"


def block_unactivated_card(pk: UUID, *, note: str = "", actor: Actor, at: datetime) -> bool:
    """Block one card if nobody has activated it meanwhile; tell whether it was blocked here and now.

    Raises ``Refused`` when the actor may not block it.
    """
    try:
        with transaction.atomic():
            Card.objects.select_for_update().filter(pk=pk).first()
            if not Card.objects.filter(is_unactivated(at), pk=pk).exists():
                return False
            block_card(
                card_id=str(pk),
                reason=BlockReason.NOT_ACTIVATED_IN_TIME,
                requested_at=at,
                note=note,
                actor=actor,
                at=at,
            )
    except (AlreadyBlocked, CardNotFound):
        return False
    return True
