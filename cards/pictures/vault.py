"""Keeps pictures encrypted: a key for each, so that who destroys the row destroys the picture.

AES-256-GCM; the picture and its key are bound to the row that they belong to. The key of a picture is wrapped
by one that is derived from the installation's secret, as those of report files are.
"""

import secrets
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

_NONCE: Final = 12


class PictureUnreadable(Exception):
    """What is stored does not open: it was changed, or belongs to another row or installation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """An encrypted picture and its wrapped key."""

    content: bytes
    wrapped_key: bytes


def seal(picture_id: UUID, plain: bytes) -> Sealed:
    """Encrypt a picture for the row with this id."""
    key, bound = AESGCM.generate_key(bit_length=256), picture_id.bytes
    return Sealed(content=_encrypt(AESGCM(key), plain, bound), wrapped_key=_encrypt(_master(), key, bound))


def unseal(picture_id: UUID, sealed: Sealed) -> bytes:
    """Return the picture of the row with this id; raises ``PictureUnreadable``."""
    bound = picture_id.bytes
    try:
        return _decrypt(AESGCM(_decrypt(_master(), sealed.wrapped_key, bound)), sealed.content, bound)
    except (InvalidTag, ValueError) as error:
        raise PictureUnreadable(str(picture_id)) from error


def _encrypt(cipher: AESGCM, plain: bytes, bound: bytes) -> bytes:
    nonce = secrets.token_bytes(_NONCE)
    return nonce + cipher.encrypt(nonce, plain, bound)


def _decrypt(cipher: AESGCM, sealed: bytes, bound: bytes) -> bytes:
    return cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], bound)


def _master() -> AESGCM:
    return _derived(settings.SIGILL_JOURNAL_MASTER)


@lru_cache(maxsize=2)
def _derived(secret: str) -> AESGCM:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"sigill card pictures 1")
    return AESGCM(derived.derive(secret.encode()))
