"""The activation of a card: opened at the desk, claimed by one client, ended by either."""

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction

from authn.evidence import ClientKey, parse_client_key
from cards import identity, policies, selectors
from cards.errors import (
    ActivationAborted,
    ActivationExpired,
    ActivationNotFound,
    IllegalTransition,
    Refused,
    TokenInvalid,
)
from cards.events import ActivationClaimed, ActivationOpened, ActivationWasAborted, HolderDenied
from cards.identity import IdentityCheckFacts, SuspicionFacts
from cards.models import Activation, Card, IdentityCheck
from cards.products import assurance_level
from cards.states import OPEN_ACTIVATION_STATES, ActivationAction, ActivationState
from cards.terms import current_terms
from cards.transitions import activation_after, demand_moved
from journal.actor import Actor
from journal.recording import record

CLAIM_WITHIN: Final = timedelta(minutes=10)
FINISH_WITHIN: Final = timedelta(minutes=30)

# What a client may say, and what we say ourselves; anything else becomes "readerError".
CLIENT_ABORT_REASONS: Final = frozenset(
    {"userCancel", "wrongCard", "cardRemoved", "pinLocked", "pinFailed", "readerError", "notMe"},
)
SUPERSEDED: Final = "superseded"
EXPIRED: Final = "expired"

