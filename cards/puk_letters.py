"""PUK letters: ordered here, printed and posted by the producer of the card, who alone knows the PUK.

The letter goes to the registered address, which is read when it is sent and kept nowhere; a protected
person's goes by way of Skatteverket (domain.md 2.4, 2.6).
"""

from datetime import datetime, timedelta
from typing import Final

from django.db import IntegrityError, transaction

from cards import selectors
from cards.conversation import lock_card
from cards.errors import FactoryUnavailable, IllegalTransition, OrderRefusedByFactory, Refused
from cards.events import (
    PukLetterDelayed,
    PukLetterEnded,
    PukLetterOrdered,
    PukLetterPosted,
    PukLetterSent,
)
from cards.factory import Delivery, LetterFactory, PukLetterOrder
from cards.models import Card
from cards.puk_letter_models import PukLetter
from cards.states import RUNNING_PUK_LETTER_STATES, PukLetterAction, PukLetterState
from cards.transitions import demand_moved, puk_letter_after
from cards.unlock_policies import in_use_refusal, may_order_puk_letter
from directory.models import Person
from journal.actor import Actor
from journal.recording import record

FIRST_WAIT: Final = timedelta(seconds=5)
LONGEST_WAIT: Final = timedelta(minutes=10)
MOST_AT_ONCE: Final = 100
_RUNNING: Final = tuple(sorted(state.value for state in RUNNING_PUK_LETTER_STATES))


def order_puk_letter(*, card_id: str, actor: Actor, at: datetime) -> PukLetter:
    """Order the letter with the PUK of a card in use; raises CardNotFound, Refused, IllegalTransition."""
    card = selectors.get_card(card_id, actor=actor)
    if (refusal := may_order_puk_letter(card, actor=actor, at=at)) is not None:
        raise Refused(refusal)
    try:
        with transaction.atomic():
            locked = lock_card(card)
            if (refusal := in_use_refusal(locked, at=at)) is not None:
                raise Refused(refusal)
            letter = PukLetter.objects.create(
                state=PukLetterState.PLACED.value,
                card=locked,
                ordered_at=at,
                ordered_by=actor.identifier,
                next_attempt_at=at,
            )
            record(
                PukLetterOrdered(
                    letter_id=str(letter.pk),
                    card_id=str(card.pk),
                    person_id=str(card.person_id),
                    organization_id=str(card.organization_id),
                    delivery=_delivery(card.person).value,
                ),
                actor=actor,
                at=at,
            )
    except IntegrityError as error:
        raise IllegalTransition.of(thing="puk_letter", state="PLACED", action="ORDER") from error
    return letter


def end_waiting_puk_letters(card: Card, *, reason: str, actor: Actor, at: datetime) -> None:
    """End a letter that the producer has not heard of, in the caller's transaction, which locked the card."""
    for letter in PukLetter.objects.filter(card=card, state=PukLetterState.PLACED.value):
        _end(letter, card, reason=reason, actor=actor, at=at)


def send_due_puk_letters(*, factory: LetterFactory, actor: Actor, at: datetime) -> int:
    """Hand over every letter that is due and return how many arrived; stops when the producer is away."""
    due = PukLetter.objects.filter(state=PukLetterState.PLACED.value, next_attempt_at__lte=at)
    sent = 0
    for letter in due.select_related("card__person").order_by("next_attempt_at")[:MOST_AT_ONCE]:
        card = letter.card
        if in_use_refusal(card, at=at) is not None:
            with transaction.atomic():
                _end(letter, lock_card(card), reason="card_not_active", actor=actor, at=at)
            continue
        try:
            sent += _send(letter, factory=factory, actor=actor, at=at)
        except FactoryUnavailable as error:
            _delay(letter, problem=error.problem, actor=actor, at=at)
            break
    return sent


