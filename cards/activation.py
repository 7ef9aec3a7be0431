"""The activation of a card: opened at the desk, claimed by one client, ended by either."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from authn.evidence import ClientKey
from cards import challenges, identity, policies, selectors
from cards.conversation import (
    CLAIM_WITHIN,
    DESK_CANCEL,
    SUSPICION,
    Kind,
    abort_conversation,
    claim_conversation,
    end_conversations,
    expire_conversations,
    lock_card,
    open_conversation,
)
from cards.errors import ActivationAborted, ActivationExpired, ActivationNotFound, Refused
from cards.events import ActivationClaimed, ActivationOpened, ActivationWasAborted, HolderDenied
from cards.identity import IdentityCheckFacts, SuspicionFacts
from cards.models import Activation, Card, IdentityCheck
from cards.products import assurance_level
from cards.states import OPEN_ACTIVATION_STATES, ActivationAction, ActivationState
from cards.terms import current_terms
from cards.transitions import activation_after
from journal.actor import Actor
from journal.errors import Refusal
from journal.events import Event
from journal.recording import record


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedActivation:
    """A fresh activation and the token that starts the client; the token is not kept anywhere."""

    activation: Activation
    token: str = field(repr=False)

    @property
    def start_url(self) -> str:
        """Return the address that starts the card client."""
        return f"siths://activate/1/{self.token}"


def open_activation(
    *,
    card_id: str,
    identity_check: IdentityCheckFacts,
    actor: Actor,
    at: datetime,
) -> OpenedActivation:
    """Open the activation of a shipped card after an identity check, and return it with its token.

    An activation of the same card that did not finish is ended and resumed by this one. Raises CardNotFound
    and Refused (the card, the holder, the actor or the check is not right).
    """
    card = selectors.get_card(card_id, actor=actor)
    refusal = policies.may_activate(card, actor=actor, at=at) or identity.refusal_of(
        identity_check,
        level=assurance_level(card.loa),
        holder=card.person,
        actor=actor,
        at=at,
    )

    def begin(locked: Card, token_sha256: str) -> Activation:
        check = identity.record_passed(locked, identity_check, actor=actor, at=at)
        return _begin(locked, check, token_sha256=token_sha256, actor=actor, at=at)

    activation, token = open_conversation(ACTIVATIONS, card, refusal=refusal, begin=begin, actor=actor, at=at)
    return OpenedActivation(activation=activation, token=token)


def open_for_holder(
    card: Card, check: IdentityCheck, *, refusal: Refusal | None, actor: Actor, at: datetime
) -> OpenedActivation:
    """Open the activation of a reserve card for its holder, who was identified when it was handed over.

    The caller knows that it is the holder. An earlier one that did not finish is ended and resumed by this
    one. Raises Refused.
    """

    def begin(locked: Card, token_sha256: str) -> Activation:
        return _begin(locked, check, token_sha256=token_sha256, actor=actor, at=at)

    activation, token = open_conversation(ACTIVATIONS, card, refusal=refusal, begin=begin, actor=actor, at=at)
    return OpenedActivation(activation=activation, token=token)


def report_suspicion(*, card_id: str, facts: SuspicionFacts, actor: Actor, at: datetime) -> IdentityCheck:
    """Break off at the desk on suspicion: nothing is handed out, an open activation ends, an event says so.

    Raises CardNotFound, and Refused when the actor may not activate this card anyway.
    """
    card = selectors.get_card(card_id, actor=actor)
    if (refusal := policies.may_activate(card, actor=actor, at=at)) is not None:
        raise Refused(refusal)
    with transaction.atomic():
        locked = lock_card(card)
        end_conversations(ACTIVATIONS, locked, reason=SUSPICION, actor=actor, at=at)
        return identity.record_suspected(locked, facts, actor=actor, at=at)


def claim_activation(
    *,
    token: str,
    client_key: ClientKey,
    client_name: str,
    client_version: str,
    actor: Actor,
    at: datetime,
) -> Activation:
    """Give the activation to the first client that shows the token; the token is dead after it.

    Raises TokenInvalid, or Refused when the card can no longer be activated.
    """
    return claim_conversation(
        ACTIVATIONS,
        token=token,
        client_key=client_key,
        client_name=client_name,
        client_version=client_version,
        actor=actor,
        at=at,
    )


def answer_for_activation(*, activation_id: str, challenge: str, actor: Actor, at: datetime) -> str:
    """Return the answer to the card's challenge, which puts this activation's key on it.

    While the activation is CLAIMED; raises what ``challenges.answer_for_card`` raises.
    """
    return challenges.answer_for_card(ACTIVATIONS, activation_id, challenge=challenge, actor=actor, at=at)


def abort_activation(*, activation_id: str, reason: str, actor: Actor, at: datetime) -> Activation:
    """End an activation from client or desk; certificates already issued stay with the card's keys.

    Ending one that has ended changes nothing. Raises ActivationNotFound, IllegalTransition when it is ACTIVE.
    """
    return abort_conversation(ACTIVATIONS, activation_id, reason=reason, actor=actor, at=at)


def cancel_activation(*, activation_id: str, actor: Actor, at: datetime) -> Activation:
    """End an activation at the desk, within the actor's scope; raises as abort_activation and Refused."""
    activation = selectors.get_activation(activation_id, actor=actor)
    if not policies.has_role(actor, policies.MAY_ACTIVATE):
        refusal = policies.may_activate(activation.card, actor=actor, at=at)
        if refusal is not None:
            raise Refused(refusal)
    return abort_activation(activation_id=activation_id, reason=DESK_CANCEL, actor=actor, at=at)


