"""The answer to a card's challenge by its administration key: computed here, worth nothing to another card.

As ``hsm_sim/pkcs11/challenge.c`` checks it: V = HMAC(key, card number), and by V the key itself, the key that
replaces it, and a digest over both are bound to the challenge. Whoever carries the answer learns no key.
"""

import hashlib
import hmac
from typing import Final

CHALLENGE_OCTETS: Final = 16
_PART: Final = 16


def answer_challenge(*, challenge: bytes, card_number: str, key: str, replacement: str) -> str:
    """Return what the card takes once as its administrator's login, in hexadecimal digits.

    It opens the card by ``key`` and puts ``replacement`` in its place in the same step.
    """
    verifier = _digest(key.encode("ascii"), "verifier", card_number.encode("ascii"))
    parts = _mix(key, _digest(verifier, "unwrap", challenge))
    parts += _mix(replacement, _digest(verifier, "renew", challenge))
    return (_digest(verifier, "response", challenge + parts)[:_PART] + parts).hex()


def _digest(key: bytes, label: str, message: bytes) -> bytes:
    return hmac.new(key, f"sigill-card-{label}|1|".encode("ascii") + message, hashlib.sha256).digest()


def _mix(key: str, pad: bytes) -> bytes:
    return bytes(one ^ other for one, other in zip(key.encode("ascii"), pad[:_PART], strict=True))
