"""The administration keys of a card: the factory's, then a fresh one for each act; none is stored or told."""

import hashlib
import hmac
from pathlib import Path
from typing import Final

from django.conf import settings

_HEX_DIGITS: Final = 16


def factory_key(card_number: str) -> str:
    """Return the security officer's PIN with which the card left the factory: 16 hexadecimal digits."""
    return _derived(card_number)


def activation_key(card_number: str, activation_id: str) -> str:
    """Return the security officer's PIN that this activation puts on the card: 16 hexadecimal digits."""
    return _derived(f"{card_number} activation {activation_id}")


def unlock_key(card_number: str, unlock_id: str) -> str:
    """Return the security officer's PIN that this unlocking puts on the card: 16 hexadecimal digits."""
    return _derived(f"{card_number} unlock {unlock_id}")


def _derived(text: str) -> str:
    master_key = (Path(settings.SIGILL_SECRETS) / "card-master.key").read_bytes().strip()
    return hmac.new(master_key, text.encode("ascii"), hashlib.sha256).hexdigest()[:_HEX_DIGITS]
