"""Who may unlock which card, and if not, why not and who can change it: refusals as values."""

from datetime import datetime

from cards import policies
from cards.models import Card
from cards.puk_letter_models import PukLetter
from cards.states import RUNNING_PUK_LETTER_STATES, CardState
from directory.models import Role
from journal.actor import Actor
from journal.errors import Refusal


def may_unlock(card: Card, *, actor: Actor, at: datetime) -> Refusal | None:
    """Return why this actor may not unlock this card now, or order its PUK letter, or None if they may.

    As for an activation: the ID administrator's role, never for oneself (domain.md 1.2), and a holder who
    is in the register.
    """
    return (
        may_attend(card, actor=actor, at=at)
        or _self_service_refusal(card, actor)
        or in_use_refusal(card, at=at)
        or policies.holder_refusal(card.person)
    )


def may_order_puk_letter(card: Card, *, actor: Actor, at: datetime) -> Refusal | None:
    """Return why this actor may not order the card's PUK letter now, or None if they may."""
    return may_unlock(card, actor=actor, at=at) or _address_refusal(card) or _running_letter_refusal(card)


def may_attend(card: Card, *, actor: Actor, at: datetime) -> Refusal | None:
    """Return why this actor has nothing to do with this card at the desk, whatever the card's state."""
    if not policies.has_role(actor, policies.MAY_ACTIVATE):
        facts = (("role", actor.role), ("needed", Role.ID_ADMINISTRATOR.value))
        return Refusal(code="role_missing", facts=facts, fixer=Role.ISSUANCE_MANAGER.value)
    refusal = policies.may_block(card, actor=actor, at=at)
    is_of_the_card = refusal is not None and refusal.code in {"card_blocked", "card_discarded"}
    return None if is_of_the_card else refusal


def in_use_refusal(card: Card, *, at: datetime) -> Refusal | None:
    """Return why the card itself has no PIN to be unlocked now, whoever asks."""
    match CardState(card.state):
        case CardState.ACTIVE if not policies.is_expired(card, at=at):
            return None
        case CardState.ORDERED | CardState.SHIPPED if not policies.is_expired(card, at=at):
            return Refusal(
                code="card_not_in_use", facts=(("state", card.state),), fixer=Role.ID_ADMINISTRATOR.value
            )
        case _:
            return policies.usable_refusal(card, at=at)


def _address_refusal(card: Card) -> Refusal | None:
    """Return why the letter would not arrive; a protected person's goes by way of Skatteverket."""
    person = card.person
    if person.protected_identity or person.address_lines:
        return None
    read_at = (("read_at", person.pu_read_at.isoformat()),) if person.pu_read_at else ()
    facts = (("status", person.registration_status), *read_at)
    return Refusal(code="registered_address_missing", facts=facts, fixer="register")


def _running_letter_refusal(card: Card) -> Refusal | None:
    running = PukLetter.objects.filter(
        card=card, state__in=[state.value for state in RUNNING_PUK_LETTER_STATES]
    ).first()
    if running is None:
        return None
    return Refusal(
        code="puk_letter_running", facts=(("ordered_at", running.ordered_at.isoformat()),), fixer="time"
    )


def _self_service_refusal(card: Card, actor: Actor) -> Refusal | None:
    if actor.person_id != str(card.person_id):
        return None
    return Refusal(code="self_service_forbidden", fixer=Role.ID_ADMINISTRATOR.value)
