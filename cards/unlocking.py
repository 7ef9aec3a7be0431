"""Unlocking at the desk: identity check, the card's challenges answered, a new PIN, the card's own signature.

The PUK has no part in it, and no administration key leaves this process: the client carries answers that open
one card once. Each answer also puts a fresh key on the card, so that what opened it before opens nothing now.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from authn.evidence import ClientKey
from cards import identity, selectors
from cards.conversation import (
    CLAIM_WITHIN,
    DESK_CANCEL,
    SUSPICION,
    Kind,
    abort_conversation,
    claim_conversation,
    conversation_of_client,
    end_conversations,
    expire_conversations,
    lock_card,
    open_conversation,
)
from cards.errors import CardNotFound, Refused, UnlockAborted, UnlockExpired, UnlockNotFound
from cards.events import UnlockClaimed, UnlockOpened, UnlockRefused, UnlockWasAborted
from cards.identity import IdentityCheckFacts, SuspicionFacts
from cards.models import Card, IdentityCheck
from cards.products import assurance_level
from cards.refill_ends import end_refills_of
from cards.statements import question_to_sign
from cards.states import OPEN_UNLOCK_STATES, UnlockAction, UnlockState
from cards.terms import LANGUAGES
from cards.transitions import unlock_after
from cards.unlock_models import Unlock
from cards.unlock_policies import in_use_refusal, may_attend, may_unlock
from journal.actor import Actor
from journal.events import Event
from journal.recording import record

REFUSALS: Final = frozenset({"wrongCard", "notMe", "suspicion", "cardBlocked", "tooManyTries", "pinFailed"})
"""Ends that are refusals, and not somebody's change of mind: the report H4 counts them."""

