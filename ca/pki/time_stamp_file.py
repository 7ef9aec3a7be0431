"""The file that tells a process without a database which key stamps time, and with which certificates."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Self

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ca.pki.signer import SignatureAlgorithm
from ca.pki.time_stamp import TimeStampAuthority

if TYPE_CHECKING:
    from pathlib import Path

FILE: Final = "tsa/signer.json"
"""Below the folder of published files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeStampSigner:
    """The label of the key that stamps, and who it stamps for."""

    label: str
    authority: TimeStampAuthority

    @property
    def certificate(self) -> x509.Certificate:
        """The certificate of the key."""
        return x509.load_der_x509_certificate(self.authority.chain_der[0])

    @property
    def public_key(self) -> bytes:
        """The SubjectPublicKeyInfo of the key."""
        key = self.certificate.public_key()
        return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def encode(self) -> bytes:
        """Return what the file holds; public, all of it."""
        authority = self.authority
        content = {
            "label": self.label,
            "algorithm": authority.algorithm.name,
            "policy": authority.policy,
            "accuracy_ms": authority.accuracy // timedelta(milliseconds=1),
            "certificates": [base64.b64encode(one).decode() for one in authority.chain_der],
        }
        return json.dumps(content, indent=1).encode() + b"\n"

    @classmethod
    def read(cls, file: Path) -> Self:
        """Read the file. Raises ``OSError`` and ``ValueError``."""
        content = json.loads(file.read_bytes())
        try:
            return cls(
                label=str(content["label"]),
                authority=TimeStampAuthority(
                    chain_der=tuple(base64.b64decode(one) for one in content["certificates"]),
                    algorithm=SignatureAlgorithm[content["algorithm"]],
                    policy=str(content["policy"]),
                    accuracy=timedelta(milliseconds=int(content["accuracy_ms"])),
                ),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"{file.name} does not say who stamps: {error!r}") from error
