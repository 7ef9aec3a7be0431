"""A mobile eID in the making: opened by its holder, claimed by one phone, ended by either."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from authn.evidence import ClientKey, b64url, mobile_mark
from ca.pki.reasons import RevocationReason
from ca.revocation import revoke_carrier
from cards.conversation import (
    SUPERSEDED,
    Kind,
    abort_conversation,
    claim_conversation,
    demand_going_on,
    end_conversations,
    expire_conversations,
    locked_conversation,
    open_conversation,
    token_digest,
)
from cards.errors import IllegalTransition, MobileEnded, MobileExpired, MobileNotFound, Refused, TokenInvalid
from cards.mobile.events import MobileAborted, MobileApproved, MobileClaimed, MobileOpened
from cards.mobile.models import MOST_ACTIVE, MobileEid
from cards.mobile.policies import SecondLogin, base_refusal, may_make_mobile, second_login_refusal
from cards.mobile.selectors import MOBILE_CARRIER_KIND, own_mobile, slots_taken
from cards.mobile.states import OPEN_MOBILE_STATES, MobileAction, MobileState
from cards.mobile.terms import current_mobile_terms
from cards.mobile.transitions import mobile_after
from cards.models import Card
from cards.renewal.renewing import own_card
from cards.statements import question_to_sign
from journal.actor import Actor
from journal.errors import Refusal
from journal.events import Event
from journal.recording import record

CODE_GOOD_FOR: Final = timedelta(minutes=15)
"""How long a phone may take the code (MOB-5)."""
_SALT_OCTETS: Final = 16
FINISH_WITHIN: Final = timedelta(minutes=15)
"""How long the phone that took it has to finish."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedMobile:
    """A fresh mobile eID in the making, and what the code says; that is not kept anywhere."""

    mobile: MobileEid
    token: str = field(repr=False)

    @property
    def code_text(self) -> str:
        """Return the text of the code for the phone; its last part binds it to the holder's number."""
        number = self.mobile.person.personal_identity_number
        mark = mobile_mark(self.token, number, self.mobile.mark_salt)
        return f"siths://mobile/1/{self.token}/{mark}"


def open_mobile(
    *, card_id: str, terms_version: str, second_login: SecondLogin, actor: Actor, at: datetime
) -> OpenedMobile:
    """Open the making of a mobile eID by the holder of a card, who has just logged in once more (MOB-4).

    An earlier one of the same person that did not finish is ended. Raises CardNotFound (also for another
    person's card), Refused, IllegalTransition when another tab was at it at the same time.
    """
    card = own_card(card_id, actor=actor)
    refusal = (
        may_make_mobile(card, actor=actor, at=at)
        or _terms_refusal(terms_version)
        or second_login_refusal(card, second_login, at=at)
    )

    def begin(locked: Card, token_sha256: str) -> MobileEid:
        for other in Card.objects.filter(person_id=locked.person_id).exclude(pk=locked.pk).order_by("pk"):
            end_conversations(MOBILES, other, reason=SUPERSEDED, actor=actor, at=at)
        return _begin(locked, second_login, token_sha256=token_sha256, actor=actor, at=at)

    mobile, token = open_conversation(MOBILES, card, refusal=refusal, begin=begin, actor=actor, at=at)
    return OpenedMobile(mobile=mobile, token=token)


def claim_mobile(
    *,
    token: str,
    mark: str,
    client_key: ClientKey,
    client_name: str,
    client_version: str,
    actor: Actor,
    at: datetime,
) -> MobileEid:
    """Give it to the first phone that shows the code; raises TokenInvalid, Refused.

    ``mark`` binds the code to the holder's personal identity number, as the register has it now.
    """
    row = MobileEid.objects.select_related("person").filter(token_sha256=token_digest(token)).first()
    if row is None:
        raise TokenInvalid("unknown or used")
    expected = mobile_mark(token, row.person.personal_identity_number, row.mark_salt)
    if not secrets.compare_digest(expected.encode(), mark.encode("utf-8", "replace")):
        raise TokenInvalid("the code is for another number")
    return claim_conversation(
        MOBILES,
        token=token,
        client_key=client_key,
        client_name=client_name,
        client_version=client_version,
        actor=actor,
        at=at,
    )


def approve_own_mobile(*, mobile_id: str, actor: Actor, at: datetime) -> MobileEid:
    """Let the phone that took the code go on: its holder has seen the same digits in it.

    Without it whoever photographed the code first would have a mobile eID in the holder's name. Again changes
    nothing. Raises MobileNotFound (also for anybody else's), IllegalTransition when no phone has taken it,
    and what demand_going_on raises.
    """
    own_mobile(mobile_id, actor=actor)
    with transaction.atomic():
        mobile = locked_conversation(MOBILES, mobile_id)
        demand_going_on(MOBILES, mobile, at=at)
        if mobile.approved_at is not None:
            return mobile
        if mobile.state != MobileState.CLAIMED.value:
            raise IllegalTransition.of(thing="mobile", state=mobile.state, action="APPROVE")
        MobileEid.objects.filter(pk=mobile.pk).update(approved_at=at)
        event = MobileApproved(
            mobile_id=str(mobile.pk),
            card_id=str(mobile.card_id),
            person_id=str(mobile.person_id),
            organization_id=str(mobile.organization_id),
        )
        record(event, actor=actor, at=at)
    mobile.refresh_from_db()
    return mobile


