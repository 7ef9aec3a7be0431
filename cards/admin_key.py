"""The administration keys of a card: the factory's, then a fresh one for each activation; none is stored."""

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import transaction

from cards.activation import client_key_of_activation, demand_underway, locked_activation
from cards.errors import IllegalTransition
from cards.events import AdminKeysDisclosed
from cards.models import Activation
from cards.states import ActivationState
from journal.actor import Actor
from journal.recording import record

_HEX_DIGITS: Final = 16

# A card allows ten tries and the client never uses the last: the factory's key and these are nine.
_MOST_EARLIER: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminKeys:
    """Keys that may be on the card now, newest first and the factory's last, and the one to put there."""

    current: tuple[str, ...] = field(repr=False)
    replacement: str = field(repr=False)


def disclose_admin_keys(*, activation_id: str, actor: Actor, at: datetime) -> AdminKeys:
    """Return what the claiming client needs to put the card under a key of this activation alone.

    Whoever claimed before may have put their key on the card, or not: so each of theirs may be there. Keys
    are told only while the activation is CLAIMED, and that they were told stands in the journal. Raises
    IllegalTransition, what demand_underway raises (also for a card in use), and FileNotFoundError where the
    installation has no card master key.
    """
    with transaction.atomic():
        activation = locked_activation(activation_id)
        demand_underway(activation, at=at)
        if activation.state != ActivationState.CLAIMED.value:
            raise IllegalTransition.of(thing="activation", state=activation.state, action="DISCLOSE_KEYS")
        earlier = _claimed_before(activation)
        number = activation.card.card_number or ""
        keys = AdminKeys(
            current=(*(activation_key(number, pk) for pk in earlier), factory_key(number)),
            replacement=activation_key(number, str(activation.pk)),
        )
        record(
            AdminKeysDisclosed(
                activation_id=str(activation.pk),
                card_id=str(activation.card_id),
                person_id=str(activation.card.person_id),
                organization_id=str(activation.card.organization_id),
                client_key_thumbprint=client_key_of_activation(activation).thumbprint,
                of_activation_ids=(str(activation.pk), *earlier),
                is_factory_key_included=True,
            ),
            actor=actor,
            at=at,
        )
    return keys


def factory_key(card_number: str) -> str:
    """Return the security officer's PIN with which the card left the factory: 16 hexadecimal digits."""
    return _derived(card_number)


def activation_key(card_number: str, activation_id: str) -> str:
    """Return the security officer's PIN that this activation puts on the card: 16 hexadecimal digits."""
    return _derived(f"{card_number} activation {activation_id}")


def unlock_key(card_number: str, unlock_id: str) -> str:
    """Return the security officer's PIN that this unlocking puts on the card: 16 hexadecimal digits."""
    return _derived(f"{card_number} unlock {unlock_id}")


def _claimed_before(activation: Activation) -> tuple[str, ...]:
    claimed = Activation.objects.filter(card=activation.card, claimed_at__isnull=False)
    newest = claimed.exclude(pk=activation.pk).order_by("-claimed_at", "-opened_at")[:_MOST_EARLIER]
    return tuple(str(pk) for pk in newest.values_list("pk", flat=True))


def _derived(text: str) -> str:
    master_key = (Path(settings.SIGILL_SECRETS) / "card-master.key").read_bytes().strip()
    return hmac.new(master_key, text.encode("ascii"), hashlib.sha256).hexdigest()[:_HEX_DIGITS]
