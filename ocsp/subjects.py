"""Reads from the CA's tables what OCSP has to say: certificates, and serial numbers burnt after signing."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from django.db.models import Q, QuerySet

from ca.models import Certificate, SerialReservation
from ca.pki.serial import serial_hex
from ca.states import SerialState
from ocsp.presigning import Subject
from ocsp.wire.response import CertStatus

_FIELDS: Final = ("issuer_id", "serial_hex", "not_after", "revoked_at", "revocation_reason")
_BURNT: Final = ("issuer_id", "serial_hex", "not_after", "burnt_at")
_CHUNK: Final = 2000
_UNSPECIFIED: Final = 0


def of_certificate(certificate: Certificate) -> Subject:
    """Return what a certificate's row says now."""
    return _certificate(
        certificate.serial_hex, certificate.not_after, certificate.revoked_at, certificate.revocation_reason
    )


def of_serials(issuer_key: str, serial_numbers: Iterable[int]) -> dict[int, Subject]:
    """Return what the tables say of an issuer's serial numbers; those that they do not know are left out."""
    wanted = [serial_hex(number) for number in serial_numbers]
    burnt = _burnt().filter(issuer_id=issuer_key, serial_hex__in=wanted).values_list(*_BURNT)
    found = Certificate.objects.filter(issuer_id=issuer_key, serial_hex__in=wanted).values_list(*_FIELDS)
    subjects = [_burnt_serial(*row[1:]) for row in burnt] + [_certificate(*row[1:]) for row in found]
    return {subject.serial_number: subject for subject in subjects}


def unexpired(*, at: datetime, changed_since: datetime | None = None) -> Iterator[tuple[str, Subject]]:
    """Yield (issuer, subject) of all that has not ended; or only what is unpublished or changed lately."""
    certificates = Certificate.objects.filter(not_after__gt=at)
    burnt = _burnt().filter(not_after__gt=at)
    if changed_since is not None:
        certificates = certificates.filter(Q(published_at__isnull=True) | Q(revoked_at__gte=changed_since))
        burnt = burnt.filter(burnt_at__gte=changed_since)
    for issuer_key, *row in certificates.values_list(*_FIELDS).iterator(chunk_size=_CHUNK):
        yield issuer_key, _certificate(*row)
    for issuer_key, *row in burnt.values_list(*_BURNT).iterator(chunk_size=_CHUNK):
        yield issuer_key, _burnt_serial(*row)


def _burnt() -> QuerySet[SerialReservation]:
    """Return the serials that may have been signed though nobody recorded it (reliability F5, F36)."""
    return SerialReservation.objects.filter(state=SerialState.BURNT.value, not_after__isnull=False).exclude(
        crl_entry_der=b""
    )


def _certificate(
    number_hex: str, not_after: datetime, revoked_at: datetime | None, reason: int | None
) -> Subject:
    if revoked_at is None:
        return Subject(
            serial_number=int(number_hex, 16), not_after=int(not_after.timestamp()), status=CertStatus.GOOD
        )
    return Subject(
        serial_number=int(number_hex, 16),
        not_after=int(not_after.timestamp()),
        status=CertStatus.REVOKED,
        revoked_at=int(revoked_at.timestamp()),
        reason=reason,
    )


def _burnt_serial(number_hex: str, not_after: datetime, burnt_at: datetime) -> Subject:
    return _certificate(number_hex, not_after, burnt_at, _UNSPECIFIED)
