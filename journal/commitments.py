"""The commitment that a leaf holds to what stands outside it: HMAC-SHA256 under a salt that nobody can guess.

The salt is kept only inside the encrypted part. When a person's key is destroyed the salt goes with it, so
nobody can find out by trying whether a leaf tells of a certain name, number or address.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

SALT_OCTETS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What opens a commitment: the salt, and the fields that it was made over."""

    salt: bytes
    fields: Mapping[str, str]

    def commitment(self) -> bytes:
        """Return the 32 octets that the leaf holds."""
        return hmac.new(self.salt, canonical(self.fields).encode(), hashlib.sha256).digest()

    def as_json(self) -> dict[str, object]:
        """Return the opening as an export carries it."""
        return {"salt": self.salt.hex(), "fields": dict(self.fields)}


def opening_of(fields: Mapping[str, str]) -> Opening:
    """Return an opening of these fields with a fresh salt."""
    return Opening(salt=secrets.token_bytes(SALT_OCTETS), fields=dict(fields))


def canonical(fields: Mapping[str, str]) -> str:
    """Return the fields as JSON with sorted keys and no spaces."""
    return json.dumps(dict(fields), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
