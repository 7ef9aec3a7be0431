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

    One is cleared up when the card is blocked, or when its holder has been identified beyond doubt since; one
    from before there was a card, when the person has been so for any of the same organization; where two
    identify, when both have.
    """
    if not policies.has_role(actor, policies.MAY_BLOCK):
        return []
    beyond_doubt = IdentityCheck.objects.filter(
        outcome=IdentityCheckOutcome.PASSED.value, checked_at__gt=OuterRef("checked_at")
    )
    # Where two are needed one has cleared up nothing: the first could be who is suspected.
    for half in ("first_of_reserve", "first_of_refill"):
        beyond_doubt = beyond_doubt.exclude(
            **{f"{half}__loa": policies.REQUIRED_LOA, f"{half}__approved_at__isnull": True}
        )
    cleared = beyond_doubt.filter(card=OuterRef("card"))
    # Let through by another organization after it was broken off here is no clearing up, but worse.
    identified_since = beyond_doubt.filter(
        card__person=OuterRef("person"), card__organization=OuterRef("organization")
    )
    of_cards = ~Exists(cleared) & ~Q(card__state__in=_ENDED) & held_within(actor, "card__")
    before_cards = ~Exists(identified_since) & held_within(actor)
    rows = IdentityCheck.objects.filter(
        Q(card__isnull=False) & of_cards | Q(card__isnull=True) & before_cards,
        outcome=IdentityCheckOutcome.SUSPECTED.value,
        checked_at__gt=at - SHOWN_FOR,
    )
    if not actor.may_see_protected and actor.kind is not ActorKind.SYSTEM:
        rows = rows.exclude(card__person__protected_identity=True).exclude(person__protected_identity=True)
    return list(rows.select_related("card__person", "person").order_by("-checked_at", "pk")[:limit])
