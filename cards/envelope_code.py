"""The security code in a reserve card's sealed envelope: known to the producer and, when computed, to us."""

import hashlib
import hmac
from pathlib import Path
from typing import Final

from django.conf import settings

CODE_DIGITS: Final = 8


def envelope_code(card_number: str) -> str:
    """Return the eight digits that the producer printed inside this card's envelope; stored nowhere here.

    Raises FileNotFoundError where the installation has no card master key.
    """
    master_key = (Path(settings.SIGILL_SECRETS) / "card-master.key").read_bytes().strip()
    digest = hmac.new(master_key, f"{card_number} envelope".encode("ascii"), hashlib.sha256).digest()
    return f"{int.from_bytes(digest, 'big') % 10**CODE_DIGITS:0{CODE_DIGITS}d}"


def is_code_of(card_number: str, typed: str) -> bool:
    """Tell in constant time whether the typed digits, with or without spaces, are the envelope's code."""
    digits = "".join(typed.split())
    return hmac.compare_digest(envelope_code(card_number).encode(), digits.encode("utf-8", "replace"))
