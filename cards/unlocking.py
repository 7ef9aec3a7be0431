"""Unlocking at the desk: identity check, the card's challenges answered, a new PIN, the card's own signature.

The PUK has no part in it, and no administration key leaves this process: the client carries answers that open
one card once. Each answer also puts a fresh key on the card, so that what opened it before opens nothing now.
"""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction

from authn.evidence import (
    RP_CHALLENGE_OCTETS,
    SERVER_RANDOM_OCTETS,
    ClientKey,
    Flow,
    Purpose,
    Question,
    hashed,
    origin_of,
    parse_client_key,
)
from cards import identity, selectors
from cards.activation import lock_card, token_digest
from cards.errors import (
    CardNotFound,
    IllegalTransition,
    Refused,
    TokenInvalid,
    UnlockAborted,
    UnlockExpired,
    UnlockNotFound,
)
from cards.events import UnlockClaimed, UnlockOpened, UnlockRefused, UnlockWasAborted
from cards.identity import IdentityCheckFacts, SuspicionFacts
from cards.models import Card, IdentityCheck
from cards.products import assurance_level
from cards.receipts import RP_ID, RP_NAME
from cards.states import OPEN_UNLOCK_STATES, UnlockAction, UnlockState
from cards.terms import LANGUAGES
from cards.transitions import demand_moved, unlock_after
from cards.unlock_models import Unlock
from cards.unlock_policies import in_use_refusal, may_attend, may_unlock
from journal.actor import Actor
from journal.recording import record

CLAIM_WITHIN: Final = timedelta(minutes=10)
FINISH_WITHIN: Final = timedelta(minutes=15)
REFUSALS: Final = frozenset({"wrongCard", "notMe", "suspicion", "cardBlocked", "tooManyTries", "pinFailed"})
"""Ends that are refusals, and not somebody's change of mind: the report H4 counts them."""

_OPEN: Final = tuple(sorted(state.value for state in OPEN_UNLOCK_STATES))
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
        identity_check, level=assurance_level(card.loa), at=at
    )
    if refusal is not None:
        raise Refused(refusal)
    token = secrets.token_urlsafe(24)
    try:
        with transaction.atomic():
            locked = lock_card(card)
            if (refusal := in_use_refusal(locked, at=at)) is not None:
                raise Refused(refusal)
            end_open_unlocks(locked, reason="superseded", actor=actor, at=at)
            check = identity.record_passed(locked, identity_check, actor=actor, at=at)
            unlock = _open(locked, check, token=token, actor=actor, at=at)
    except IntegrityError as error:
        raise IllegalTransition.of(thing="unlock", state="OPENED", action="OPEN") from error
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
        end_open_unlocks(locked, reason="suspicion", actor=actor, at=at)
        return identity.record_suspected(locked, facts, actor=actor, at=at)


def claim_unlock(
    *, token: str, client_key: ClientKey, client_name: str, client_version: str, actor: Actor, at: datetime
) -> Unlock:
    """Give the unlocking to the first client that shows the token; raises TokenInvalid, Refused."""
    found = Unlock.objects.filter(token_sha256=token_digest(token), state=UnlockState.OPENED.value)
    unlock = found.first()
    if unlock is None:
        raise TokenInvalid("unknown or used")
    with transaction.atomic():
        card = lock_card(unlock.card)
        if (refusal := in_use_refusal(card, at=at)) is not None:
            raise Refused(refusal)
        moved = found.filter(expires_at__gt=at).update(
            state=unlock_after(unlock.state, UnlockAction.CLAIM),
            claimed_at=at,
            expires_at=at + FINISH_WITHIN,
            client_key=client_key.as_jwk(),
            client_name=client_name[:64],
            client_version=client_version[:32],
        )
        if moved != 1:
            raise TokenInvalid("too old, or another client was faster")
        record(
            UnlockClaimed(
                unlock_id=str(unlock.pk),
                card_id=str(card.pk),
                person_id=str(card.person_id),
                organization_id=str(card.organization_id),
                client_key_thumbprint=client_key.thumbprint,
                client_name=client_name[:64],
                client_version=client_version[:32],
            ),
            actor=actor,
            at=at,
        )
    return unlock_of_client(str(unlock.pk))


def abort_unlock(*, unlock_id: str, reason: str, actor: Actor, at: datetime) -> Unlock:
    """End an unlocking from client or desk. Ending one that has ended changes nothing.

    Raises UnlockNotFound, and IllegalTransition when the card is unlocked.
    """
    with transaction.atomic():
        unlock = locked_unlock(unlock_id)
        if unlock.state != UnlockState.ABORTED.value:
            _abort(unlock, reason=reason, actor=actor, at=at)
    unlock.refresh_from_db()
    return unlock


def cancel_unlock(*, unlock_id: str, actor: Actor, at: datetime) -> Unlock:
    """End an unlocking at the desk, within the actor's scope; raises as abort_unlock, and Refused."""
    unlock = get_unlock(unlock_id, actor=actor)
    if (refusal := may_attend(unlock.card, actor=actor, at=at)) is not None:
        raise Refused(refusal)
    return abort_unlock(unlock_id=unlock_id, reason="deskCancel", actor=actor, at=at)


