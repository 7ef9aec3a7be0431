"""What is asked for and how far it has come, as values."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ca.environments import Environment
from ca.pki.subject import SubjectFacts


class CarrierKind(StrEnum):
    """What holds the private key."""

    CARD = "card"
    MOBILE = "mobile"
    """The hardware of a phone (MOB-2)."""
    FUNCTION = "function"
    NONE = "none"
    """Our own key, in the HSM."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestState:
    """How far a request has come.

    ``state`` is ``requested``, ``signing``, ``issued``, ``published`` or ``failed``. A certificate may
    be handed out only when ``published``: before that its status cannot be asked for.
    """

    state: str
    certificate_id: str | None
    failure: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestDraft:
    """What is asked for; the arguments of ``request_certificate``, as a value."""

    profile: str
    subject: SubjectFacts
    public_key: bytes
    person_id: str
    organization_id: str
    carrier_kind: CarrierKind
    carrier_id: str
    name: str
    idempotency_key: str
    not_after: datetime | None = None
    issuer: str = ""
    environment: Environment = Environment.PROD

    @property
    def public_key_sha256(self) -> str:
        """SHA-256 of the SubjectPublicKeyInfo, in hex."""
        return hashlib.sha256(self.public_key).hexdigest()

    @property
    def fingerprint(self) -> str:
        """What makes it the same request, as a digest."""
        content: dict[str, object] = {
            "profile": self.profile,
            "subject": self.subject.to_json(),
            "public_key": self.public_key_sha256,
            "person": self.person_id,
            "organization": self.organization_id,
            "carrier": [self.carrier_kind.value, self.carrier_id, self.name],
        }
        if self.environment is not Environment.PROD:
            content["environment"] = self.environment.value
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
