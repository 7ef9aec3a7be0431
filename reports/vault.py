"""Keeps the files of reports encrypted: a key for each, so that who destroys the key destroys the file.

AES-256-GCM in pieces of a megabyte. Each piece is bound to the file, its number, and whether it is the last,
so that none can be changed, moved or left out.
"""

import hashlib
import os
import secrets
import struct
from collections.abc import Iterator
from functools import lru_cache
from io import RawIOBase
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

_PIECE: Final = 1 << 20
_TAG: Final = 16
_NONCE: Final = 12


class FileGone(Exception):
    """The file is not there any more, or not as it was written."""


def folder() -> Path:
    """Return where the files lie; only this account may read it."""
    place = Path(settings.SIGILL_HOME) / "reports" / "kept"
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    return place


def remove(name: str) -> None:
    """Remove a file, if it is there."""
    (folder() / name).unlink(missing_ok=True)


class VaultWriter(RawIOBase):
    """Writes a file that only its key opens; ``sha256`` and ``octets`` are of what was given."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name, self._key = name, AESGCM.generate_key(bit_length=256)
        self._cipher, self._number, self._waiting = AESGCM(self._key), 0, bytearray()
        self._digest, self.octets = hashlib.sha256(), 0
        self._draft = folder() / f".{name}.draft"
        self._handle = os.fdopen(os.open(self._draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")

    @property
    def sha256(self) -> str:
        """Return the digest of what was written so far."""
        return self._digest.hexdigest()

    @property
    def wrapped_key(self) -> bytes:
        """Return the file's key, wrapped by the installation's."""
        nonce = secrets.token_bytes(_NONCE)
        return nonce + _master(settings.SIGILL_JOURNAL_MASTER).encrypt(nonce, self._key, self._name.encode())

    def writable(self) -> bool:
        """Tell that it can be written."""
        return True

    def write(self, octets: bytes) -> int:  # type: ignore[override] # bytes are all that is written here
        """Add octets."""
        self._digest.update(octets)
        self.octets += len(octets)
        self._waiting += octets
        while len(self._waiting) > _PIECE:
            self._put(bytes(self._waiting[:_PIECE]), is_last=False)
            del self._waiting[:_PIECE]
        return len(octets)

    def finish(self) -> None:
        """Write what is left, and put the file in its place, on disk."""
        self._put(bytes(self._waiting), is_last=True)
        self._handle.flush()
        os.fsync(self._handle.fileno())
        self._handle.close()
        self._draft.replace(folder() / self._name)

    def discard(self) -> None:
        """Leave nothing behind."""
        self._handle.close()
        self._draft.unlink(missing_ok=True)

    def _put(self, piece: bytes, *, is_last: bool) -> None:
        nonce, bound = _place(self._name, self._number, is_last=is_last)
        self._handle.write(self._cipher.encrypt(nonce, piece, bound))
        self._number += 1


def read(name: str, wrapped_key: bytes) -> Iterator[bytes]:
    """Yield the octets of a file; raises ``FileGone`` when it or its key is not there, or was changed."""
    try:
        key = _master(settings.SIGILL_JOURNAL_MASTER).decrypt(
            wrapped_key[:_NONCE], wrapped_key[_NONCE:], name.encode()
        )
        with (folder() / name).open("rb") as handle:
            cipher, number, piece = AESGCM(key), 0, handle.read(_PIECE + _TAG)
            while piece:
                following = handle.read(_PIECE + _TAG)
                nonce, bound = _place(name, number, is_last=not following)
                yield cipher.decrypt(nonce, piece, bound)
                number, piece = number + 1, following
    except (OSError, InvalidTag, ValueError) as error:
        raise FileGone(name) from error


def _place(name: str, number: int, *, is_last: bool) -> tuple[bytes, bytes]:
    """Return the nonce of a piece (its key is used for this file alone) and what it is bound to."""
    return struct.pack(">IQ", int(is_last), number), f"{name} {number} {is_last}".encode()


@lru_cache(maxsize=2)
def _master(secret: str) -> AESGCM:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"sigill report files 1")
    return AESGCM(derived.derive(secret.encode()))
