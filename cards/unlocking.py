"""Unlocking: an identity check or a mobile eID, the card's challenges answered, a new PIN, its own signature.

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
from cards.mobile.models import MobileEid
from cards.models import Card, IdentityCheck
from cards.own_policies import OwnLogin, may_unlock_own, mobile_of_login, own_unlock_refusal
from cards.products import assurance_level
from cards.refill_ends import end_refills_of
from cards.renewal.renewing import own_card
from cards.statements import question_to_sign
from cards.states import OPEN_UNLOCK_STATES, UnlockAction, UnlockState
from cards.terms import LANGUAGES
from cards.transitions import unlock_after
from cards.unlock_models import Unlock
from cards.unlock_policies import in_use_refusal, may_attend, may_unlock
from directory.row_ids import row_id
from journal.actor import Actor
from journal.errors import Refusal
from journal.events import Event
from journal.recording import record

REFUSALS: Final = frozenset({"wrongCard", "notMe", "suspicion", "cardBlocked", "tooManyTries", "pinFailed"})
"""Ends that are refusals, and not somebody's change of mind: the report H4 counts them."""

USER_CANCEL: Final = "userCancel"

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
        return _begin(locked, check=check, token_sha256=token_sha256, actor=actor, at=at)

    unlock, token = open_conversation(UNLOCKS, card, refusal=refusal, begin=begin, actor=actor, at=at)
    return OpenedUnlock(unlock=unlock, token=token)


def open_own_unlock(*, card_id: str, login: OwnLogin, actor: Actor, at: datetime) -> OpenedUnlock:
    """Open the unlocking of one's own card by a login with one's mobile eID (POR-6), and return it.

    An earlier one of the same card that did not finish is ended, the desk's too. Raises CardNotFound (also
    for another person's card), Refused.
    """
    card = own_card(card_id, actor=actor)
    refusal = may_unlock_own(card, login=login, actor=actor, at=at)

    def begin(locked: Card, token_sha256: str) -> Unlock:
        # Once more in the transaction: a block of the mobile eID waits for this, or has come first.
        MobileEid.objects.select_for_update().filter(certificate_sha256=login.certificate_sha256).first()
        if (refusal := may_unlock_own(locked, login=login, actor=actor, at=at)) is not None:
            raise Refused(refusal)
        mobile = mobile_of_login(locked, login, at=at)
        return _begin(locked, mobile=mobile, login=login, token_sha256=token_sha256, actor=actor, at=at)

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


def cancel_own_unlock(*, unlock_id: str, actor: Actor, at: datetime) -> Unlock:
    """End one's own unlocking; raises as abort_unlock, UnlockNotFound for anybody else's or the desk's."""
    unlock = own_unlock(unlock_id, actor=actor)
    return abort_unlock(unlock_id=str(unlock.pk), reason=USER_CANCEL, actor=actor, at=at)


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


def own_unlock(unlock_id: str, *, actor: Actor) -> Unlock:
    """Return an unlocking that the person logged in opened with their mobile eID; raise UnlockNotFound."""
    rows = Unlock.objects.select_related("card__person", "card__organization", "card__order", "mobile")
    mine = rows.filter(pk=row_id(unlock_id), card__person_id=actor.person_id, mobile__isnull=False)
    found = mine.first() if actor.person_id else None
    if found is None:
        raise UnlockNotFound(str(unlock_id))
    return found


def statement(card_number: str) -> str:
    """Return what the holder signs when the card is open again, in Swedish and in English."""
    return "\n\n".join(_STATEMENTS[language].format(number=card_number) for language in LANGUAGES)


def _begin(
    card: Card,
    *,
    check: IdentityCheck | None = None,
    mobile: MobileEid | None = None,
    login: OwnLogin | None = None,
    token_sha256: str,
    actor: Actor,
    at: datetime,
) -> Unlock:
    unlock = Unlock(
        state=UnlockState.OPENED.value,
        card=card,
        identity_check=check,
        mobile=mobile,
        login_evidence_id=login.evidence_id if login else "",
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
            identity_check_id=str(check.pk) if check else "",
            mobile_id=str(mobile.pk) if mobile else "",
            evidence_id=unlock.login_evidence_id,
        ),
        actor=actor,
        at=at,
    )
    return unlock


def _rests_refusal(unlock: Unlock, at: datetime) -> Refusal | None:
    """Return why what it was opened by does not let it go on, with the mobile eID locked: a block waits."""
    if unlock.mobile_id is not None:
        unlock.mobile = MobileEid.objects.select_for_update().get(pk=unlock.mobile_id)
    return own_unlock_refusal(unlock, at=at)


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
    row_refusal=_rests_refusal,
    not_found=UnlockNotFound,
    was_aborted=UnlockAborted,
    has_expired=UnlockExpired,
    claimed=_claimed,
    ended=_ended,
)
