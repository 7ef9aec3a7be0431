"""What holders may do with their own cards, and if not, why not: refusals as values (domain.md 2.8)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cards import policies
from cards.mobile.models import MobileEid
from cards.mobile.selectors import is_mobile_active, mobile_in_use
from cards.models import Card
from cards.reasons import BlockReason
from cards.reserve_models import ReserveHandOut, ReserveRefill
from cards.states import CardState
from cards.stock_states import ReserveState
from cards.unlock_models import Unlock
from cards.unlock_policies import in_use_refusal
from directory.models import Role
from journal.actor import Actor
from journal.errors import Refusal

OWN_BLOCK_REASONS: Final = (
    BlockReason.LOST_OR_STOLEN,
    BlockReason.CODES_KNOWN_TO_OTHERS,
    BlockReason.DEFECTIVE,
)
"""What a holder can know of their own card; the rest is for the desk."""


FRESH_LOGIN: Final = timedelta(minutes=5)
"""How old a login may be that gives a card a new PIN (authn.md section 9, as for acts that are signed)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnLogin:
    """The login that a holder is in: its evidence, the certificate that they logged in with, and when."""

    evidence_id: str
    certificate_sha256: str
    auth_time: datetime


def may_block_own(card: Card, *, actor: Actor, at: datetime) -> Refusal | None:
    """Return why the holder may not block this card of theirs, or None if they may.

    It takes a login as strong as the card: who holds a weaker one does not end what is stronger.
    """
    if not actor.person_id or actor.person_id != str(card.person_id):
        return Refusal(code="outside_scope", fixer="holder")
    if actor.loa < card.loa:
        facts = (("loa", str(actor.loa)), ("needed", str(card.loa)))
        return Refusal(code="login_too_weak", facts=facts, fixer="you")
    if policies.is_expired(card, at=at) and card.state == CardState.ACTIVE.value:
        return Refusal(code="card_expired", facts=(("valid_until", card.valid_until.isoformat()),))
    return policies.blockable_refusal(card)


def may_unlock_own(card: Card, *, login: OwnLogin, actor: Actor, at: datetime) -> Refusal | None:
    """Return why the holder may not unlock this card of theirs by this login, or None if they may (POR-6).

    The login stands in the place of the identity check: with a mobile eID of the same person, as strong as
    the card. A card is no proof for another, however it was shown: who has forgotten a code has the mobile
    eID, or comes to the desk. It is a fresh one: whoever finds a browser left open, and the card in its
    reader, would else choose the PIN.
    """
    if not actor.person_id or actor.person_id != str(card.person_id):
        return Refusal(code="outside_scope", fixer="holder")
    mobile = mobile_of_login(card, login, at=at)
    if mobile is None:
        return Refusal(code="own_unlock_needs_mobile", fixer="you")
    if at - login.auth_time > FRESH_LOGIN:
        return Refusal(code="own_unlock_login_old", fixer="you")
    needed = max(policies.REQUIRED_LOA, card.loa)
    if actor.loa < needed:
        facts = (("loa", str(actor.loa)), ("needed", str(needed)))
        return Refusal(code="login_too_weak", facts=facts, fixer="you")
    return in_use_refusal(card, at=at) or _holder_refusal(card, at=at)


def mobile_of_login(card: Card, login: OwnLogin, *, at: datetime) -> MobileEid | None:
    """Return the mobile eID in use that the card's holder logged in with, or None.

    What was made with a test card opens no card in earnest (QA-1).
    """
    mobile = mobile_in_use(login.certificate_sha256, at=at) if login.evidence_id else None
    if mobile is None or mobile.person_id != card.person_id:
        return None
    return mobile if mobile.card.environment == card.environment else None


def own_unlock_refusal(unlock: Unlock, *, at: datetime) -> Refusal | None:
    """Return why what the holder opened an unlocking by lets it not go on now; None for one at the desk.

    The mobile eID was blocked meanwhile or ran out, or the holder is gone.
    """
    if unlock.mobile is None:
        return None
    if not is_mobile_active(unlock.mobile.certificate_sha256, at):
        return Refusal(code="own_unlock_mobile_ended", fixer=Role.ID_ADMINISTRATOR.value)
    return _holder_refusal(unlock.card, at=at)


def waits_to_be_fetched(person_id: str) -> bool:
    """Tell whether the holder has something to fetch to a reserve card: handed out, or ordered for it."""
    waiting = ReserveHandOut.objects.filter(
        card__person_id=person_id, state=ReserveState.READY.value, card__state=CardState.SHIPPED.value
    )
    refills = ReserveRefill.objects.filter(card__person_id=person_id, state=ReserveState.READY.value)
    return waiting.exists() or refills.exists()


def own_working_cards(person_id: str, *, at: datetime) -> Sequence[Card]:
    """Return the person's cards that work now."""
    cards = Card.objects.filter(person_id=person_id, state=CardState.ACTIVE.value)
    return [card for card in cards if not policies.is_expired(card, at=at)]


def _holder_refusal(card: Card, *, at: datetime) -> Refusal | None:
    return policies.holder_refusal(card.person) or policies.employed_refusal(card, at=at)