def note_posted_puk_letters(*, factory: LetterFactory, actor: Actor, at: datetime) -> int:
    """Ask after the letters that the producer has, and return how many are in the post now.

    Raises FactoryUnavailable.
    """
    posted = 0
    waiting = PukLetter.objects.filter(state=PukLetterState.SENT.value).select_related("card")
    for letter in waiting.order_by("sent_at")[:MOST_AT_ONCE]:
        if not factory.is_letter_posted(str(letter.pk)):
            continue
        with transaction.atomic():
            moved = PukLetter.objects.filter(pk=letter.pk, state=letter.state).update(
                state=puk_letter_after(letter.state, PukLetterAction.POST), posted_at=at
            )
            if moved == 1:
                posted += 1
                record(
                    PukLetterPosted(
                        letter_id=str(letter.pk),
                        card_id=str(letter.card_id),
                        person_id=str(letter.card.person_id),
                        organization_id=str(letter.card.organization_id),
                        reported_at=at.isoformat(),
                    ),
                    actor=actor,
                    at=at,
                )
    return posted


def running_letter(card: Card) -> PukLetter | None:
    """Return the letter that is on its way to the card's holder, or None."""
    return PukLetter.objects.filter(card=card, state__in=_RUNNING).first()


def _send(letter: PukLetter, *, factory: LetterFactory, actor: Actor, at: datetime) -> bool:
    """Hand one letter over and tell whether it left; raises FactoryUnavailable."""
    card = letter.card
    delivery = _delivery(card.person)
    lines = () if delivery is Delivery.SKATTEVERKET else tuple(str(one) for one in card.person.address_lines)
    if delivery is Delivery.REGISTERED_ADDRESS and not lines:
        _delay(letter, problem="registered_address_missing", actor=actor, at=at)
        return False
    try:
        factory.place_letter(
            PukLetterOrder(
                letter_id=str(letter.pk),
                card_number=card.card_number or "",
                name=card.holder_name,
                delivery=delivery,
                delivery_lines=lines,
            )
        )
    except OrderRefusedByFactory:
        with transaction.atomic():
            _end(letter, lock_card(card), reason="rejected", actor=actor, at=at)
        return False
    with transaction.atomic():
        moved = PukLetter.objects.filter(pk=letter.pk, state=letter.state).update(
            state=puk_letter_after(letter.state, PukLetterAction.SEND),
            sent_at=at,
            next_attempt_at=None,
            last_problem="",
        )
        if moved != 1:
            return False
        record(
            PukLetterSent(
                letter_id=str(letter.pk),
                card_id=str(card.pk),
                person_id=str(card.person_id),
                organization_id=str(card.organization_id),
                delivery=delivery.value,
            ),
            actor=actor,
            at=at,
        )
    return True


def _delay(letter: PukLetter, *, problem: str, actor: Actor, at: datetime) -> None:
    wait = min(FIRST_WAIT * 2 ** min(letter.attempts, 10), LONGEST_WAIT)
    with transaction.atomic():
        moved = PukLetter.objects.filter(pk=letter.pk, state=letter.state, attempts=letter.attempts).update(
            attempts=letter.attempts + 1, last_problem=problem, next_attempt_at=at + wait
        )
        if moved == 1:
            record(
                PukLetterDelayed(
                    letter_id=str(letter.pk),
                    card_id=str(letter.card_id),
                    person_id=str(letter.card.person_id),
                    organization_id=str(letter.card.organization_id),
                    problem=problem,
                    attempts=letter.attempts + 1,
                ),
                actor=actor,
                at=at,
            )


def _end(letter: PukLetter, card: Card, *, reason: str, actor: Actor, at: datetime) -> None:
    moved = PukLetter.objects.filter(pk=letter.pk, state=letter.state).update(
        state=puk_letter_after(letter.state, PukLetterAction.END),
        ended_at=at,
        end_reason=reason,
        next_attempt_at=None,
    )
    demand_moved(moved, thing="puk_letter", state=letter.state, action=PukLetterAction.END)
    record(
        PukLetterEnded(
            letter_id=str(letter.pk),
            card_id=str(card.pk),
            person_id=str(card.person_id),
            organization_id=str(card.organization_id),
            reason=reason,
        ),
        actor=actor,
        at=at,
    )


def _delivery(person: Person) -> Delivery:
    return Delivery.SKATTEVERKET if person.protected_identity else Delivery.REGISTERED_ADDRESS
