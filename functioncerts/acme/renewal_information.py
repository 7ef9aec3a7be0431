"""When a certificate should be renewed (ARI, RFC 9773): a window that opens at once when it was revoked."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509

from ca.models import Certificate
from ca.pki.serial import hex_of, serial_content
from ca.selectors import find_by_serial
from functioncerts.acme.encoded import base64url, from_base64url
from functioncerts.acme.errors import AcmeProblem
from functioncerts.models import FunctionOrder

RENEWAL_BEGINS: Final = timedelta(days=60)
"""Before the end (domain.md 5); of a certificate that lives shorter, a third of its life."""
ASK_AGAIN: Final = timedelta(hours=6)
_LONGEST_SERIAL: Final = 21


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedCertificate:
    """A function certificate and the order it came from."""

    certificate: Certificate
    order: FunctionOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """From when until when a client should renew, at a moment of its own choice."""

    start: datetime
    end: datetime


def certificate_id(certificate_der: bytes) -> str:
    """Return the id of a certificate: its issuer's key and its serial number (RFC 9773 section 4.1)."""
    read = x509.load_der_x509_certificate(certificate_der)
    serial = serial_content(f"{read.serial_number:x}".zfill(2 * ((read.serial_number.bit_length() + 7) // 8)))
    return f"{base64url(_key_identifier(read))}.{base64url(serial)}"


def certificate_named(text: str) -> NamedCertificate | None:
    """Return the function certificate with this id, or None for any other text."""
    issuer_text, dot, serial_text = text.partition(".")
    try:
        key_identifier, content = from_base64url(issuer_text, ""), from_base64url(serial_text, "")
    except AcmeProblem:
        return None
    if not dot or not 0 < len(content) <= _LONGEST_SERIAL or serial_content(hex_of(content)) != content:
        return None
    for one in find_by_serial(f"0x{hex_of(content)}"):
        if _key_identifier(x509.load_der_x509_certificate(bytes(one.certificate_der))) == key_identifier:
            return _named(one)
    return None


def certificate_of_der(certificate_der: bytes) -> NamedCertificate | None:
    """Return the function certificate that these octets are, or None."""
    try:
        read = x509.load_der_x509_certificate(certificate_der)
        serial = read.serial_number
    except ValueError:
        return None
    for one in find_by_serial(f"0x{serial:x}") if serial > 0 else ():
        if bytes(one.certificate_der) == certificate_der:
            return _named(one)
    return None


def window_of(certificate: Certificate) -> Window:
    """Return when a certificate should be renewed; for a revoked one, since it was revoked."""
    if certificate.revoked_at is not None:
        return Window(start=certificate.revoked_at - timedelta(hours=1), end=certificate.revoked_at)
    life = certificate.not_after - certificate.not_before
    before = min(RENEWAL_BEGINS, life / 3)
    return Window(start=certificate.not_after - before, end=certificate.not_after - before / 2)


def _named(certificate: Certificate) -> NamedCertificate | None:
    orders = FunctionOrder.objects.select_related("function_object")
    order = orders.filter(certificate_id=str(certificate.pk)).first()
    return None if order is None else NamedCertificate(certificate=certificate, order=order)


def _key_identifier(read: x509.Certificate) -> bytes:
    extension = read.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
    return extension.value.key_identifier or b""
