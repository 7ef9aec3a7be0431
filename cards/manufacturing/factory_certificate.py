"""The function certificate of a card factory that stands here, from the request that it wrote.

Any other factory's is ordered like every function certificate; ``SIGILL_FACTORY_CERTIFICATE`` names its file.
"""

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings

from ca.pki.subject import SubjectFacts
from ca.registration import CarrierKind, request_certificate, request_state
from ca.selectors import certificate, certificate_pem, issuer_chain
from journal.actor import Actor

PROFILE: Final = "function_client"
NAME: Final = "card_factory"
HSA_ID: Final = "SE0000000000-FACTORY"
CARRIER: Final = str(uuid5(NAMESPACE_URL, f"urn:sigill:{NAME}"))


class NotIssued(Exception):
    """The request came to nothing, or cannot be read; the message says why."""


def request_for_factory(csr_pem: bytes, *, actor: Actor, at: datetime) -> str:
    """Request a certificate for the key in a PKCS#10 request, and return the request's id.

    Raises ``NotIssued``, and what ``ca.registration`` raises.
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
        idempotency_key=f"{NAME}:{hashlib.sha256(public_key).hexdigest()}",
        actor=actor,
        at=at,
    )
    return str(found.pk)


def write_when_issued(request_id: str, file: Path) -> bool:
    """Write certificate and chain once published, replacing the file at once; tell whether they are.

    Raises ``NotIssued``.
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
    draft.write_text("".join(map(certificate_pem, chain)))
    draft.replace(file)
    return True
