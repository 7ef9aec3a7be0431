"""Keeps a password encrypted for the moments until an SMS centre has taken it, so that it can be sent again.

AES-256-GCM, bound to its row, under a key derived from the installation's secret, which no database holds.
"""

import secrets
from functools import lru_cache
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

_NONCE: Final = 12


def seal(row: UUID, password: str) -> bytes:
    """Return the password encrypted for the row with this id."""
    nonce = secrets.token_bytes(_NONCE)
    return nonce + _cipher(settings.SIGILL_JOURNAL_MASTER).encrypt(nonce, password.encode(), row.bytes)


def unseal(row: UUID, sealed: bytes) -> str:
    """Return the password of a row; raises cryptography's InvalidTag for what was changed or moved."""
    plain = _cipher(settings.SIGILL_JOURNAL_MASTER).decrypt(sealed[:_NONCE], sealed[_NONCE:], row.bytes)
    return plain.decode()


@lru_cache(maxsize=2)
def _cipher(secret: str) -> AESGCM:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"sigill function passwords 1")
    return AESGCM(derived.derive(secret.encode()))
