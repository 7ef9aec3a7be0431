"""The function certificate of a card factory that stands here, from the request that it wrote.

Any other factory's is ordered like every function certificate; ``SIGILL_FACTORY_CERTIFICATE`` names its file.
"""

import hashlib
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings

from ca.models import Certificate
from ca.pki.subject import SubjectFacts
from ca.registration import CarrierKind, request_certificate, request_state
from ca.selectors import certificate, certificate_pem, issuer_chain
from journal.actor import Actor

PROFILE: Final = "function_client"
NAME: Final = "card_factory"
HSA_ID: Final = "SE0000000000-FACTORY"
CARRIER: Final = str(uuid5(NAMESPACE_URL, f"urn:sigill:{NAME}"))


_PROFILES: Final = frozenset({PROFILE, "function_server", "function_email"})
RENEWED_WITHIN: Final = timedelta(days=60)


class FactoryCertificateRefused(Exception):
    """A certificate of the factory that may not be used now; ``problem`` is a code."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


class NotIssued(Exception):
    """The request came to nothing, or cannot be read; the message says why."""


def request_for_factory(csr_pem: bytes, *, after: str = "", actor: Actor, at: datetime) -> str:
    """Request a certificate for the key in a PKCS#10 request, and return the request's id.

    The same request for the same key, however often; ``after`` is the serial number of the certificate that
    this one follows. Raises ``NotIssued``, and what ``ca.registration`` raises.
    """
    try:
        csr = x509.load_pem_x509_csr(csr_pem)
    except ValueError as error:
        raise NotIssued("the factory's request cannot be read") from error
    if not csr.is_signature_valid:
        raise NotIssued("the factory's request is not signed by its key")
    public_key = csr.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    found = request_certificate(
        profile=PROFILE,
        subject=SubjectFacts(
            common_name=f"{settings.SIGILL_PORTAL_NAME} card factory",
            serial_number=HSA_ID,
            organization=settings.SIGILL_PORTAL_NAME,
        ),
        public_key=public_key,
        person_id="",
        organization_id="",
        carrier_kind=CarrierKind.FUNCTION.value,
        carrier_id=CARRIER,
        name=NAME,
        idempotency_key=":".join(filter(None, (NAME, hashlib.sha256(public_key).hexdigest(), after))),
        actor=actor,
        at=at,
    )
    return str(found.pk)


def write_when_issued(request_id: str, file: Path) -> bool:
    """Write certificate and chain once published, replacing the file at once; tell whether they are.

    The certificate that was there stays below: what the factory signed with it may be unread. Raises
    ``NotIssued``.
    """
    state = request_state(request_id)
    if state.state == "failed":
        raise NotIssued(state.failure or "unknown")
    if state.state != "published" or state.certificate_id is None:
        return False
    issued = certificate(state.certificate_id)
    above = issuer_chain(issued.issuer_id)[:-1]  # whom the factory writes to knows the root
    chain = [bytes(issued.certificate_der), *(bytes(one.certificate_der) for one in above)]
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = file.with_suffix(".draft")
    before = [one.public_bytes(Encoding.DER) for one in present(file)[:1]]
    kept = [one for one in before if one not in chain]
    draft.write_text("".join(map(certificate_pem, [*chain, *kept])))
    draft.replace(file)
    return True


def present(file: Path) -> list[x509.Certificate]:
    """Return what is in the file, the factory's own certificate first; nothing where none can be read."""
    try:
        return x509.load_pem_x509_certificates(file.read_bytes())
    except (OSError, ValueError):
        return []


def lasting_until(file: Path, *, at: datetime) -> datetime | None:
    """Return until when the certificate in the file can be used, or None when the next one is needed now."""
    try:
        found = present(file)[0]
        demand_usable(found, at=at)
    except (IndexError, FactoryCertificateRefused):
        return None
    ends = found.not_valid_after_utc
    return ends if ends - at > RENEWED_WITHIN else None


def demand_usable(certificate: x509.Certificate, *, at: datetime) -> None:
    """Raise ``FactoryCertificateRefused`` for what is no function certificate of ours, valid, not revoked.

    Our own rows are asked, which know of a revocation first; the issuer's signature is checked all the same.
    """
    sha256 = hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()
    row = Certificate.objects.select_related("issuer").filter(sha256=sha256).first()
    if row is None or row.profile not in _PROFILES:
        raise FactoryCertificateRefused("factory_certificate_unknown")
    if row.revoked_at is not None:
        raise FactoryCertificateRefused("factory_certificate_revoked")
    if not certificate.not_valid_before_utc <= at < certificate.not_valid_after_utc:
        raise FactoryCertificateRefused("factory_certificate_expired")
    if not isinstance(certificate.public_key(), rsa.RSAPublicKey):
        raise FactoryCertificateRefused("factory_certificate_recipient_key")
    try:
        certificate.verify_directly_issued_by(
            x509.load_der_x509_certificate(bytes(row.issuer.certificate_der))
        )
    except (ValueError, TypeError, InvalidSignature) as error:
        raise FactoryCertificateRefused("factory_certificate_unknown") from error
