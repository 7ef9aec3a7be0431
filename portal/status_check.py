"""Asks the status services as any relying party does, so that pages claim only what was seen."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.error import URLError
from urllib.request import Request, urlopen

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from django.conf import settings

_PATIENCE_SECONDS: Final = 1.5
_MOST_OCTETS: Final = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the OCSP responder said of one certificate."""

    is_revoked: bool
    this_update: datetime
    next_update: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedCrl:
    """A revocation list as it lies ready to be fetched."""

    number: int
    this_update: datetime
    next_update: datetime | None
    size: int


def ask_ocsp(certificate_der: bytes, *, issuer_der: bytes) -> Seen | None:
    """Ask the responder about a certificate; None when there was no usable answer in time.

    Serves a page, not a decision: the answer's signature is not checked here (``authn`` does, at login).
    """
    certificate, issuer = (x509.load_der_x509_certificate(der) for der in (certificate_der, issuer_der))
    question = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, SHA256()).build()
    request = Request(  # noqa: S310 - our own status service
        f"{settings.SIGILL_STATUS_URL}/ocsp",
        data=question.public_bytes(Encoding.DER),
        headers={"Content-Type": "application/ocsp-request"},
    )
    try:
        with urlopen(request, timeout=_PATIENCE_SECONDS) as answered:  # noqa: S310 - as above
            answer = ocsp.load_der_ocsp_response(answered.read(_MOST_OCTETS))
    except (URLError, OSError, ValueError):
        return None
    if answer.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        return None
    return Seen(
        is_revoked=answer.certificate_status is ocsp.OCSPCertStatus.REVOKED,
        this_update=answer.this_update_utc,
        next_update=answer.next_update_utc,
    )


def published_crl(file_stem: str) -> PublishedCrl | None:
    """Return what the published file of an issuer's CRL says of itself; None when there is none."""
    path = settings.SIGILL_PUBLIC / "crl" / f"{file_stem}.crl"
    try:
        der = path.read_bytes()
        crl = x509.load_der_x509_crl(der)
        number = crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    except (OSError, ValueError, x509.ExtensionNotFound):
        return None
    return PublishedCrl(
        number=number,
        this_update=crl.last_update_utc.astimezone(UTC),
        next_update=crl.next_update_utc,
        size=len(der),
    )
