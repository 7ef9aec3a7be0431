"""The card's administration key, diversified from the installation's master key by card number."""

import hashlib
import hmac
from pathlib import Path
from typing import Final

from django.conf import settings

_HEX_DIGITS: Final = 16


def admin_key_of(card_number: str) -> str:
    """Return the security officer's PIN of this card: 16 hexadecimal digits; never stored, never logged.

    Raises FileNotFoundError where the installation has no card master key.
    """
    master_key = (Path(settings.SIGILL_SECRETS) / "card-master.key").read_bytes().strip()
    return hmac.new(master_key, card_number.encode("ascii"), hashlib.sha256).hexdigest()[:_HEX_DIGITS]
