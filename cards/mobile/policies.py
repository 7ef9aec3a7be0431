"""Who may make a mobile eID with which card, and if not, why not and who can change it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cards import policies
from cards.mobile.models import MOST_ACTIVE
from cards.mobile.selectors import slots_taken
from cards.mobile.states import MobileState
from cards.models import Card
from cards.unlock_policies import in_use_refusal
from journal.actor import Actor
from journal.errors import Refusal

SECOND_LOGIN_WITHIN: Final = timedelta(minutes=5)
"""How long ago the second login may have been (MOB-4: just before; authn.md section 9)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondLogin:
    """The login just before: who, with which card, when, and its evidence."""

    evidence_id: str
    person_id: str
    card_number: str
    signed_at: datetime


def may_make_mobile(card: Card, *, actor: Actor, at: datetime) -> Refusal | None:
    """Return why this person may not make a mobile eID with this card of theirs now, or None if they may.

    It takes a card of level 3 and a login as strong (domain.md 2.9); whether that was on this device is for
    the portal to know.
    """
    if not actor.person_id or actor.person_id != str(card.person_id):
        return Refusal(code="outside_scope", fixer="holder")
    level = min(actor.loa, card.loa)
    if level < policies.REQUIRED_LOA:
        facts = (("loa", str(level)), ("needed", str(policies.REQUIRED_LOA)))
        return Refusal(code="login_too_weak", facts=facts, fixer="you")
    return base_refusal(card, at=at) or _limit_refusal(card, at=at)


def base_refusal(card: Card, *, at: datetime) -> Refusal | None:
    """Return why card and holder let nothing go on now, whoever asks: at each step anew."""
    return (
        in_use_refusal(card, at=at)
        or policies.holder_refusal(card.person)
        or policies.employed_refusal(card, at=at)
        or policies.person_refusal(card.person, loa=policies.REQUIRED_LOA, at=at)
    )


def second_login_refusal(card: Card, login: SecondLogin, *, at: datetime) -> Refusal | None:
    """Return why the second login is not enough: none, another person's or card's, or too long ago."""
    is_missing = not login.evidence_id
    is_anothers = login.person_id != str(card.person_id) or login.card_number != card.card_number
    is_old = not timedelta(0) <= at - login.signed_at <= SECOND_LOGIN_WITHIN
    if is_missing or is_anothers or is_old:
        why = "missing" if is_missing else "other_card" if is_anothers else "too_old"
        return Refusal(code="second_login_needed", facts=(("check", why),), fixer="you")
    return None


def may_block_own_mobile(state: str, *, person_id: str, actor: Actor) -> Refusal | None:
    """Return why this person may not block a mobile eID, or None: the holder always may, at any level."""
    if not actor.person_id or actor.person_id != person_id:
        return Refusal(code="outside_scope", fixer="holder")
    if state != MobileState.ACTIVE.value:
        return Refusal(code="mobile_not_in_use", facts=(("state", state),))
    return None


def _limit_refusal(card: Card, *, at: datetime) -> Refusal | None:
    taken = slots_taken(str(card.person_id), at=at)
    if len(taken) < MOST_ACTIVE:
        return None
    facts = (("active", str(len(taken))), ("most", str(MOST_ACTIVE)))
    return Refusal(code="mobile_limit_reached", facts=facts, fixer="you")
