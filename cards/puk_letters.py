"""PUK letters: ordered here, printed and posted by the producer of the card, who alone knows the PUK.

The letter goes to the registered address, which is read when it is sent and kept nowhere; a protected
person's goes by way of Skatteverket (domain.md 2.4, 2.6). The order is signed and encrypted to the printer's
certificate like a file of card orders, and the printer's answer is signed.
"""

from datetime import datetime, timedelta
from typing import Final

from django.db import IntegrityError, transaction
from django.db.models import F, Q

from cards import selectors
from cards.conversation import lock_card
from cards.errors import FactoryUnavailable, IllegalTransition, Refused
from cards.events import (
    PukLetterDelayed,
    PukLetterEnded,
    PukLetterOrdered,
    PukLetterPosted,
    PukLetterSent,
)
from cards.factory import Delivery, LetterFactory
from cards.manufacturing.factory_file import FileInvalid
from cards.manufacturing.sealing import Sealing
from cards.models import Card
from cards.puk_letter_files import LetterReceipt, LetterState, PukLetterOrder, read_receipt
from cards.puk_letter_models import PukLetter
from cards.states import RUNNING_PUK_LETTER_STATES, PukLetterAction, PukLetterState
from cards.transitions import demand_moved, puk_letter_after
from cards.unlock_policies import in_use_refusal, may_order_puk_letter
from directory.models import Person
from journal.actor import Actor
from journal.recording import record

FIRST_WAIT: Final = timedelta(seconds=5)
LONGEST_WAIT: Final = timedelta(minutes=10)
SHORTEST_LOOK: Final = timedelta(seconds=1)
LONGEST_CALL: Final = timedelta(minutes=2)
"""How long a letter is one worker's, from the moment it begins to tell the printer."""
MOST_AT_ONCE: Final = 100
_OF_ONE: Final = frozenset(
    {"http_404", "letter_contradicted", "letter_receipt_invalid", "letter_receipt_malformed"}
)
"""Problems of one letter: the others go on."""
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
    """End a letter that the producer has not heard of, in the caller's transaction, which locked the card.

    One that leaves in this very moment is let go: it never stands in the way of a block.
    """
    waiting = PukLetter.objects.select_for_update().filter(card=card, state=PukLetterState.PLACED.value)
    for letter in waiting:
        _end(letter, card, reason=reason, actor=actor, at=at)


def send_due_puk_letters(*, factory: LetterFactory, sealing: Sealing, actor: Actor, at: datetime) -> int:
    """Hand over every letter that is due and return how many arrived; stops when the producer is away."""
    due = PukLetter.objects.filter(state=PukLetterState.PLACED.value, next_attempt_at__lte=at)
    sent = 0
    for letter in due.select_related("card__person").order_by("next_attempt_at")[:MOST_AT_ONCE]:
        card = letter.card
        if in_use_refusal(card, at=at) is not None:
            with transaction.atomic():
                end_waiting_puk_letters(lock_card(card), reason="card_not_active", actor=actor, at=at)
            continue
        try:
            sent += _send(letter, factory=factory, sealing=sealing, actor=actor, at=at)
        except FactoryUnavailable as error:
            _delay(letter, problem=error.problem, actor=actor, at=at)
            if error.problem not in _OF_ONE:
                break
    return sent