def expire_activations(*, actor: Actor, at: datetime) -> int:
    """End activations whose time is out, and return how many; the worker calls this now and then."""
    return expire_conversations(ACTIVATIONS, actor=actor, at=at)


def _begin(card: Card, check: IdentityCheck, *, token_sha256: str, actor: Actor, at: datetime) -> Activation:
    activation = Activation.objects.create(
        state=ActivationState.OPENED.value,
        card=card,
        identity_check=check,
        token_sha256=token_sha256,
        terms_version=current_terms().version,
        opened_at=at,
        opened_by=actor.identifier,
        expires_at=at + CLAIM_WITHIN,
    )
    record(
        ActivationOpened(
            activation_id=str(activation.pk),
            card_id=str(card.pk),
            person_id=str(card.person_id),
            organization_id=str(card.organization_id),
            identity_check_id=str(check.pk),
            terms_version=activation.terms_version,
        ),
        actor=actor,
        at=at,
    )
    return activation


def _claimed(activation: Activation, client_key: ClientKey) -> Event:
    return ActivationClaimed(
        activation_id=str(activation.pk),
        card_id=str(activation.card_id),
        person_id=str(activation.card.person_id),
        organization_id=str(activation.card.organization_id),
        client_key_thumbprint=client_key.thumbprint,
        client_name=activation.client_name,
        client_version=activation.client_version,
    )


def _ended(activation: Activation, reason: str) -> tuple[Event, ...]:
    card = activation.card
    aborted = ActivationWasAborted(
        activation_id=str(activation.pk),
        card_id=str(card.pk),
        person_id=str(card.person_id),
        organization_id=str(card.organization_id),
        reason=reason,
        state=activation.state,
    )
    if reason != "notMe":
        return (aborted,)
    denied = HolderDenied(
        activation_id=str(activation.pk),
        card_id=str(card.pk),
        person_id=str(card.person_id),
        organization_id=str(card.organization_id),
    )
    return (denied, aborted)


ACTIVATIONS: Final = Kind(
    rows=Activation.objects,
    thing="activation",
    open_states=frozenset(state.value for state in OPEN_ACTIVATION_STATES),
    done=ActivationState.ACTIVE.value,
    after=lambda state, action: activation_after(state, ActivationAction(action)),
    finish_within=timedelta(minutes=30),
    refusal=lambda card, at: policies.usable_refusal(card, at=at),
    not_found=ActivationNotFound,
    was_aborted=ActivationAborted,
    has_expired=ActivationExpired,
    claimed=_claimed,
    ended=_ended,
)
