"""Requests and certificates of an installation, made as the portal and the worker make them."""

from datetime import UTC, datetime

from bench.installation import a_public_key
from ca.hsm.proxy import SocketSigners
from ca.issuance import issue_request
from ca.models import Certificate, CertificateRequest
from ca.pki.subject import SubjectFacts
from ca.registration import CarrierKind, RequestDraft, request_certificates
from directory.identifiers import luhn_digit
from journal.actor import Actor

ACTOR = Actor.system("bench")
PROFILE = "person_hsa_authentication"
_PERSON = "5f0c1cbb-0f43-4a7a-9d3c-0c8f0f3a7a10"
_ORGANIZATION = "5f0c1cbb-0f43-4a7a-9d3c-0c8f0f3a7a11"


def now() -> datetime:
    """Return the moment."""
    return datetime.now(tz=UTC)


def a_subject(number: int) -> SubjectFacts:
    """Return a person in service with a card of their own."""
    return SubjectFacts(
        common_name=f"Åsa Lindqvist {number}",
        given_name="Åsa",
        surname="Lindqvist",
        serial_number=f"SE2321009801-B{number:06d}",
        organization="Region Norr",
        locality="Luleå",
        title="Sjuksköterska",
        email="asa.lindqvist@norr.test",
        card_number=_card_number(number),
    )


def _card_number(number: int) -> str:
    payload = f"97522789{number:010d}"
    return payload + str(luhn_digit(payload))


def a_draft(number: int, public_key: bytes, *, purpose: str) -> RequestDraft:
    """Return what is asked for."""
    return RequestDraft(
        profile=PROFILE,
        subject=a_subject(number),
        public_key=public_key,
        person_id=_PERSON,
        organization_id=_ORGANIZATION,
        carrier_kind=CarrierKind.CARD,
        carrier_id=f"{purpose}-{number}",
        name="hsa_authentication",
        idempotency_key=f"{purpose}:{number}",
    )


def register(number: int, public_key: bytes, *, purpose: str) -> CertificateRequest:
    """Register a request in its own transaction."""
    (request,) = request_certificates([a_draft(number, public_key, purpose=purpose)], actor=ACTOR, at=now())
    return request


def issue_one(number: int, *, purpose: str, signers: SocketSigners) -> Certificate:
    """Register and issue one certificate."""
    request = register(number, a_public_key(), purpose=purpose)
    certificate = issue_request(request.pk, signers=signers, actor=ACTOR, at=now())
    if certificate is None:
        request.refresh_from_db()
        raise RuntimeError(f"the request was refused: {request.failure}")
    return certificate
