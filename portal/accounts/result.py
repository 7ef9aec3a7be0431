"""What every login provider ends in, with the claim names of the identity provider."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthnResult:
    """Who proved what, when and how. `loa` is a URI; `amr` as in authn.md section 5."""

    personal_identity_number: str
    given_name: str
    surname: str
    hsa_id: str | None
    certificate_der: bytes
    certificate_sha256: str
    serial_number: int
    issuer_dn: str
    policy_oids: tuple[str, ...]
    loa: str
    amr: tuple[str, ...]
    auth_time: datetime
    carrier: str
    card_number: str | None
    evidence_id: str