def expire_unlocks(*, actor: Actor, at: datetime) -> int:
    """End unlockings whose time is out, and return how many; the worker calls this now and then."""
    ended = 0
    for pk in Unlock.objects.filter(state__in=_OPEN, expires_at__lte=at).values_list("pk", flat=True):
        with transaction.atomic():
            unlock = locked_unlock(str(pk))
            if unlock.state in _OPEN and unlock.expires_at <= at:
                _abort(unlock, reason="expired", actor=actor, at=at)
                ended += 1
    return ended


def end_open_unlocks(card: Card, *, reason: str, actor: Actor, at: datetime) -> None:
    """End the open unlocking of a card, in the caller's transaction, which has locked the card's row."""
    for unlock in Unlock.objects.filter(card=card, state__in=_OPEN).select_related("card"):
        _abort(unlock, reason=reason, actor=actor, at=at)


def get_unlock(unlock_id: str, *, actor: Actor) -> Unlock:
    """Return the unlocking; raise UnlockNotFound, also when it is outside the actor's scope."""
    unlock = unlock_of_client(unlock_id)
    try:
        selectors.get_card(str(unlock.card_id), actor=actor)
    except CardNotFound:
        raise UnlockNotFound(unlock_id) from None
    return unlock


def unlock_of_client(unlock_id: str) -> Unlock:
    """Return an unlocking without regard to scope: the caller proves by its key that it is the client."""
    rows = Unlock.objects.select_related("card__person", "card__organization", "card__order")
    try:
        return rows.get(pk=UUID(str(unlock_id)))
    except (Unlock.DoesNotExist, ValueError):
        raise UnlockNotFound(str(unlock_id)) from None


def client_key_of_unlock(unlock: Unlock) -> ClientKey:
    """Return the key by which the claiming client signs its calls; raises UnlockNotFound if unclaimed."""
    if unlock.client_key is None:
        raise UnlockNotFound(str(unlock.pk))
    return parse_client_key(unlock.client_key)


def locked_unlock(unlock_id: str) -> Unlock:
    """Return the unlocking with its card's row locked first, as every verb does: so none can deadlock."""
    unlock = unlock_of_client(unlock_id)
    lock_card(unlock.card)
    return unlock_of_client(unlock_id)


def demand_unlock_underway(unlock: Unlock, *, at: datetime) -> None:
    """Raise UnlockAborted, UnlockExpired or Refused unless the client may go on now."""
    if unlock.state == UnlockState.ABORTED.value:
        raise UnlockAborted("ended", facts={"reason": unlock.abort_reason})
    if unlock.state == UnlockState.UNLOCKED.value:
        return
    if unlock.expires_at <= at:
        raise UnlockExpired("not finished in time", facts={"expired_at": unlock.expires_at.isoformat()})
    if (refusal := in_use_refusal(unlock.card, at=at)) is not None:
        raise Refused(refusal)


def statement(card_number: str) -> str:
    """Return what the holder signs when the card is open again, in Swedish and in English."""
    return "\n\n".join(_STATEMENTS[language].format(number=card_number) for language in LANGUAGES)


def _open(card: Card, check: IdentityCheck, *, token: str, actor: Actor, at: datetime) -> Unlock:
    unlock = Unlock(
        state=UnlockState.OPENED.value,
        card=card,
        identity_check=check,
        token_sha256=token_digest(token),
        opened_at=at,
        opened_by=actor.identifier,
        expires_at=at + CLAIM_WITHIN,
    )
    unlock.question = _question(unlock, card).as_json()
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


def _question(unlock: Unlock, card: Card) -> Question:
    """Fix what the card signs at the end; nothing in it is the client's."""
    ends_at = unlock.opened_at + CLAIM_WITHIN + FINISH_WITHIN
    return Question(
        purpose=Purpose.AUTH_FOR_SIGN.value,
        order_ref=str(unlock.pk),
        server_random=secrets.token_bytes(SERVER_RANDOM_OCTETS),
        rp_challenge=secrets.token_bytes(RP_CHALLENGE_OCTETS),
        rp_id=RP_ID,
        rp_name=RP_NAME,
        rp_origin=origin_of(settings.SIGILL_PORTAL_URL),
        visible_text=statement(card.card_number or ""),
        non_visible_hash=hashed(b""),
        flow=Flow.SAME_DEVICE.value,
        expires_at=int(ends_at.timestamp()),
    )


def _abort(unlock: Unlock, *, reason: str, actor: Actor, at: datetime) -> None:
    card = unlock.card
    moved = Unlock.objects.filter(pk=unlock.pk, state=unlock.state).update(
        state=unlock_after(unlock.state, UnlockAction.ABORT), aborted_at=at, abort_reason=reason
    )
    demand_moved(moved, thing="unlock", state=unlock.state, action=UnlockAction.ABORT)
    if reason in REFUSALS:
        record(
            UnlockRefused(
                unlock_id=str(unlock.pk),
                card_id=str(card.pk),
                person_id=str(card.person_id),
                organization_id=str(card.organization_id),
                reason=reason,
            ),
            actor=actor,
            at=at,
        )
    record(
        UnlockWasAborted(
            unlock_id=str(unlock.pk),
            card_id=str(card.pk),
            person_id=str(card.person_id),
            organization_id=str(card.organization_id),
            reason=reason,
            state=unlock.state,
        ),
        actor=actor,
        at=at,
    )