def abort_mobile(*, mobile_id: str, reason: str, actor: Actor, at: datetime) -> MobileEid:
    """End one in the making: what was issued for it is revoked. Ending one that ended changes nothing.

    Raises MobileNotFound, and IllegalTransition when it is in use.
    """
    return abort_conversation(MOBILES, mobile_id, reason=reason, actor=actor, at=at)


def cancel_own_mobile(*, mobile_id: str, actor: Actor, at: datetime) -> MobileEid:
    """End one's own in the making; raises as abort_mobile, MobileNotFound for anybody else's."""
    mobile = own_mobile(mobile_id, actor=actor)
    return abort_mobile(mobile_id=str(mobile.pk), reason="userCancel", actor=actor, at=at)


def expire_mobiles(*, actor: Actor, at: datetime) -> int:
    """End those in the making whose time is out, and return how many; the worker calls this now and then."""
    return expire_conversations(MOBILES, actor=actor, at=at)


def _terms_refusal(version: str) -> Refusal | None:
    current = current_mobile_terms().version
    if version == current:
        return None
    facts = (("accepted", version), ("current", current))
    return Refusal(code="mobile_terms_not_accepted", facts=facts, fixer="you")


def _begin(
    card: Card, second_login: SecondLogin, *, token_sha256: str, actor: Actor, at: datetime
) -> MobileEid:
    _give_up_spent_slots(card, at=at)
    mobile = MobileEid(
        state=MobileState.OPENED.value,
        card=card,
        person=card.person,
        organization_id=card.organization_id,
        slot=_free_slot(card, at=at),
        evidence_id=second_login.evidence_id,
        terms_version=current_mobile_terms().version,
        token_sha256=token_sha256,
        mark_salt=b64url(secrets.token_bytes(_SALT_OCTETS)),
        opened_at=at,
        opened_by=actor.identifier,
        expires_at=at + CODE_GOOD_FOR,
    )
    mobile.question = question_to_sign(
        order_ref=str(mobile.pk),
        visible_text=current_mobile_terms().statement(),
        ends_at=at + CODE_GOOD_FOR + FINISH_WITHIN,
    ).as_json()
    mobile.save(force_insert=True)
    event = MobileOpened(
        mobile_id=str(mobile.pk),
        card_id=str(card.pk),
        person_id=str(card.person_id),
        organization_id=str(card.organization_id),
        evidence_id=second_login.evidence_id,
        terms_version=mobile.terms_version,
    )
    record(event, actor=actor, at=at)
    return mobile


def _free_slot(card: Card, *, at: datetime) -> int:
    """Return the person's first free place; of two who find the same the database lets one have it."""
    taken = slots_taken(str(card.person_id), at=at)
    free = [slot for slot in range(1, MOST_ACTIVE + 1) if slot not in taken]
    if not free:
        facts = (("active", str(len(taken))), ("most", str(MOST_ACTIVE)))
        raise Refused(Refusal(code="mobile_limit_reached", facts=facts, fixer="you"))
    return free[0]


def _give_up_spent_slots(card: Card, *, at: datetime) -> None:
    """Take their places from those past their end, or revoked with their issuer: they open nothing now."""
    holding = MobileEid.objects.filter(
        person_id=card.person_id, state=MobileState.ACTIVE.value, slot__isnull=False
    )
    holding.exclude(slot__in=slots_taken(str(card.person_id), at=at)).update(slot=None)


def _claimed(mobile: MobileEid, client_key: ClientKey) -> Event:
    return MobileClaimed(
        mobile_id=str(mobile.pk),
        card_id=str(mobile.card_id),
        person_id=str(mobile.person_id),
        organization_id=str(mobile.organization_id),
        client_key_thumbprint=client_key.thumbprint,
        client_name=mobile.client_name,
        client_version=mobile.client_version,
    )


def _ended(mobile: MobileEid, reason: str) -> tuple[Event, ...]:
    return (
        MobileAborted(
            mobile_id=str(mobile.pk),
            card_id=str(mobile.card_id),
            person_id=str(mobile.person_id),
            organization_id=str(mobile.organization_id),
            reason=reason,
            state=mobile.state,
        ),
    )


def _undo(mobile: MobileEid, actor: Actor, at: datetime) -> None:
    """Revoke what was issued; one that is being signed is revoked when it is."""
    revoke_carrier(
        carrier_kind=MOBILE_CARRIER_KIND,
        carrier_id=str(mobile.pk),
        reason=RevocationReason.SUPERSEDED,
        requested_at=at,
        actor=actor,
        at=at,
    )


MOBILES: Final = Kind(
    rows=MobileEid.objects,
    thing="mobile",
    open_states=frozenset(state.value for state in OPEN_MOBILE_STATES),
    done=MobileState.ACTIVE.value,
    after=lambda state, action: mobile_after(state, MobileAction(action)),
    finish_within=FINISH_WITHIN,
    refusal=lambda card, at: base_refusal(card, at=at),
    not_found=MobileNotFound,
    was_aborted=MobileEnded,
    has_expired=MobileExpired,
    claimed=_claimed,
    ended=_ended,
    undo=_undo,
    given_back={"slot": None},
)