_STATEMENTS: Final = {
    "sv": "Jag har låst upp mitt kort {number} och valt en ny PIN-kod som bara jag känner till.",
    "en": "I have unlocked my card {number} and chosen a new PIN that only I know.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedUnlock:
    """A fresh unlocking and the token that starts the client; the token is not kept anywhere."""

    unlock: Unlock
    token: str = field(repr=False)

    @property
    def start_url(self) -> str:
        """Return the address that starts the card client."""
        return f"siths://unlock/1/{self.token}"


def open_unlock(
    *, card_id: str, identity_check: IdentityCheckFacts, actor: Actor, at: datetime
) -> OpenedUnlock:
    """Open the unlocking of a card in use after an identity check, and return it with its token.

    An earlier one of the same card that did not finish is ended. Raises CardNotFound, Refused.
    """
    card = selectors.get_card(card_id, actor=actor)
    refusal = may_unlock(card, actor=actor, at=at) or identity.refusal_of(
        identity_check, level=assurance_level(card.loa), holder=card.person, actor=actor, at=at
    )

    def begin(locked: Card, token_sha256: str) -> Unlock:
        check = identity.record_passed(locked, identity_check, actor=actor, at=at)
        return _begin(locked, check, token_sha256=token_sha256, actor=actor, at=at)

    unlock, token = open_conversation(UNLOCKS, card, refusal=refusal, begin=begin, actor=actor, at=at)
    return OpenedUnlock(unlock=unlock, token=token)


def report_unlock_suspicion(
    *, card_id: str, facts: SuspicionFacts, actor: Actor, at: datetime
) -> IdentityCheck:
    """Break off at the desk on suspicion: nothing is unlocked. Raises CardNotFound, Refused."""
    card = selectors.get_card(card_id, actor=actor)
    if (refusal := may_unlock(card, actor=actor, at=at)) is not None:
        raise Refused(refusal)
    with transaction.atomic():
        locked = lock_card(card)
        end_conversations(UNLOCKS, locked, reason=SUSPICION, actor=actor, at=at)
        end_refills_of(locked, reason=SUSPICION, actor=actor, at=at)
        return identity.record_suspected(locked, facts, actor=actor, at=at)


def claim_unlock(
    *, token: str, client_key: ClientKey, client_name: str, client_version: str, actor: Actor, at: datetime
) -> Unlock:
    """Give the unlocking to the first client that shows the token; raises TokenInvalid, Refused."""
    return claim_conversation(
        UNLOCKS,
        token=token,
        client_key=client_key,
        client_name=client_name,
        client_version=client_version,
        actor=actor,
        at=at,
    )


def abort_unlock(*, unlock_id: str, reason: str, actor: Actor, at: datetime) -> Unlock:
    """End an unlocking from client or desk. Ending one that has ended changes nothing.

    Raises UnlockNotFound, and IllegalTransition when the card is unlocked.
    """
    return abort_conversation(UNLOCKS, unlock_id, reason=reason, actor=actor, at=at)


def cancel_unlock(*, unlock_id: str, actor: Actor, at: datetime) -> Unlock:
    """End an unlocking at the desk, within the actor's scope; raises as abort_unlock, and Refused."""
    unlock = get_unlock(unlock_id, actor=actor)
    if (refusal := may_attend(unlock.card, actor=actor, at=at)) is not None:
        raise Refused(refusal)
    return abort_unlock(unlock_id=unlock_id, reason=DESK_CANCEL, actor=actor, at=at)


def expire_unlocks(*, actor: Actor, at: datetime) -> int:
    """End unlockings whose time is out, and return how many; the worker calls this now and then."""
    return expire_conversations(UNLOCKS, actor=actor, at=at)


def get_unlock(unlock_id: str, *, actor: Actor) -> Unlock:
    """Return the unlocking; raise UnlockNotFound, also when it is outside the actor's scope."""
    unlock = conversation_of_client(UNLOCKS, unlock_id)
    try:
        selectors.get_card(str(unlock.card_id), actor=actor)
    except CardNotFound:
        raise UnlockNotFound(unlock_id) from None
    return unlock


def statement(card_number: str) -> str:
    """Return what the holder signs when the card is open again, in Swedish and in English."""
    return "\n\n".join(_STATEMENTS[language].format(number=card_number) for language in LANGUAGES)


def _begin(card: Card, check: IdentityCheck, *, token_sha256: str, actor: Actor, at: datetime) -> Unlock:
    unlock = Unlock(
        state=UnlockState.OPENED.value,
        card=card,
        identity_check=check,
        token_sha256=token_sha256,
        opened_at=at,
        opened_by=actor.identifier,
        expires_at=at + CLAIM_WITHIN,
    )
    unlock.question = question_to_sign(
        order_ref=str(unlock.pk),
        visible_text=statement(card.card_number or ""),
        ends_at=at + CLAIM_WITHIN + UNLOCKS.finish_within,
    ).as_json()
    unlock.save(force_insert=True)
    record(
        UnlockOpened(
            unlock_id=str(unlock.pk),
            card_id=str(card.pk),
            person_id=str(card.person_id),
            organization_id=str(card.organization_id),
            identity_check_id=str(check.pk),
        ),
        actor=actor,
        at=at,
    )
    return unlock


def _claimed(unlock: Unlock, client_key: ClientKey) -> Event:
    return UnlockClaimed(
        unlock_id=str(unlock.pk),
        card_id=str(unlock.card_id),
        person_id=str(unlock.card.person_id),
        organization_id=str(unlock.card.organization_id),
        client_key_thumbprint=client_key.thumbprint,
        client_name=unlock.client_name,
        client_version=unlock.client_version,
    )


def _ended(unlock: Unlock, reason: str) -> tuple[Event, ...]:
    card = unlock.card
    aborted = UnlockWasAborted(
        unlock_id=str(unlock.pk),
        card_id=str(card.pk),
        person_id=str(card.person_id),
        organization_id=str(card.organization_id),
        reason=reason,
        state=unlock.state,
    )
    if reason not in REFUSALS:
        return (aborted,)
    refused = UnlockRefused(
        unlock_id=str(unlock.pk),
        card_id=str(card.pk),
        person_id=str(card.person_id),
        organization_id=str(card.organization_id),
        reason=reason,
    )
    return (refused, aborted)


UNLOCKS: Final = Kind(
    rows=Unlock.objects,
    thing="unlock",
    open_states=frozenset(state.value for state in OPEN_UNLOCK_STATES),
    done=UnlockState.UNLOCKED.value,
    after=lambda state, action: unlock_after(state, UnlockAction(action)),
    finish_within=timedelta(minutes=15),
    refusal=lambda card, at: in_use_refusal(card, at=at),
    not_found=UnlockNotFound,
    was_aborted=UnlockAborted,
    has_expired=UnlockExpired,
    claimed=_claimed,
    ended=_ended,
)
