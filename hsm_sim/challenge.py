"""Answers a virtual card's challenge with its admin key, as pkcs11/challenge.c checks it; for tests."""

import hashlib
import hmac

PART = 16


def response(admin_key: str, card_number: str, challenge: bytes, *, renewed: str = "") -> str:
    """Return what opens the card once: hexadecimal digits for C_Login; `renewed` replaces the admin key."""
    verifier = _hmac(admin_key.encode(), b"sigill-card-verifier|1|" + card_number.encode())
    parts = _xor(admin_key.encode(), _hmac(verifier, b"sigill-card-unwrap|1|" + challenge))
    if renewed:
        parts += _xor(renewed.encode(), _hmac(verifier, b"sigill-card-renew|1|" + challenge))
    return (_hmac(verifier, b"sigill-card-response|1|" + challenge + parts)[:PART] + parts).hex()


def _hmac(key: bytes, message: bytes) -> bytes:
    return hmac.new(key, message, hashlib.sha256).digest()


def _xor(key: bytes, pad: bytes) -> bytes:
    return bytes(one ^ other for one, other in zip(key, pad[:PART], strict=True))
