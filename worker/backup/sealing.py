"""Encrypts a stream with a passphrase: scrypt makes the key, AES-256-GCM seals chunk after chunk.

Each chunk's nonce is its number and whether it is the last (the STREAM construction of Hoang, Reyhanitabar,
Rogaway and Vizár, 2015), so that no chunk can be moved, repeated or cut off. The key is of one file only.
"""

import os
from typing import BinaryIO, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from worker.backup.errors import BackupDamaged

MAGIC: Final = b"sigill-backup 1 scrypt aes-256-gcm\n"
_CHUNK: Final = 1024 * 1024
_SALT: Final = 16
_TAG: Final = 16


class SealedWriter:
    """What is written to it is encrypted into another file; ``close`` seals the last chunk."""

    def __init__(self, target: BinaryIO, passphrase: str) -> None:
        salt = os.urandom(_SALT)
        target.write(MAGIC + salt)
        self._target = target
        self._cipher = AESGCM(_key(passphrase, salt))
        self._number = 0
        self._waiting = bytearray()

    def write(self, content: bytes) -> int:
        """Take more octets."""
        self._waiting += content
        while len(self._waiting) > _CHUNK:
            self._seal(bytes(self._waiting[:_CHUNK]), is_last=False)
            del self._waiting[:_CHUNK]
        return len(content)

    def flush(self) -> None:
        """Do nothing: a chunk is written when it is full."""

    def close(self) -> None:
        """Write the last chunk; the file below stays open."""
        self._seal(bytes(self._waiting), is_last=True)
        self._waiting.clear()

    def _seal(self, chunk: bytes, *, is_last: bool) -> None:
        self._target.write(self._cipher.encrypt(_nonce(self._number, is_last=is_last), chunk, None))
        self._number += 1


class SealedReader:
    """Decrypts what ``SealedWriter`` wrote, from behind the magic on.

    ``read`` raises ``BackupDamaged`` for a wrong passphrase and for any change, cuts included.
    """

    def __init__(self, source: BinaryIO, passphrase: str) -> None:
        self._source = source
        self._cipher = AESGCM(_key(passphrase, source.read(_SALT)))
        self._number = 0
        self._ahead = source.read(_CHUNK + _TAG)
        self._plain = bytearray()

    def read(self, size: int = -1) -> bytes:
        """Return up to ``size`` octets, none at the end."""
        while self._ahead and (size < 0 or len(self._plain) < size):
            following = self._source.read(_CHUNK + _TAG)
            try:
                nonce = _nonce(self._number, is_last=not following)
                self._plain += self._cipher.decrypt(nonce, self._ahead, None)
            except InvalidTag as error:
                raise BackupDamaged("the passphrase does not open the backup, or it was changed") from error
            self._number += 1
            self._ahead = following
        taken = bytes(self._plain) if size < 0 else bytes(self._plain[:size])
        del self._plain[: len(taken)]
        return taken


def _key(passphrase: str, salt: bytes) -> bytes:
    # RFC 7914; 128 MiB of memory for each guess.
    return Scrypt(salt=salt, length=32, n=2**17, r=8, p=1).derive(passphrase.encode())


def _nonce(number: int, *, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([is_last])
