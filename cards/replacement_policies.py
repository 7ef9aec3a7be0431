"""Which card a new one may take the place of, and if it may not, why not: refusals as values."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from cards import policies
from cards.basis_selectors import bears_a_former_name
from cards.models import Card, CardOrder
from cards.replacement_reasons import ReplacementReason
from cards.states import RUNNING_ORDER_STATES, CardOrderState, CardState
from cards.unlock_policies import in_use_refusal
from directory.models import Employment
from journal.actor import Actor
from journal.errors import Refusal

STANDING_REPLACEMENTS: Final = sorted(
    {*(one.value for one in RUNNING_ORDER_STATES), CardOrderState.ACTIVATED.value}
)
"""States of an order whose card takes, or took, the place of another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """Which card a new one takes the place of, and why."""

    card: Card
    reason: ReplacementReason


def may_replace(
    card: Card,
    reason: ReplacementReason | None = None,
    *,
    standing: Mapping[UUID, CardOrder] | None = None,
    actor: Actor,
    at: datetime,
) -> Refusal | None:
    """Return why this actor may not order a new card in the place of this one, or None if they may.

    Without a reason: whether there is any. What stands in the way of ordering at all is the order's own
    matter (``policies.may_order``). ``standing`` is what was looked up for several cards together.
    """
    return (
        policies.may_order_instead_of(card, actor=actor)
        or _state_refusal(card, at=at)
        or _replaced_refusal(card, replacements_of([card.pk]) if standing is None else standing)
        or _name_refusal(card, reason)
    )


def refusal_to_replace(
    replacement: Replacement,
    employment: Employment,
    *,
    environment: str,
    standing: Mapping[UUID, CardOrder] | None = None,
    actor: Actor,
    at: datetime,
) -> Refusal | None:
    """Return why an order for this employment cannot take the place of the card, or None if it can."""
    card = replacement.card
    theirs = (employment.person_id, employment.organization_id, environment)
    if (card.person_id, card.organization_id, card.environment) != theirs:
        return Refusal(code="replaces_other_holders_card", fixer="you")
    return may_replace(card, replacement.reason, standing=standing, actor=actor, at=at)


def replacement_of(card_id: UUID) -> CardOrder | None:
    """Return the order of the card that takes or took the place of this one, if it was not given up."""
    return replacements_of([card_id]).get(card_id)


def replacements_of(card_ids: Collection[UUID]) -> dict[UUID, CardOrder]:
    """Return, by card, the orders that take or took their place and were not given up."""
    if not card_ids:
        return {}
    standing = CardOrder.objects.filter(replaces_id__in=card_ids, state__in=STANDING_REPLACEMENTS)
    return {one.replaces_id: one for one in standing.select_related("card") if one.replaces_id}


def _state_refusal(card: Card, *, at: datetime) -> Refusal | None:
    """Return why there is nothing to replace: never in use, or thrown away. A blocked card may be."""
    if card.state == CardState.BLOCKED.value or policies.is_expired(card, at=at):
        return None
    return in_use_refusal(card, at=at)


def _replaced_refusal(card: Card, standing: Mapping[UUID, CardOrder]) -> Refusal | None:
    order = standing.get(card.pk)
    if order is None:
        return None
    facts = (
        ("card_order_id", str(order.pk)),
        ("state", order.state),
        ("placed_at", order.placed_at.isoformat()),
    )
    return Refusal(code="card_already_replaced", facts=facts)


def _name_refusal(card: Card, reason: ReplacementReason | None) -> Refusal | None:
    """Return that the holder has the card's name still: the CRL says of no unchanged name that it changed."""
    if reason is not ReplacementReason.NAME_CHANGED or bears_a_former_name(card):
        return None
    return Refusal(code="name_not_changed")
