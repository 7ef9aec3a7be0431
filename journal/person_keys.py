"""The keys under which each person's data in the journal is encrypted; who destroys the key erases the data.

A key is 256 random bits, wrapped (AES-256-GCM) by the installation's master key, one row for each data
subject. No key is ever cached by its subject: each use asks the row, so a key that was destroyed in one
process is gone in all.
"""

import secrets
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from journal.models import PersonKey

_NONCE_OCTETS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class DataKey:
    """A key as it may be used now; ``id`` names it beside what it encrypts."""

    id: uuid.UUID
    cipher: AESGCM

    def seal(self, plain: bytes, *, bound_to: bytes) -> bytes:
        """Encrypt; what comes back opens only together with the same ``bound_to``."""
        nonce = secrets.token_bytes(_NONCE_OCTETS)
        return nonce + self.cipher.encrypt(nonce, plain, bound_to)

    def open(self, sealed: bytes, *, bound_to: bytes) -> bytes:
        """Decrypt; raises ``InvalidTag`` when the octets are not those that were sealed."""
        return self.cipher.decrypt(sealed[:_NONCE_OCTETS], sealed[_NONCE_OCTETS:], bound_to)


def keys_for(subjects: Collection[str]) -> Mapping[str, DataKey]:
    """Return each data subject's key, making those that are missing, in the caller's transaction."""
    wanted = sorted(set(subjects))
    found = _stored(wanted)
    missing = [subject for subject in wanted if subject not in found]
    if missing:
        # In order, and without conflict: two transactions that meet a person first agree on one key.
        PersonKey.objects.bulk_create([_made(subject) for subject in missing], ignore_conflicts=True)
        found |= _stored(missing)
    return found


def keys_by_id(key_ids: Collection[uuid.UUID]) -> Mapping[uuid.UUID, DataKey]:
    """Return the keys that still exist and that the master key opens."""
    rows = PersonKey.objects.filter(pk__in=set(key_ids)).values_list("pk", "wrapped")
    opened = {}
    for key_id, wrapped in rows:
        try:
            opened[key_id] = _opened(key_id, bytes(wrapped))
        except InvalidTag:  # wrapped by another installation's master key: as good as destroyed here
            continue
    return opened


def _stored(subjects: Collection[str]) -> dict[str, DataKey]:
    rows = PersonKey.objects.filter(subject__in=subjects).values_list("subject", "pk", "wrapped")
    return {subject: _opened(key_id, bytes(wrapped)) for subject, key_id, wrapped in rows}


def _made(subject: str) -> PersonKey:
    key_id = uuid.uuid4()
    nonce = secrets.token_bytes(_NONCE_OCTETS)
    wrapped = nonce + _master(settings.SIGILL_JOURNAL_MASTER).encrypt(
        nonce, AESGCM.generate_key(bit_length=256), key_id.bytes
    )
    return PersonKey(pk=key_id, subject=subject, wrapped=wrapped)


@lru_cache(maxsize=4096)
def _opened(key_id: uuid.UUID, wrapped: bytes) -> DataKey:
    """Unwrap a key; remembered by its wrapped octets, so only those whose row is there are served."""
    nonce, octets = wrapped[:_NONCE_OCTETS], wrapped[_NONCE_OCTETS:]
    key = _master(settings.SIGILL_JOURNAL_MASTER).decrypt(nonce, octets, key_id.bytes)
    return DataKey(id=key_id, cipher=AESGCM(key))


@lru_cache(maxsize=2)
def _master(secret: str) -> AESGCM:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"sigill journal person keys 1")
    return AESGCM(derived.derive(secret.encode()))
