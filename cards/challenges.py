"""What a claiming client gets for its card's challenges: answers that open this card once, and no key.

Each answer also puts the key of its act on the card, so that what opened it before opens nothing now.
"""

import re
from datetime import datetime
from typing import Final, TypeVar

from django.db import transaction

from cards.admin_key import activation_key, factory_key, unlock_key
from cards.card_challenge import CHALLENGE_OCTETS, answer_challenge
from cards.conversation import Kind, abort_conversation, client_key_of, demand_going_on, locked_conversation
from cards.conversation_models import OpenedByChallenge
from cards.errors import CallInvalid, IllegalTransition
from cards.events import CardChallengeAnswered
from cards.models import Activation, Card
from cards.states import ActivationState, UnlockState
from cards.transitions import demand_moved
from cards.unlock_models import Unlock
from journal.actor import Actor
from journal.recording import record

MOST_ANSWERS: Final = 8
"""A card takes ten wrong ones before it locks for good, and the client never uses the last."""

_CHALLENGE: Final = re.compile(rf"[0-9a-f]{{{2 * CHALLENGE_OCTETS}}}")
_FACTORY: Final = ""

Row = TypeVar("Row", bound=OpenedByChallenge)


def answer_for_card(
    kind: Kind[Row], conversation_id: str, *, challenge: str, actor: Actor, at: datetime
) -> str:
    """Return the answer to the card's challenge (32 hexadecimal digits); the same again for the same one.

    It opens the card with the key that it should have and puts this act's in its place. A card that did not
    take it may have an older one, of an act that broke off: the next challenge gets that. Each answer is
    journalled. Raises CallInvalid, IllegalTransition (not now, or too many: then all is ended), what
    demand_going_on raises, and FileNotFoundError where there is no card master key.
    """
    if not _CHALLENGE.fullmatch(challenge):
        raise CallInvalid("a challenge is 32 hexadecimal digits")
    with transaction.atomic():
        row = locked_conversation(kind, conversation_id)
        demand_going_on(kind, row, at=at)
        following = kind.after(row.state, "ANSWER")
        is_new = row.challenge != challenge
        is_too_many = is_new and row.answers >= MOST_ANSWERS
        if is_new and not is_too_many:
            _count(kind, row, challenge, following=following, actor=actor, at=at)
            row.refresh_from_db()
    if is_too_many:
        abort_conversation(kind, conversation_id, reason="tooManyTries", actor=actor, at=at)
        raise IllegalTransition.of(thing=kind.thing, state=row.state, action="ANSWER")
    return answer_challenge(
        challenge=bytes.fromhex(challenge),
        card_number=row.card.card_number or "",
        key=_key(row.card, row.key_act_id),
        replacement=_key(row.card, str(row.pk)),
    )


def _count(kind: Kind[Row], row: Row, challenge: str, *, following: str, actor: Actor, at: datetime) -> None:
    candidates = _acts_with_keys(row)
    act_id = candidates[row.answers % len(candidates)]
    moved = kind.rows.filter(pk=row.pk, state=row.state, answers=row.answers).update(
        state=following, answers=row.answers + 1, challenge=challenge, key_act_id=act_id, answered_at=at
    )
    demand_moved(moved, thing=kind.thing, state=row.state, action="ANSWER")
    card = row.card
    record(
        CardChallengeAnswered(
            activation_id=str(row.pk) if isinstance(row, Activation) else "",
            unlock_id=str(row.pk) if isinstance(row, Unlock) else "",
            card_id=str(card.pk),
            person_id=str(card.person_id),
            organization_id=str(card.organization_id),
            client_key_thumbprint=client_key_of(kind, row).thumbprint,
            key_of_act_id=act_id,
            attempts=row.answers + 1,
        ),
        actor=actor,
        at=at,
    )


def _acts_with_keys(row: OpenedByChallenge) -> list[str]:
    """Return the acts whose key may be on the card, in the order in which they answer; the same each time.

    Surely there, until we change it: the key of the last act that came to its end, or the factory's. Perhaps
    there before it: those of acts since that were answered and broke off, newest first; at last its own.
    """
    perhaps: list[str] = []
    unlocks = Unlock.objects.filter(card=row.card, answers__gt=0).exclude(pk=row.pk)
    for unlock in unlocks.order_by("-answered_at", "-opened_at"):
        if unlock.state == UnlockState.UNLOCKED.value:
            return _ordered(row, perhaps, sure=str(unlock.pk))
        perhaps.append(str(unlock.pk))
    activations = Activation.objects.filter(card=row.card).exclude(pk=row.pk)
    finished = activations.filter(state=ActivationState.ACTIVE.value).order_by("-finished_at")
    if (last := finished.first()) is not None:
        return _ordered(row, perhaps, sure=str(last.pk))
    broken = activations.filter(answers__gt=0).order_by("-answered_at", "-opened_at")
    perhaps.extend(str(pk) for pk in broken.values_list("pk", flat=True))
    return _ordered(row, perhaps, sure=_FACTORY)


def _ordered(row: OpenedByChallenge, perhaps: list[str], *, sure: str) -> list[str]:
    """Put the candidates in order: no more than there are answers, the sure one always among them."""
    return [*perhaps[: MOST_ANSWERS - 2], sure, str(row.pk)]


def _key(card: Card, act_id: str) -> str:
    number = card.card_number or ""
    if act_id == _FACTORY:
        return factory_key(number)
    is_unlock = Unlock.objects.filter(pk=act_id).exists()
    return unlock_key(number, act_id) if is_unlock else activation_key(number, act_id)
