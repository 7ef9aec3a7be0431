"""The signed envelope that every ACME request comes in: JWS in flattened JSON (RFC 8555 section 6.2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from functioncerts.acme.encoded import from_base64url, json_object
from functioncerts.acme.errors import malformed

LONGEST: Final = 65_536
"""Octets of a request's body: a CSR with twenty names and an RSA key of 4096 bits has about 5 000."""
_MEMBERS: Final = frozenset({"protected", "payload", "signature"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A JWS that is well formed; nothing in it is proved yet."""

    protected: Mapping[str, object]
    payload: bytes
    signed: bytes
    """What the signature is over (RFC 7515 section 5.1)."""
    signature: bytes

    def text(self, name: str) -> str:
        """Return a member of the protected header that must be text; raises AcmeProblem (malformed)."""
        value = self.protected.get(name)
        if not isinstance(value, str) or not value:
            raise malformed(f"the protected header lacks {name}")
        return value


def read_envelope(content: bytes) -> Envelope:
    """Return the envelope in a request's body; raises AcmeProblem (malformed)."""
    if len(content) > LONGEST:
        raise malformed(f"the request is longer than {LONGEST} octets", status=413)
    return envelope_of(json_object(content, "the request"), "the request")


def envelope_of(told: object, what: str) -> Envelope:
    """Return the envelope that a JSON object is; raises AcmeProblem (malformed)."""
    if not isinstance(told, dict) or set(told) != _MEMBERS:
        raise malformed(
            f"{what} is a flattened JWS with the members {', '.join(sorted(_MEMBERS))} and no other"
        )
    protected = json_object(from_base64url(told["protected"], "protected"), "the protected header")
    if "crit" in protected or protected.get("b64", True) is not True:
        raise malformed("no extension of JWS is understood here (crit, b64)")
    return Envelope(
        protected=protected,
        payload=from_base64url(told["payload"], "payload"),
        signed=f"{told['protected']}.{told['payload']}".encode(),
        signature=from_base64url(told["signature"], "signature"),
    )