_OPEN: Final = tuple(sorted(state.value for state in OPEN_ACTIVATION_STATES))


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
        at=at,
    )
    if refusal is not None:
        raise Refused(refusal)
    token = secrets.token_urlsafe(24)
    try:
        with transaction.atomic():
            locked = lock_card(card)
            if (refusal := policies.usable_refusal(locked, at=at)) is not None:
                raise Refused(refusal)
            for earlier in Activation.objects.filter(card=locked, state__in=_OPEN):
                _abort(earlier, reason=SUPERSEDED, actor=actor, at=at)
            check = identity.record_passed(locked, identity_check, actor=actor, at=at)
            activation = _open(locked, check, token=token, actor=actor, at=at)
    except IntegrityError as error:
        raise IllegalTransition.of(thing="activation", state="OPENED", action="OPEN") from error
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
        for earlier in Activation.objects.filter(card=locked, state__in=_OPEN):
            _abort(earlier, reason="suspicion", actor=actor, at=at)
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
    found = Activation.objects.filter(token_sha256=token_digest(token), state=ActivationState.OPENED.value)
    activation = found.first()
    if activation is None:
        raise TokenInvalid("unknown or used")
    with transaction.atomic():
        card = lock_card(activation.card)
        if (refusal := policies.usable_refusal(card, at=at)) is not None:
            raise Refused(refusal)
        moved = found.filter(expires_at__gt=at).update(
            state=activation_after(activation.state, ActivationAction.CLAIM),
            claimed_at=at,
            expires_at=at + FINISH_WITHIN,
            client_key=client_key.as_jwk(),
            client_name=client_name[:64],
            client_version=client_version[:32],
        )
        if moved != 1:
            raise TokenInvalid("too old, or another client was faster")
        record(
            ActivationClaimed(
                activation_id=str(activation.pk),
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
    return activation_of_client(str(activation.pk))


def abort_activation(*, activation_id: str, reason: str, actor: Actor, at: datetime) -> Activation:
    """End an activation from client or desk; certificates already issued stay with the card's keys.

    Ending one that has ended changes nothing. Raises ActivationNotFound, IllegalTransition when it is ACTIVE.
    """
    with transaction.atomic():
        activation = locked_activation(activation_id)
        if activation.state == ActivationState.ABORTED.value:
            return activation
        _abort(activation, reason=reason, actor=actor, at=at)
    activation.refresh_from_db()
    return activation


def cancel_activation(*, activation_id: str, actor: Actor, at: datetime) -> Activation:
    """End an activation at the desk, within the actor's scope; raises as abort_activation and Refused."""
    activation = selectors.get_activation(activation_id, actor=actor)
    if not policies.has_role(actor, policies.MAY_ACTIVATE):
        refusal = policies.may_activate(activation.card, actor=actor, at=at)
        if refusal is not None:
            raise Refused(refusal)
    return abort_activation(activation_id=activation_id, reason="deskCancel", actor=actor, at=at)


def expire_activations(*, actor: Actor, at: datetime) -> int:
    """End activations whose time is out, and return how many; the worker calls this now and then."""
    ended = 0
    for pk in Activation.objects.filter(state__in=_OPEN, expires_at__lte=at).values_list("pk", flat=True):
        with transaction.atomic():
            activation = locked_activation(str(pk))
            if activation.state in _OPEN and activation.expires_at <= at:
                _abort(activation, reason=EXPIRED, actor=actor, at=at)
                ended += 1
    return ended


def activation_of_client(activation_id: str) -> Activation:
    """Return an activation without regard to scope: the caller proves by its key that it is the client."""
    rows = Activation.objects.select_related("card__person", "card__organization", "card__order")
    try:
        return rows.get(pk=UUID(activation_id))
    except (Activation.DoesNotExist, ValueError):
        raise ActivationNotFound(activation_id) from None


def client_key_of_activation(activation: Activation) -> ClientKey:
    """Return the key by which the claiming client signs its calls; raises ActivationNotFound if unclaimed."""
    if activation.client_key is None:
        raise ActivationNotFound(str(activation.pk))
    return parse_client_key(activation.client_key)


def locked_activation(activation_id: str) -> Activation:
    """Return the activation with its card's row locked first, as every verb does: so none can deadlock."""
    activation = activation_of_client(activation_id)
    lock_card(activation.card)
    return activation_of_client(activation_id)


def demand_underway(activation: Activation, *, at: datetime) -> None:
    """Raise ActivationAborted, ActivationExpired or Refused unless the client may go on now."""
    if activation.state == ActivationState.ABORTED.value:
        raise ActivationAborted("ended", facts={"reason": activation.abort_reason})
    if activation.state == ActivationState.ACTIVE.value:
        return
    if activation.expires_at <= at:
        raise ActivationExpired(
            "not finished in time", facts={"expired_at": activation.expires_at.isoformat()}
        )
    if (refusal := policies.usable_refusal(activation.card, at=at)) is not None:
        raise Refused(refusal)


def lock_card(card: Card) -> Card:
    """Return the card's row, locked until the transaction ends."""
    return Card.objects.select_for_update(of=("self",)).select_related("order", "person").get(pk=card.pk)


def token_digest(token: str) -> str:
    """Return what is stored of a token."""
    return hashlib.sha256(token.encode("utf-8")).hexdigest()


def _open(card: Card, check: IdentityCheck, *, token: str, actor: Actor, at: datetime) -> Activation:
    activation = Activation.objects.create(
        state=ActivationState.OPENED.value,
        card=card,
        identity_check=check,
        token_sha256=token_digest(token),
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


def _abort(activation: Activation, *, reason: str, actor: Actor, at: datetime) -> None:
    card = activation.card
    moved = Activation.objects.filter(pk=activation.pk, state=activation.state).update(
        state=activation_after(activation.state, ActivationAction.ABORT),
        aborted_at=at,
        abort_reason=reason,
    )
    demand_moved(moved, thing="activation", state=activation.state, action=ActivationAction.ABORT)
    if reason == "notMe":
        record(
            HolderDenied(
                activation_id=str(activation.pk),
                card_id=str(card.pk),
                person_id=str(card.person_id),
                organization_id=str(card.organization_id),
            ),
            actor=actor,
            at=at,
        )
    record(
        ActivationWasAborted(
            activation_id=str(activation.pk),
            card_id=str(card.pk),
            person_id=str(card.person_id),
            organization_id=str(card.organization_id),
            reason=reason,
            state=activation.state,
        ),
        actor=actor,
        at=at,
    )
