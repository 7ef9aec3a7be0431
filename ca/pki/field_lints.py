"""Lints on the basic fields of a certificate: version, serial number, algorithm, issuer, validity, key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ca.pki import dates
from ca.pki.certificate_reading import CERTIFICATE_LINTS, CertificateReading
from ca.pki.keys import key_identifier, key_name
from ca.pki.lints import Severity, differences
from ca.pki.serial import SERIAL_LIMIT
from ca.pki.vocabulary import ExtensionId, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

_VERSION_3 = 2
_FEWEST_SERIAL_BITS = 64
_ADVISED_RSA_BITS = 3072


@CERTIFICATE_LINTS.rule("RFC 5280 §4.1; X.690 §10, §11")
def bytes_are_a_der_certificate(reading: CertificateReading) -> Iterator[str]:
    """Our own reader and cryptography's read all of the bytes, refusing what is BER and not DER."""
    yield from differences(reading.tbs_der, reading.certificate.tbs_certificate_bytes)


@CERTIFICATE_LINTS.rule("RFC 5280 §4.1.2.1")
def version_is_3(reading: CertificateReading) -> Iterator[str]:
    """Certificates with extensions are v3."""
    if reading.fields.version != _VERSION_3:
        yield f"the version is {reading.fields.version + 1}"


@CERTIFICATE_LINTS.rule("RFC 5280 §4.1.2.2; BR 7.1.2")
def serial_number_is_positive_and_short(reading: CertificateReading) -> Iterator[str]:
    """More than 0 and less than 2^159."""
    if not 0 < reading.fields.serial_number < SERIAL_LIMIT:
        yield "the serial number is not between 0 and 2^159"


@CERTIFICATE_LINTS.rule("BR 7.1.2: at least 64 bits from a CSPRNG")
def serial_number_has_room_for_64_random_bits(reading: CertificateReading) -> Iterator[str]:
    """Anything shorter cannot have come from new_serial."""
    if reading.fields.serial_number.bit_length() < _FEWEST_SERIAL_BITS:
        yield "the serial number is shorter than 64 bits"


@CERTIFICATE_LINTS.rule("RFC 5280 §4.1.1.2, §4.1.2.3; RFC 5758 §3.2; RFC 4055 §5")
def signature_algorithm_is_the_issuers(reading: CertificateReading) -> Iterator[str]:
    """AlgorithmIdentifier is the issuer's, to the octet (parameters included)."""
    if reading.fields.signature != reading.issuer.signature_algorithm.identifier_der:
        yield f"the issuer signs with {reading.issuer.signature_algorithm.name}"


@CERTIFICATE_LINTS.rule("RFC 5280 §4.1.2.4, §6.1.3 (a)(4)")
def issuer_name_is_the_issuers_subject(reading: CertificateReading) -> Iterator[str]:
    """Issuer field is the issuer's subject, to the octet."""
    if reading.fields.issuer != reading.issuer.name_der:
        yield "the issuer field is not the issuer's subject"


@CERTIFICATE_LINTS.rule("RFC 5280 §4.1.2.8")
def unique_identifiers_are_absent(reading: CertificateReading) -> Iterator[str]:
    """CAs must not write issuerUniqueID or subjectUniqueID."""
    for field in reading.fields.unique_identifiers:
        yield f"{field} is there"


@CERTIFICATE_LINTS.rule("RFC 5280 §4.1.2.5")
def dates_are_written_as_their_year_asks(reading: CertificateReading) -> Iterator[str]:
    """UTCTime through 2049, GeneralizedTime from 2050; whole seconds and Z."""
    fields = reading.fields
    for field, (tag, text) in (("not_before", fields.not_before), ("not_after", fields.not_after)):
        if not dates.is_written_as_its_year_asks(tag, text):
            yield f"{field} is written {text.decode('ascii', 'replace')} with the tag {tag:#04x}"


@CERTIFICATE_LINTS.rule("RFC 5280 §4.1.2.5; Let's Encrypt 2021-06-08: one second too long")
def validity_is_within_the_profile(reading: CertificateReading) -> Iterator[str]:
    """Positive, and no longer than the profile allows with the last second counted."""
    certificate = reading.certificate
    lasts = dates.duration(certificate.not_valid_before_utc, certificate.not_valid_after_utc)
    if not dates.SECOND < lasts <= reading.profile.max_validity:
        yield f"valid for {lasts}, the profile allows {reading.profile.max_validity}"


@CERTIFICATE_LINTS.rule("RFC 5280 §4.1.2.5; reliability F12: notBefore never ahead")
def validity_has_begun(reading: CertificateReading) -> Iterator[str]:
    """NotBefore lies at the moment of issuing or before it."""
    if reading.at is not None and reading.certificate.not_valid_before_utc > reading.at:
        yield "notBefore lies ahead of the moment of issuing"


@CERTIFICATE_LINTS.rule("RFC 5280 §6.1.3 (a)(2)")
def validity_ends_with_the_issuers(reading: CertificateReading) -> Iterator[str]:
    """Nothing that outlives its issuer can be validated to its end."""
    issuer_ends = reading.issuer.not_after
    if issuer_ends is not None and reading.certificate.not_valid_after_utc > issuer_ends:
        yield f"notAfter lies after the issuer's {issuer_ends.isoformat()}"


@CERTIFICATE_LINTS.rule("RFC 5480 §2; BR 6.1.5; the hierarchy's key classes")
def public_key_is_of_an_accepted_kind(reading: CertificateReading) -> Iterator[str]:
    """Each hierarchy says which keys a class of certificates takes."""
    key_class = reading.issuer.hierarchy.key_class(reading.profile.key_class)
    if not key_class.takes(reading.public_key):
        yield f"{key_name(reading.public_key)} is not taken by the class {key_class.name}"


@CERTIFICATE_LINTS.rule("NIST SP 800-57 part 1 §5.6.3; BSI TR-02102-1", severity=Severity.WARNING)
def rsa_key_has_3072_bits(reading: CertificateReading) -> Iterator[str]:
    """RSA-2048 is accepted for what lives short or is somebody else's choice, and pointed out."""
    name = key_name(reading.public_key)
    if name.startswith("rsa-") and int(name.removeprefix("rsa-")) < _ADVISED_RSA_BITS:
        yield f"{name} is shorter than {_ADVISED_RSA_BITS} bits"


@CERTIFICATE_LINTS.rule("RFC 5280 §3.2, §4.2.1.1: self-issued")
def only_a_root_certifies_its_own_key(reading: CertificateReading) -> Iterator[str]:
    """Only a root has its issuer's name and key; no other certificate has either of them."""
    same_key = reading.public_key == reading.issuer.public_key
    same_name = reading.fields.subject == reading.issuer.name_der
    expected = reading.profile.kind is Kind.ROOT
    if same_key is not expected:
        yield "the issuer's own key" if same_key else "a root with another key than its issuer's"
    if same_name is not expected:
        yield "the issuer's own name" if same_name else "a root with another name than its issuer's"


@CERTIFICATE_LINTS.rule("RFC 5280 §4.2.1.2 method 1")
def subject_key_identifier_is_of_the_key(reading: CertificateReading) -> Iterator[str]:
    """SHA-1 over the bits of the subject's public key."""
    value = reading.raw_extension(ExtensionId.SUBJECT_KEY_IDENTIFIER)
    if value is None or value[2:] != key_identifier(reading.public_key):
        yield "the identifier is absent or belongs to another key"
