"""What the store keeps: signed answers, and whom they are by and about."""

import base64
import json
from dataclasses import dataclass
from struct import Struct
from typing import Final, Self

from ocsp.wire.response import CertStatus

_HEAD: Final = Struct(">BBHQQQQ")
_NO_REASON: Final = 255
HEAD_SIZE: Final = _HEAD.size
TAG_OCTETS: Final = 12
"""Octets at the end of a stored answer, its signature's last, that name it (its ETag)."""


class DamagedRecord(ValueError):
    """Bytes in the store that this program did not write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAnswer:
    """A status and the signed part of the answer that says so; times in seconds since 1970.

    ``not_after`` is the certificate's own end: before it, the store does not let the answer go.
    """

    status: CertStatus
    reason: int | None
    signer_id: int
    this_update: int
    next_update: int
    revoked_at: int
    not_after: int
    signed: bytes

    def encode(self) -> bytes:
        """Return the bytes that are stored."""
        reason = _NO_REASON if self.reason is None else self.reason
        head = _HEAD.pack(
            self.status.value,
            reason,
            self.signer_id,
            self.this_update,
            self.next_update,
            self.revoked_at,
            self.not_after,
        )
        return head + self.signed

    @classmethod
    def decode(cls, stored: bytes) -> Self:
        """Read stored bytes. Raises ``DamagedRecord``."""
        if len(stored) <= HEAD_SIZE:
            raise DamagedRecord("an answer that is cut off")
        status, reason, signer_id, this_update, next_update, revoked_at, not_after = _HEAD.unpack_from(stored)
        try:
            cert_status = CertStatus(status)
        except ValueError as error:
            raise DamagedRecord("a status that does not exist") from error
        return cls(
            status=cert_status,
            reason=None if reason == _NO_REASON else reason,
            signer_id=signer_id,
            this_update=this_update,
            next_update=next_update,
            revoked_at=revoked_at,
            not_after=not_after,
            signed=stored[HEAD_SIZE:],
        )


def peek(stored: bytes) -> tuple[int, int, int]:
    """Return (signer, thisUpdate, nextUpdate) of a stored answer without reading the rest of it.

    Raises ``DamagedRecord`` when the bytes are too few.
    """
    if len(stored) <= HEAD_SIZE:
        raise DamagedRecord("an answer that is cut off")
    head = _HEAD.unpack_from(stored)
    return head[2], head[3], head[4]


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerRecord:
    """An issuer that is ours; ``key_bits`` is its subjectPublicKey without the unused-bits octet.

    ``signer_id`` names the signer of new answers, None until there is one.
    """

    issuer_id: int
    name: str
    name_der: bytes
    key_bits: bytes
    signer_id: int | None

    def encode(self) -> bytes:
        """Return the bytes that are stored."""
        return json.dumps(
            {
                "name": self.name,
                "name_der": base64.b64encode(self.name_der).decode(),
                "key_bits": base64.b64encode(self.key_bits).decode(),
                "signer_id": self.signer_id,
            }
        ).encode()

    @classmethod
    def decode(cls, issuer_id: int, stored: bytes) -> Self:
        """Read stored bytes. Raises ``DamagedRecord``."""
        try:
            fields = json.loads(stored)
            return cls(
                issuer_id=issuer_id,
                name=fields["name"],
                name_der=base64.b64decode(fields["name_der"]),
                key_bits=base64.b64decode(fields["key_bits"]),
                signer_id=fields["signer_id"],
            )
        except (ValueError, KeyError, TypeError) as error:
            raise DamagedRecord("an issuer that cannot be read") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerRecord:
    """An OCSP signer: its certificate, the label of its key in the HSM, and how that key signs.

    ``key_hash`` is the SHA-1 of the key, by which answers name the responder (RFC 6960 4.2.1).
    """

    signer_id: int
    issuer_id: int
    label: str
    algorithm: str
    certificate_der: bytes
    key_hash: bytes
    public_key: bytes
    not_after: int

    def encode(self) -> bytes:
        """Return the bytes that are stored."""
        return json.dumps(
            {
                "issuer_id": self.issuer_id,
                "label": self.label,
                "algorithm": self.algorithm,
                "certificate_der": base64.b64encode(self.certificate_der).decode(),
                "key_hash": self.key_hash.hex(),
                "public_key": base64.b64encode(self.public_key).decode(),
                "not_after": self.not_after,
            }
        ).encode()

    @classmethod
    def decode(cls, signer_id: int, stored: bytes) -> Self:
        """Read stored bytes. Raises ``DamagedRecord``."""
        try:
            fields = json.loads(stored)
            return cls(
                signer_id=signer_id,
                issuer_id=fields["issuer_id"],
                label=fields["label"],
                algorithm=fields["algorithm"],
                certificate_der=base64.b64decode(fields["certificate_der"]),
                key_hash=bytes.fromhex(fields["key_hash"]),
                public_key=base64.b64decode(fields["public_key"]),
                not_after=fields["not_after"],
            )
        except (ValueError, KeyError, TypeError) as error:
            raise DamagedRecord("a signer that cannot be read") from error
