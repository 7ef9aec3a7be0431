"""What a claiming client gets for its card's challenges, and the card's signature that it is open again."""

import re
from datetime import datetime
from typing import Final

from django.db import transaction

from authn.evidence import Answer, EvidenceInvalid, Question, sha256, verify
from ca.models import Certificate
from ca.selectors import certificates_on_carrier
from cards.admin_key import activation_key, factory_key, unlock_key
from cards.card_challenge import CHALLENGE_OCTETS, answer_challenge
from cards.configuration import server_spki_pins
from cards.errors import CallInvalid, ConfirmationInvalid, IllegalTransition
from cards.events import CardChallengeAnswered, CardUnlocked
from cards.models import Activation, Card
from cards.selectors import CARRIER_KIND
from cards.states import ActivationState, UnlockAction, UnlockState
from cards.transitions import demand_moved, unlock_after
from cards.unlock_models import Unlock
from cards.unlocking import abort_unlock, client_key_of_unlock, demand_unlock_underway, locked_unlock
from journal.actor import Actor
from journal.recording import record

MOST_ANSWERS: Final = 8
"""A card takes ten wrong ones before it locks for good, and the client never uses the last."""

_CHALLENGE: Final = re.compile(rf"[0-9a-f]{{{2 * CHALLENGE_OCTETS}}}")
_FACTORY: Final = ""


def answer_for_card(*, unlock_id: str, challenge: str, actor: Actor, at: datetime) -> str:
    """Return the answer to the card's challenge (32 hexadecimal digits); the same again for the same one.

    It opens the card with the key that it should have and puts this unlocking's in its place. A card that
    did not take it may have an older one, of an unlocking that broke off: the next challenge gets that. Each
    answer is journalled. Raises CallInvalid, IllegalTransition (too many; the unlocking is then ended), what
    demand_unlock_underway raises, and FileNotFoundError where there is no card master key.
    """
    if not _CHALLENGE.fullmatch(challenge):
        raise CallInvalid("a challenge is 32 hexadecimal digits")
    with transaction.atomic():
        unlock = locked_unlock(unlock_id)
        demand_unlock_underway(unlock, at=at)
        if unlock.state == UnlockState.UNLOCKED.value:
            raise IllegalTransition.of(thing="unlock", state=unlock.state, action=UnlockAction.ANSWER)
        is_new = unlock.challenge != challenge
        is_too_many = is_new and unlock.answers >= MOST_ANSWERS
        if is_new and not is_too_many:
            _count(unlock, challenge, actor=actor, at=at)
            unlock.refresh_from_db()
    if is_too_many:
        abort_unlock(unlock_id=unlock_id, reason="tooManyTries", actor=actor, at=at)
        raise IllegalTransition.of(thing="unlock", state=unlock.state, action=UnlockAction.ANSWER)
    number = unlock.card.card_number or ""
    return answer_challenge(
        challenge=bytes.fromhex(challenge),
        card_number=number,
        key=_key(unlock.card, unlock.key_act_id),
        replacement=unlock_key(number, str(unlock.pk)),
    )


def confirm_unlock(*, unlock_id: str, answer: Answer, actor: Actor, at: datetime) -> Unlock:
    """Check the card's signature, made with the new PIN: this very card is open again, its holder says so.

    Signing twice changes nothing. Raises ConfirmationInvalid, IllegalTransition, and what
    demand_unlock_underway raises.
    """
    with transaction.atomic():
        unlock = locked_unlock(unlock_id)
        demand_unlock_underway(unlock, at=at)
        if unlock.state == UnlockState.UNLOCKED.value:
            return unlock
        following = unlock_after(unlock.state, UnlockAction.CONFIRM)
        signed_octets = _check(unlock, answer)
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


def _count(unlock: Unlock, challenge: str, *, actor: Actor, at: datetime) -> None:
    candidates = _acts_with_keys(unlock)
    act_id = candidates[unlock.answers % len(candidates)]
    moved = Unlock.objects.filter(pk=unlock.pk, state=unlock.state, answers=unlock.answers).update(
        state=unlock_after(unlock.state, UnlockAction.ANSWER),
        answers=unlock.answers + 1,
        challenge=challenge,
        key_act_id=act_id,
        answered_at=at,
    )
    demand_moved(moved, thing="unlock", state=unlock.state, action=UnlockAction.ANSWER)
    card = unlock.card
    record(
        CardChallengeAnswered(
            activation_id="",
            unlock_id=str(unlock.pk),
            card_id=str(card.pk),
            person_id=str(card.person_id),
            organization_id=str(card.organization_id),
            client_key_thumbprint=client_key_of_unlock(unlock).thumbprint,
            key_of_act_id=act_id,
            attempts=unlock.answers + 1,
        ),
        actor=actor,
        at=at,
    )


def _acts_with_keys(unlock: Unlock) -> list[str]:
    """Return the acts whose key may be on the card, in the order in which they answer; the same each time.

    Surely there, until we change it: the key of the last act that came to its end. Perhaps there before it:
    those of unlockings since that were answered and broke off, newest first; and at last this one's own.
    """
    answered = Unlock.objects.filter(card=unlock.card, answers__gt=0).exclude(pk=unlock.pk)
    perhaps: list[str] = []
    for earlier in answered.order_by("-answered_at", "-opened_at"):
        if earlier.state == UnlockState.UNLOCKED.value:
            return _ordered(unlock, perhaps, sure=str(earlier.pk))
        perhaps.append(str(earlier.pk))
    finished = Activation.objects.filter(card=unlock.card, state=ActivationState.ACTIVE.value)
    last = finished.order_by("-finished_at").values_list("pk", flat=True).first()
    return _ordered(unlock, perhaps, sure=str(last) if last else _FACTORY)


def _ordered(unlock: Unlock, perhaps: list[str], *, sure: str) -> list[str]:
    """Put the candidates in order: no more than there are answers, the sure one always among them."""
    return [*perhaps[: MOST_ANSWERS - 2], sure, str(unlock.pk)]


def _key(card: Card, act_id: str) -> str:
    number = card.card_number or ""
    if act_id == _FACTORY:
        return factory_key(number)
    is_unlock = Unlock.objects.filter(pk=act_id).exists()
    return unlock_key(number, act_id) if is_unlock else activation_key(number, act_id)


def _check(unlock: Unlock, answer: Answer) -> bytes:
    """Return the octets that a certificate of this card signed."""
    certificate = _certificate(unlock.card, answer.certificate_der)
    if certificate.revoked_at is not None:
        raise ConfirmationInvalid.because("certificate_revoked")
    try:
        return verify(question_of_unlock(unlock), answer, server_spki_pins=server_spki_pins())
    except (EvidenceInvalid, ValueError) as error:
        raise ConfirmationInvalid.because(type(error).__name__) from error


def _certificate(card: Card, certificate_der: bytes) -> Certificate:
    for certificate in certificates_on_carrier(CARRIER_KIND, str(card.pk)):
        if bytes(certificate.certificate_der) == certificate_der:
            return certificate
    raise ConfirmationInvalid.because("other_certificate")
