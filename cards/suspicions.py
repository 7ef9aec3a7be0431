"""Checks that were broken off on suspicion and that nobody has cleared up yet: the alarm of domain.md 2.3."""

from datetime import datetime, timedelta
from typing import Final

from django.db.models import Exists, OuterRef, Q

from cards import policies
from cards.models import IdentityCheck, IdentityCheckOutcome
from cards.states import CardState
from directory.reach import held_within
from journal.actor import Actor, ActorKind

SHOWN_FOR: Final = timedelta(days=30)
_ENDED: Final = (CardState.BLOCKED.value, CardState.DISCARDED.value)


def open_suspicions(*, actor: Actor, at: datetime, limit: int = 50) -> list[IdentityCheck]:
    """Return suspicions of the last 30 days in scope, newest first.

    One is cleared up when the card is blocked, or when its holder has been identified beyond doubt since.
    """
    if not policies.has_role(actor, policies.MAY_BLOCK):
        return []
    cleared = IdentityCheck.objects.filter(
        card=OuterRef("card"),
        outcome=IdentityCheckOutcome.PASSED.value,
        checked_at__gt=OuterRef("checked_at"),
    )
    rows = IdentityCheck.objects.filter(
        ~Exists(cleared),
        ~Q(card__state__in=_ENDED),
        held_within(actor, "card__"),
        outcome=IdentityCheckOutcome.SUSPECTED.value,
        checked_at__gt=at - SHOWN_FOR,
    )
    if not actor.may_see_protected and actor.kind is not ActorKind.SYSTEM:
        rows = rows.filter(card__person__protected_identity=False)
    return list(rows.select_related("card__person").order_by("-checked_at", "pk")[:limit])
