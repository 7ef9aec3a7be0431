"""Our own function certificate, by which HSA and PU know us (mTLS).

It cannot be ordered like others: what its owner is called is read from HSA, which answers only who shows it.
So it names this installation itself, and a command of the operator gets it right after the key ceremony.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from django.conf import settings

from ca.environments import Environment
from ca.pki.subject import SubjectFacts
from ca.registration import CarrierKind, request_certificate, request_state
from ca.selectors import certificate, certificate_pem, issuer_chain, kind_of_key_to_make
from journal.actor import Actor

PROFILE: Final = "function_client"
NAME: Final = "register_client"
CARRIER: Final = str(uuid5(NAMESPACE_URL, f"urn:sigill:{NAME}"))
RENEWED_WITHIN: Final = timedelta(days=60)


class NotIssued(Exception):
    """The request came to nothing; the message is the CA's reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterRequest:
    """A request under way, and the key that it is for."""

    request_id: str
    key_pem: bytes

    def __repr__(self) -> str:
        return f"RegisterRequest({self.request_id})"


def request(*, actor: Actor, at: datetime) -> RegisterRequest:
    """Make a key here and request a certificate for it. Before the ceremony: ``ca.errors.UnknownIssuer``."""
    key = _made_key(kind_of_key_to_make(PROFILE, Environment.PROD))
    public_key = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    found = request_certificate(
        profile=PROFILE,
        subject=SubjectFacts(
            common_name=f"{settings.SIGILL_PORTAL_NAME} register client",
            serial_number=settings.SIGILL_RP_ID,
            organization=settings.SIGILL_PORTAL_NAME,
        ),
        public_key=public_key,
        person_id="",
        organization_id="",
        carrier_kind=CarrierKind.FUNCTION.value,
        carrier_id=CARRIER,
        name=NAME,
        idempotency_key=f"{NAME}:{hashlib.sha256(public_key).hexdigest()}",
        actor=actor,
        at=at,
    )
    key_pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return RegisterRequest(request_id=str(found.pk), key_pem=key_pem)


def settle(request: RegisterRequest, file: Path) -> bool:
    """Write key and chain into one file once the certificate is published; tell whether it is.

    One file, replaced at once, so that nobody ever reads a key beside another's certificate. Raises
    ``NotIssued``.
    """
    state = request_state(request.request_id)
    if state.state == "failed":
        raise NotIssued(state.failure or "unknown")
    if state.state != "published" or state.certificate_id is None:
        return False
    issued = certificate(state.certificate_id)
    above = issuer_chain(issued.issuer_id)[:-1]  # who asks knows the root
    chain = [bytes(issued.certificate_der), *(bytes(one.certificate_der) for one in above)]
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = file.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_bytes(request.key_pem + "".join(map(certificate_pem, chain)).encode())
    draft.replace(file)
    return True


def valid_until(file: Path) -> datetime | None:
    """Return when the certificate in a file ends, or None when there is none that can be read."""
    try:
        return x509.load_pem_x509_certificates(file.read_bytes())[0].not_valid_after_utc
    except (OSError, ValueError, IndexError):
        return None


def _made_key(kind: str) -> ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey:
    family, _, size = kind.partition("-")
    if family == "rsa":
        return rsa.generate_private_key(public_exponent=65537, key_size=int(size))
    return ec.generate_private_key(ec.SECP384R1() if size == "p384" else ec.SECP256R1())
