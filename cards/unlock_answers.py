"""The end of an unlocking: the card signs, with its new PIN, that it is open again."""

from datetime import datetime

from django.db import transaction

from authn.evidence import Answer, Question, sha256
from cards import challenges
from cards.conversation import demand_going_on, locked_conversation
from cards.events import CardUnlocked
from cards.statements import signed_by_card
from cards.states import UnlockAction, UnlockState
from cards.transitions import demand_moved, unlock_after
from cards.unlock_models import Unlock
from cards.unlocking import UNLOCKS
from journal.actor import Actor
from journal.recording import record


def answer_for_card(*, unlock_id: str, challenge: str, actor: Actor, at: datetime) -> str:
    """Return the answer to the card's challenge; raises what ``challenges.answer_for_card`` raises."""
    return challenges.answer_for_card(UNLOCKS, unlock_id, challenge=challenge, actor=actor, at=at)


def confirm_unlock(*, unlock_id: str, answer: Answer, actor: Actor, at: datetime) -> Unlock:
    """Check the card's signature, made with the new PIN: this very card is open again, its holder says so.

    Signing twice changes nothing. Raises ConfirmationInvalid, IllegalTransition, and what
    demand_going_on raises.
    """
    with transaction.atomic():
        unlock = locked_conversation(UNLOCKS, unlock_id)
        demand_going_on(UNLOCKS, unlock, at=at)
        if unlock.state == UnlockState.UNLOCKED.value:
            return unlock
        following = unlock_after(unlock.state, UnlockAction.CONFIRM)
        signed_octets = signed_by_card(unlock.card, question_of_unlock(unlock), answer)
        moved = Unlock.objects.filter(pk=unlock.pk, state=unlock.state).update(
            state=following,
            unlocked_at=at,
            certificate_der=answer.certificate_der,
            algorithm=answer.algorithm,
            signature=answer.signature,
            user_challenge=answer.user_challenge,
            server_spki=answer.server_spki,
            signed_octets=signed_octets,
        )
        demand_moved(moved, thing="unlock", state=unlock.state, action=UnlockAction.CONFIRM)
        card = unlock.card
        record(
            CardUnlocked(
                unlock_id=str(unlock.pk),
                card_id=str(card.pk),
                person_id=str(card.person_id),
                organization_id=str(card.organization_id),
                certificate_sha256=sha256(answer.certificate_der).hex(),
                signed_octets_sha256=sha256(signed_octets).hex(),
            ),
            actor=actor,
            at=at,
        )
    unlock.refresh_from_db()
    return unlock


def question_of_unlock(unlock: Unlock) -> Question:
    """Return what the card is asked to sign, from our own row."""
    return Question.from_json(unlock.question)
