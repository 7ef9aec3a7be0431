"""Lints on the entries of a to-be-signed CRL (RFC 5280 §5.1.2.6, §5.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography import x509

from ca.pki.crl_reading import CRL_LINTS, CrlReading
from ca.pki.serial import SERIAL_LIMIT
from ca.pki.vocabulary import ExtensionId

if TYPE_CHECKING:
    from collections.abc import Iterator

_ENTRY_EXTENSIONS = frozenset({ExtensionId.REASON_CODE, ExtensionId.INVALIDITY_DATE})


@CRL_LINTS.rule("RFC 5280 §5.1.2.6")
def an_empty_list_is_left_out(reading: CrlReading) -> Iterator[str]:
    """When nothing is revoked, revokedCertificates is absent."""
    revoked = reading.fields.revoked
    if revoked is not None and revoked[0] == revoked[1]:
        yield "revokedCertificates is there and empty"


@CRL_LINTS.rule("RFC 5280 §5.1.2.6; Actalis 1943379: a duplicate row gave a duplicate entry")
def serial_numbers_stand_once(reading: CrlReading) -> Iterator[str]:
    """Every serial number in the list is different."""
    if reading.entries.doubles:
        yield f"{reading.entries.doubles} serial numbers stand there more than once"


@CRL_LINTS.rule("RFC 5280 §4.1.2.2, §5.1.2.6")
def revoked_serial_numbers_are_in_range(reading: CrlReading) -> Iterator[str]:
    """Positive and below 2^159."""
    for entry in reading.sample:
        if not 0 < entry.serial_number < SERIAL_LIMIT:
            yield "a serial number that no certificate has"


@CRL_LINTS.rule("RFC 5280 §5.1.2.6")
def revocations_lie_in_the_past(reading: CrlReading) -> Iterator[str]:
    """No revocation after thisUpdate."""
    this_update = reading.crl.last_update_utc
    for entry in reading.sample:
        if entry.revocation_date_utc > this_update:
            yield f"{entry.serial_number:x} is revoked after thisUpdate"


@CRL_LINTS.rule("RFC 5280 §5.3")
def entry_extensions_are_known_and_not_critical(reading: CrlReading) -> Iterator[str]:
    """Only reasonCode and invalidityDate, never critical; no certificateIssuer."""
    for entry in reading.sample:
        for extension in entry.extensions:
            if extension.oid.dotted_string not in _ENTRY_EXTENSIONS or extension.critical:
                yield f"{entry.serial_number:x}: {extension.oid.dotted_string}"


@CRL_LINTS.rule("RFC 5280 §5.3.1")
def reasons_are_said_rightly(reading: CrlReading) -> Iterator[str]:
    """Unspecified is said by silence, removeFromCRL in delta CRLs only."""
    for entry in reading.sample:
        for extension in entry.extensions:
            if isinstance(extension.value, x509.CRLReason):
                reason = extension.value.reason
                if reason is x509.ReasonFlags.unspecified:
                    yield f"{entry.serial_number:x}: unspecified is written out"
                if reason is x509.ReasonFlags.remove_from_crl and not reading.is_delta:
                    yield f"{entry.serial_number:x}: removeFromCRL in a full CRL"


@CRL_LINTS.rule("RFC 5280 §5.3.2")
def invalidity_precedes_revocation(reading: CrlReading) -> Iterator[str]:
    """InvalidityDate is not after the revocation."""
    for entry in reading.sample:
        for extension in entry.extensions:
            value = extension.value
            if isinstance(value, x509.InvalidityDate) and (
                value.invalidity_date_utc > entry.revocation_date_utc
            ):
                yield f"{entry.serial_number:x} became invalid after it was revoked"


@CRL_LINTS.rule("RFC 5280 §4.1.2.5, §5.3.2: notBefore of the issuer comes before all that it issued")
def invalidity_lies_in_the_issuers_life(reading: CrlReading) -> Iterator[str]:
    """InvalidityDate is not before the issuer's notBefore: none of its certificates was valid then."""
    issuer_der = reading.issuer.certificate_der
    if issuer_der is None:
        return
    begins = x509.load_der_x509_certificate(issuer_der).not_valid_before_utc
    for entry in reading.sample:
        for extension in entry.extensions:
            value = extension.value
            if isinstance(value, x509.InvalidityDate) and value.invalidity_date_utc < begins:
                yield f"{entry.serial_number:x} became invalid before its issuer began"