def note_posted_puk_letters(*, factory: LetterFactory, sealing: Sealing, actor: Actor, at: datetime) -> int:
    """Ask after the letters that the producer has, and return how many are in the post now.

    The longer one is away the more seldom, and whoever waited longest for a look comes first: letters that
    never leave keep no others back. Raises FactoryUnavailable.
    """
    posted = 0
    waiting = PukLetter.objects.filter(
        Q(next_attempt_at__isnull=True) | Q(next_attempt_at__lte=at), state=PukLetterState.SENT.value
    ).order_by(F("next_attempt_at").asc(nulls_first=True), "sent_at")
    for letter in waiting.select_related("card")[:MOST_AT_ONCE]:
        is_taken = _look_later(letter, at=at)
        if not is_taken or not _is_posted(letter, factory=factory, sealing=sealing, at=at):
            continue
        with transaction.atomic():
            moved = PukLetter.objects.filter(pk=letter.pk, state=letter.state).update(
                state=puk_letter_after(letter.state, PukLetterAction.POST), posted_at=at, next_attempt_at=None
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


def _send(letter: PukLetter, *, factory: LetterFactory, sealing: Sealing, actor: Actor, at: datetime) -> bool:
    """Hand one letter over and tell whether it left; raises FactoryUnavailable.

    The digest is kept before the call: whatever may have arrived is known as ours when it is answered.
    """
    card = letter.card
    delivery = _delivery(card.person)
    if delivery is Delivery.REGISTERED_ADDRESS and not card.person.address_lines:
        _delay(letter, problem="registered_address_missing", actor=actor, at=at)
        return False
    order = _order(letter, delivery)
    sealed = sealing.seal(order.content, at=at)
    if not _is_taken(letter, order, at=at):
        return False
    answer = factory.place_letter(str(letter.pk), sealed.message)
    receipt = _opened(letter, answer, sealing=sealing, at=at)
    # Read again: another worker may have told the printer something since, if this call took long.
    letter.refresh_from_db(fields=["content_hashes"])
    if receipt.content_sha256 not in letter.content_hashes:
        raise FactoryUnavailable("letter_contradicted", surely_not_received=False)
    with transaction.atomic():
        locked = lock_card(card)
        if receipt.state is LetterState.REFUSED:
            end_waiting_puk_letters(locked, reason="rejected", actor=actor, at=at)
            return False
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
                delivery=_delivery_of(letter, receipt.content_sha256).value,
            ),
            actor=actor,
            at=at,
        )
    return True


def _is_taken(letter: PukLetter, order: PukLetterOrder, *, at: datetime) -> bool:
    """Keep what the printer is about to be told, and take the letter for the length of a call.

    Compared and swapped by the moment of the next attempt, which every writer of the digests moves: of two
    workers with the same letter the slower one gets False, and no digest is ever overwritten.
    """
    hashes = [one for one in letter.content_hashes if one != order.sha256] + [order.sha256]
    same = PukLetter.objects.filter(pk=letter.pk, state=letter.state, next_attempt_at=letter.next_attempt_at)
    return same.update(content_hashes=hashes, next_attempt_at=at + LONGEST_CALL) == 1


def _order(letter: PukLetter, delivery: Delivery) -> PukLetterOrder:
    """Return what the printer is told of a letter that goes this way today."""
    card = letter.card
    lines = () if delivery is Delivery.SKATTEVERKET else tuple(str(one) for one in card.person.address_lines)
    return PukLetterOrder(
        letter_id=str(letter.pk),
        card_number=card.card_number or "",
        name=card.holder_name,
        delivery=delivery,
        delivery_lines=lines,
    )


def _delivery_of(letter: PukLetter, content_sha256: str) -> Delivery:
    """Return by which way the content goes that the printer has, whatever way one would go today.

    An order by way of Skatteverket has no address in it and is always the same; every other digest of ours
    is of an address.
    """
    is_by_skatteverket = content_sha256 == _order(letter, Delivery.SKATTEVERKET).sha256
    return Delivery.SKATTEVERKET if is_by_skatteverket else Delivery.REGISTERED_ADDRESS


def _look_later(letter: PukLetter, *, at: datetime) -> bool:
    """Say when a letter is asked after again, before it is asked after; False if another worker does."""
    away = at - letter.sent_at if letter.sent_at else SHORTEST_LOOK
    again = at + min(max(away / 10, SHORTEST_LOOK), LONGEST_WAIT)
    same = PukLetter.objects.filter(pk=letter.pk, state=letter.state, next_attempt_at=letter.next_attempt_at)
    return same.update(next_attempt_at=again) == 1


def _is_posted(letter: PukLetter, *, factory: LetterFactory, sealing: Sealing, at: datetime) -> bool:
    """Ask after one letter; what is wrong with it alone is no reason to ask after no other."""
    try:
        receipt = _opened(letter, factory.letter(str(letter.pk)), sealing=sealing, at=at)
    except FactoryUnavailable as error:
        if error.problem in _OF_ONE:
            return False
        raise
    is_ours = not letter.content_hashes or receipt.content_sha256 in letter.content_hashes
    return is_ours and receipt.state is LetterState.POSTED


def _opened(letter: PukLetter, message: bytes, *, sealing: Sealing, at: datetime) -> LetterReceipt:
    """Return what the printer signed of this letter; raises FactoryUnavailable for anything else."""
    try:
        content = sealing.open(message, at=at)
    except FileInvalid as error:
        raise FactoryUnavailable("letter_receipt_invalid", surely_not_received=False) from error
    return read_receipt(content, letter_id=str(letter.pk))


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
