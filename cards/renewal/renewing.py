"""A renewal: opened by the holder or at the desk, claimed by one client, ended by either."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from authn.evidence import ClientKey
from ca.pki.reasons import RevocationReason
from ca.registration import request_state
from ca.revocation import revoke_with_carrier
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
    token_digest,
)
from cards.errors import CardNotFound, Refused, RenewalAborted, RenewalExpired, RenewalNotFound
from cards.identity import IdentityCheckFacts, SuspicionFacts
from cards.models import Card, IdentityCheck
from cards.products import assurance_level
from cards.refill_policies import fetching_refusal
from cards.renewal.events import RenewalClaimed, RenewalOpened, RenewalWasAborted
from cards.renewal.models import Renewal, RenewalKey, RenewalPurpose
from cards.renewal.policies import may_open, may_renew_at_desk, may_renew_own, renewal_refusal
from cards.renewal.statement import statement
from cards.renewal.states import OPEN_RENEWAL_STATES, RenewalAction, RenewalState
from cards.renewal.transitions import renewal_after
from cards.reserve_models import ReserveRefill
from cards.statements import question_to_sign
from cards.unlock_policies import may_attend
from directory.models import Employment
from journal.actor import Actor
from journal.events import Event
from journal.recording import record


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedRenewal:
    """A fresh renewal and the token that starts the client; the token is not kept anywhere."""

    renewal: Renewal
    token: str = field(repr=False)

    @property
    def start_url(self) -> str:
        """Return the address that starts the card client."""
        return f"siths://renew/1/{self.token}"


def open_own_renewal(*, card_id: str, purpose: RenewalPurpose, actor: Actor, at: datetime) -> OpenedRenewal:
    """Open a renewal of one's own card; the login stands in the place of the identity check.

    An earlier one of the same card that did not finish is ended. Raises CardNotFound (also for another
    person's card), Refused.
    """
    card = own_card(card_id, actor=actor)
    refusal = may_renew_own(card, actor=actor, at=at)

    def begin(locked: Card, token_sha256: str) -> Renewal:
        return _begin(locked, purpose, locked.hsa_id, None, token_sha256=token_sha256, actor=actor, at=at)

    renewal, token = open_conversation(RENEWALS, card, refusal=refusal, begin=begin, actor=actor, at=at)
    return OpenedRenewal(renewal=renewal, token=token)


def open_renewal(
    *,
    card_id: str,
    purpose: RenewalPurpose,
    employment: Employment | None = None,
    identity_check: IdentityCheckFacts,
    actor: Actor,
    at: datetime,
) -> OpenedRenewal:
    """Open a renewal at the desk after an identity check; an extra pair is for ``employment``.

    An earlier one of the same card that did not finish is ended. Raises CardNotFound, Refused.
    """
    card = selectors.get_card(card_id, actor=actor)
    hsa_id = employment.hsa_id if employment else card.hsa_id
    refusal = may_open(card, purpose, employment, actor=actor, at=at) or identity.refusal_of(
        identity_check, level=assurance_level(card.loa), holder=card.person, actor=actor, at=at
    )

    def begin(locked: Card, token_sha256: str) -> Renewal:
        check = identity.record_passed(locked, identity_check, actor=actor, at=at)
        return _begin(locked, purpose, hsa_id, check, token_sha256=token_sha256, actor=actor, at=at)

    renewal, token = open_conversation(RENEWALS, card, refusal=refusal, begin=begin, actor=actor, at=at)
    return OpenedRenewal(renewal=renewal, token=token)


def open_refill(refill: ReserveRefill, *, actor: Actor, at: datetime) -> OpenedRenewal:
    """Open the fetching of new certificates to a reserve card, which an administrator has ordered.

    The caller knows that it is the holder; an earlier try that did not finish is ended. Raises Refused.
    """
    card = refill.card

    def begin(locked: Card, token_sha256: str) -> Renewal:
        return _begin(
            locked,
            RenewalPurpose.REFILL,
            locked.hsa_id,
            None,
            refill=refill,
            token_sha256=token_sha256,
            actor=actor,
            at=at,
        )

    renewal, token = open_conversation(REFILLS, card, refusal=None, begin=begin, actor=actor, at=at)
    return OpenedRenewal(renewal=renewal, token=token)


def report_renewal_suspicion(
    *, card_id: str, facts: SuspicionFacts, actor: Actor, at: datetime
) -> IdentityCheck:
    """Break off at the desk on suspicion: nothing is renewed. Raises CardNotFound, Refused."""
    card = selectors.get_card(card_id, actor=actor)
    if (refusal := may_renew_at_desk(card, actor=actor, at=at)) is not None:
        raise Refused(refusal)
    with transaction.atomic():
        locked = lock_card(card)
        end_conversations(RENEWALS, locked, reason=SUSPICION, actor=actor, at=at)
        return identity.record_suspected(locked, facts, actor=actor, at=at)


def claim_renewal(
    *, token: str, client_key: ClientKey, client_name: str, client_version: str, actor: Actor, at: datetime
) -> Renewal:
    """Give the renewal to the first client that shows the token; raises TokenInvalid, Refused."""
    is_refill = Renewal.objects.filter(
        token_sha256=token_digest(token), purpose=RenewalPurpose.REFILL.value
    ).exists()
    return claim_conversation(
        REFILLS if is_refill else RENEWALS,
        token=token,
        client_key=client_key,
        client_name=client_name,
        client_version=client_version,
        actor=actor,
        at=at,
    )


def abort_renewal(*, renewal_id: str, reason: str, actor: Actor, at: datetime) -> Renewal:
    """End a renewal from client or desk: what was made for it is revoked, the card goes on as it was.

    Ending one that has ended changes nothing. Raises RenewalNotFound, IllegalTransition when it is done.
    """
    return abort_conversation(RENEWALS, renewal_id, reason=reason, actor=actor, at=at)


def cancel_renewal(*, renewal_id: str, actor: Actor, at: datetime) -> Renewal:
    """End a renewal, by its holder or at the desk; raises as abort_renewal, and Refused."""
    renewal = get_renewal(renewal_id, actor=actor)
    is_own = actor.person_id == str(renewal.card.person_id)
    if not is_own and (refusal := may_attend(renewal.card, actor=actor, at=at)) is not None:
        raise Refused(refusal)
    reason = "userCancel" if is_own else DESK_CANCEL
    return abort_renewal(renewal_id=renewal_id, reason=reason, actor=actor, at=at)


def expire_renewals(*, actor: Actor, at: datetime) -> int:
    """End renewals whose time is out, and return how many; the worker calls this now and then."""
    return expire_conversations(RENEWALS, actor=actor, at=at)


def get_renewal(renewal_id: str, *, actor: Actor) -> Renewal:
    """Return a renewal of one's own card or within one's scope; raise RenewalNotFound."""
    renewal = conversation_of_client(RENEWALS, renewal_id)
    if actor.person_id and actor.person_id == str(renewal.card.person_id):
        return renewal
    try:
        selectors.get_card(str(renewal.card_id), actor=actor)
    except CardNotFound:
        raise RenewalNotFound(renewal_id) from None
    return renewal


def own_card(card_id: str, *, actor: Actor) -> Card:
    """Return a card of the person who is logged in; raise CardNotFound for anybody else's."""
    cards = Card.objects.select_related("order", "person", "organization")
    card = cards.filter(pk=card_id, person_id=actor.person_id).first() if actor.person_id else None
    if card is None:
        raise CardNotFound(str(card_id))
    return card


def _begin(
    card: Card,
    purpose: RenewalPurpose,
    hsa_id: str,
    check: IdentityCheck | None,
    *,
    refill: ReserveRefill | None = None,
    token_sha256: str,
    actor: Actor,
    at: datetime,
) -> Renewal:
    renewal = Renewal(
        state=RenewalState.OPENED.value,
        card=card,
        purpose=purpose.value,
        hsa_id=hsa_id,
        identity_check=check,
        refill=refill,
        token_sha256=token_sha256,
        opened_at=at,
        opened_by=actor.identifier,
        expires_at=at + CLAIM_WITHIN,
    )
    renewal.question = question_to_sign(
        order_ref=str(renewal.pk),
        visible_text=statement(purpose, card_number=card.card_number or "", hsa_id=hsa_id),
        ends_at=at + CLAIM_WITHIN + RENEWALS.finish_within,
    ).as_json()
    renewal.save(force_insert=True)
    record(
        RenewalOpened(
            renewal_id=str(renewal.pk),
            card_id=str(card.pk),
            person_id=str(card.person_id),
            organization_id=str(card.organization_id),
            purpose=purpose.value,
            identity_check_id=str(standing.pk) if (standing := renewal.standing_check) else "",
        ),
        actor=actor,
        at=at,
    )
    return renewal


def _claimed(renewal: Renewal, client_key: ClientKey) -> Event:
    return RenewalClaimed(
        renewal_id=str(renewal.pk),
        card_id=str(renewal.card_id),
        person_id=str(renewal.card.person_id),
        organization_id=str(renewal.card.organization_id),
        client_key_thumbprint=client_key.thumbprint,
        client_name=renewal.client_name,
        client_version=renewal.client_version,
    )


def _ended(renewal: Renewal, reason: str) -> tuple[Event, ...]:
    card = renewal.card
    return (
        RenewalWasAborted(
            renewal_id=str(renewal.pk),
            card_id=str(card.pk),
            person_id=str(card.person_id),
            organization_id=str(card.organization_id),
            reason=reason,
            state=renewal.state,
        ),
    )


def _undo(renewal: Renewal, actor: Actor, at: datetime) -> None:
    """Revoke what was made for it; what is issued later is revoked by the consumer of certificate.issued."""
    keys = RenewalKey.objects.filter(renewal=renewal, superseded_at__isnull=True)
    for key in keys:
        certificate_id = request_state(key.certificate_request_id).certificate_id
        if certificate_id is not None:
            revoke_with_carrier(
                certificate_id=certificate_id,
                reason=RevocationReason.SUPERSEDED,
                requested_at=at,
                actor=actor,
                at=at,
            )
    keys.update(superseded_at=at)


RENEWALS: Final = Kind(
    rows=Renewal.objects,
    thing="renewal",
    open_states=frozenset(state.value for state in OPEN_RENEWAL_STATES),
    done=RenewalState.RENEWED.value,
    after=lambda state, action: renewal_after(state, RenewalAction(action)),
    finish_within=timedelta(minutes=30),
    refusal=lambda card, at: renewal_refusal(card, at=at),
    not_found=RenewalNotFound,
    was_aborted=RenewalAborted,
    has_expired=RenewalExpired,
    claimed=_claimed,
    ended=_ended,
    undo=_undo,
)

# A reserve card that has no valid certificate: other rules, and an order that stands (cards.refill_policies).
REFILLS: Final = replace(RENEWALS, refusal=lambda card, at: fetching_refusal(card, at=at))


def kind_of(renewal: Renewal) -> Kind[Renewal]:
    """Return by which rules a renewal goes on."""
    return REFILLS if renewal.purpose == RenewalPurpose.REFILL.value else RENEWALS
