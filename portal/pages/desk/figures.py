"""Counts and short lists of the start page, inside the bounds of the actor's role."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from django.db.models import QuerySet

from ca.environments import Environment
from ca.models import Issuer
from ca.policy_files import files_of
from cards.basis_selectors import being_replaced
from cards.models import Card
from cards.states import CardState
from directory.reach import held_within
from journal.actor import Actor
from journal.models import Entry
from journal.searching import Criteria, search
from portal import moments
from portal.pages import asking
from portal.pages.auditor.reach import reach_of
from portal.pages.desk.history import told_types
from portal.pages.plot import DayCount

_DAYS = 14
_AT_THE_DESK: Final = frozenset(
    {
        "card", "card_order", "bulk_order", "activation", "identity", "block_request", "unlock", "puk_letter",
        "stock", "basis", "role", "ordering",
    }
)  # fmt: skip
"""What the events of a desk's day are about."""
_SOON = timedelta(days=60)


def expiring_cards(*, actor: Actor, at: datetime, limit: int) -> tuple[Card, ...]:
    """Return working cards whose last day comes within 60 days, the first to end first.

    One that a new card takes the place of is left out.
    """
    return tuple(_expiring(actor, at).select_related("person").order_by("valid_until", "pk")[:limit])


def count_expiring_cards(*, actor: Actor, at: datetime) -> int:
    """Return how many working cards have their last day within 60 days."""
    return _expiring(actor, at).count()


def _expiring(actor: Actor, at: datetime) -> QuerySet[Card]:
    ending = _cards(actor).filter(
        state=CardState.ACTIVE.value,
        valid_until__gte=asking.today(at),
        valid_until__lte=asking.today(at + _SOON),
    )
    return ending.exclude(pk__in=being_replaced())


def activated_and_blocked(*, actor: Actor, at: datetime) -> list[DayCount]:
    """Return how many cards were activated and blocked on each of the last 14 Swedish days."""
    first = asking.today(at) - timedelta(days=_DAYS - 1)
    since = at - timedelta(days=_DAYS + 1)
    activated = Counter(map(moments.day, _moments(actor, "activated_at", since)))
    blocked = Counter(map(moments.day, _moments(actor, "blocked_at", since)))
    days = [first + timedelta(days=offset) for offset in range(_DAYS)]
    return [
        DayCount(day=one, first=activated[one.isoformat()], second=blocked[one.isoformat()]) for one in days
    ]


def latest_entries(*, actor: Actor, limit: int = 8) -> Iterable[Entry]:
    """Return the newest journal entries of what people did with cards and roles of the actor's organizations.

    What a reading of a register changed is not among them: a night's reading would leave nothing else.
    """
    types = [name for name in told_types(is_short=True) if name.partition(".")[0] in _AT_THE_DESK]
    if actor.unit_id:
        wanted = Criteria(types=frozenset(types))
        return search(wanted, reach=reach_of(actor), limit=limit).entries
    return (
        Entry.objects.filter(
            references__kind="organization",
            references__value__in=actor.organization_ids,
            type__in=types,
        )
        .order_by("-id")
        .distinct()[:limit]
    )


def short_name(issuer: Issuer) -> str:
    """Return an issuer's name without what all have in common: Person HSA-id 3."""
    prefix = files_of(issuer).name_prefix
    name = issuer.common_name.removeprefix(prefix).removeprefix("Sigill e-id ").removesuffix(" CA v1")
    return f"{prefix}{name}" if issuer.environment == Environment.QA.value else name


def _moments(actor: Actor, column: str, since: datetime) -> list[datetime]:
    return list(_cards(actor).filter(**{f"{column}__gte": since}).values_list(column, flat=True))


def _cards(actor: Actor) -> QuerySet[Card]:
    cards = Card.objects.filter(held_within(actor))
    return cards if actor.may_see_protected else cards.filter(person__protected_identity=False)
