"""Reads the published files, so that pages claim only what lies there to be fetched."""

from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from django.conf import settings


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedCrl:
    """A revocation list as it lies ready to be fetched."""

    number: int
    this_update: datetime
    next_update: datetime | None
    size: int


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
