"""Who may put new certificates on which card, and if not, why not and who can change it."""

from datetime import datetime, timedelta
from typing import Final

from cards import policies
from cards.models import Card
from cards.renewal.models import RenewalPurpose
from cards.renewal.names import certificates_on
from cards.unlock_policies import in_use_refusal, may_unlock
from directory.models import Employment, Role
from directory.swedish_time import swedish_day
from journal.actor import Actor
from journal.errors import Refusal

LEAST_LEFT: Final = timedelta(days=30)
"""No certificate outlives its card: with less left than this, a new card is what is needed."""


def may_renew_own(card: Card, *, actor: Actor, at: datetime) -> Refusal | None:
    """Return why the holder may not put new certificates on this card of theirs now, or None if they may.

    Their login stands in the place of the identity check, so it must be as strong as the card.
    """
    if actor.person_id != str(card.person_id):
        return Refusal(code="outside_scope", fixer="holder")
    if actor.loa < card.loa:
        facts = (("loa", str(actor.loa)), ("needed", str(card.loa)))
        return Refusal(code="login_too_weak", facts=facts, fixer="you")
    if card.order.from_stock and card.loa < policies.REQUIRED_LOA:
        # domain.md 2.5: an order by an ID administrator is always required.
        return Refusal(code="reserve_card_needs_order", fixer=Role.ID_ADMINISTRATOR.value)
    return renewal_refusal(card, at=at) or proof_refusal(card, at=at) or policies.holder_refusal(card.person)


def may_renew_at_desk(card: Card, *, actor: Actor, at: datetime) -> Refusal | None:
    """Return why this actor may not put new certificates on somebody's card now, or None if they may."""
    return may_unlock(card, actor=actor, at=at) or renewal_refusal(card, at=at) or proof_refusal(card, at=at)


def may_add_pair(card: Card, employment: Employment, *, actor: Actor, at: datetime) -> Refusal | None:
    """Return why this actor may not put a pair for another employment of the holder on this card."""
    if (refusal := may_renew_at_desk(card, actor=actor, at=at)) is not None:
        return refusal
    if employment.person_id != card.person_id or employment.hsa_id == card.hsa_id:
        return Refusal(code="not_an_extra_identity", facts=(("hsa_id", employment.hsa_id),))
    if not policies.reaches_employment(actor, employment):
        return Refusal(code="outside_scope", fixer=Role.ISSUANCE_MANAGER.value)
    if (refusal := policies.employment_refusal(employment, at=at)) is not None:
        return refusal
    for held in certificates_on(card).values():
        if held.name.is_extra and held.works(at=at) and held.hsa_id != employment.hsa_id:
            return Refusal(code="extra_pair_taken", facts=(("hsa_id", held.hsa_id),))
    return None


def renewal_refusal(card: Card, *, at: datetime) -> Refusal | None:
    """Return why the card itself takes no new certificates now, whoever asks."""
    if (refusal := in_use_refusal(card, at=at)) is not None:
        return refusal
    if card.valid_until - swedish_day(at) < LEAST_LEFT:
        facts = (("valid_until", card.valid_until.isoformat()),)
        return Refusal(code="card_ends_soon", facts=facts, fixer=Role.ID_ADMINISTRATOR.value)
    return named_refusal(card, at=at)


def proof_refusal(card: Card, *, at: datetime) -> Refusal | None:
    """Return why the card could not sign that it is there, which it is asked before anything is made."""
    if any(one.works(at=at) for one in certificates_on(card).values()):
        return None
    return Refusal(code="no_certificate_to_prove_by", fixer=Role.ID_ADMINISTRATOR.value)


def named_refusal(card: Card, *, at: datetime) -> Refusal | None:
    """Return why what new certificates of this card would name is not so now."""
    if card.holder_name != card.person.full_name:
        # Rekeying is not for changed names: the card says another one (domain.md 2.4, point 8).
        return Refusal(code="name_changed", fixer=Role.ID_ADMINISTRATOR.value)
    # The certificates name employments: who has left one gets it certified no longer.
    named = {card.hsa_id} | {one.hsa_id for one in certificates_on(card).values() if one.works(at=at)}
    for employment in Employment.objects.filter(hsa_id__in=named - {""}).order_by("hsa_id"):
        if (refusal := policies.employment_refusal(employment, at=at)) is not None:
            return refusal
    return None


def may_open(
    card: Card, purpose: RenewalPurpose, employment: Employment | None, *, actor: Actor, at: datetime
) -> Refusal | None:
    """Return why this actor may not begin this at the desk, or None if they may."""
    if purpose is RenewalPurpose.EXTRA_PAIR and employment is not None:
        return may_add_pair(card, employment, actor=actor, at=at)
    return may_renew_at_desk(card, actor=actor, at=at)
