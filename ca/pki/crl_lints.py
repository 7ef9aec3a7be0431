"""Lints on a to-be-signed CRL (RFC 5280 §5, BR 7.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asn1crypto.core import Void
from cryptography import x509

from ca.pki import dates
from ca.pki.crl_reading import CRL_LINTS, CrlReading
from ca.pki.lints import differences
from ca.pki.serial import SERIAL_LIMIT
from ca.pki.vocabulary import CRITICAL, ExtensionId

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ca.pki.issuer import IssuerFacts
    from ca.pki.lints import Finding

_REQUIRED = frozenset({ExtensionId.AUTHORITY_KEY_IDENTIFIER, ExtensionId.CRL_NUMBER})
_OPTIONAL = frozenset({ExtensionId.DELTA_CRL_INDICATOR, ExtensionId.ISSUING_DISTRIBUTION_POINT})
_ENTRY_EXTENSIONS = frozenset({ExtensionId.REASON_CODE, ExtensionId.INVALIDITY_DATE})


def lint_crl(
    tbs_der: bytes, *, issuer: IssuerFacts, pieces: Sequence[bytes] | None = None
) -> tuple[Finding, ...]:
    """Return what the lints find in a TBSCertList; empty is good.

    All serial numbers are compared; of a list longer than READ_IN_FULL a sample of entries is read in full.
    `pieces` are the encoded entries that were joined, where the caller has them.
    """
    return CRL_LINTS.run(CrlReading(tbs_der=tbs_der, issuer=issuer, pieces=pieces))


@CRL_LINTS.rule("RFC 5280 §5.1; X.690 §10, §11")
def bytes_are_a_der_crl(reading: CrlReading) -> Iterator[str]:
    """Both parsers read all of the bytes, and as many entries as were written."""
    yield from differences(reading.tbs_der, reading.tbs.dump())
    yield from differences(len(reading.entries), len(reading.crl))


@CRL_LINTS.rule("RFC 5280 §5.1.2.1")
def crl_version_is_2(reading: CrlReading) -> Iterator[str]:
    """CRLs with extensions are v2."""
    version = reading.tbs["version"].native
    if version != "v2":
        yield f"the version is {version}"


@CRL_LINTS.rule("RFC 5280 §5.1.1.2, §5.1.2.2")
def crl_signature_algorithm_is_the_issuers(reading: CrlReading) -> Iterator[str]:
    """AlgorithmIdentifier is the issuer's, to the octet."""
    if reading.tbs["signature"].dump() != reading.issuer.signature_algorithm.identifier_der:
        yield f"the issuer signs with {reading.issuer.signature_algorithm.name}"


@CRL_LINTS.rule("RFC 5280 §5.1.2.3; BR 7.2: no indirect CRLs")
def crl_issuer_name_is_the_issuers_subject(reading: CrlReading) -> Iterator[str]:
    """Issuer field is the issuer's subject, to the octet."""
    if reading.tbs["issuer"].dump() != reading.issuer.name_der:
        yield "the issuer field is not the issuer's subject"


@CRL_LINTS.rule("RFC 5280 §5.1.2.4, §5.1.2.5")
def crl_dates_are_written_as_their_year_asks(reading: CrlReading) -> Iterator[str]:
    """UTCTime through 2049, GeneralizedTime from 2050."""
    for field in ("this_update", "next_update"):
        time = reading.tbs[field]
        if time.native is None:
            yield f"{field} is missing"
        elif (time.name == "utc_time") is (time.native >= dates.UTC_TIME_UNTIL):
            yield f"{field} is {time.name}"


@CRL_LINTS.rule("BR 7.2, 4.9.7: 10 days, 12 months for CRLs about CAs; the hierarchy's crl_validity_hours")
def crl_is_replaced_in_time(reading: CrlReading) -> Iterator[str]:
    """Next update lies after this one, and no later than the hierarchy says."""
    next_update = reading.crl.next_update_utc
    if next_update is None:
        yield "nextUpdate is missing"
        return
    lasts = next_update - reading.crl.last_update_utc
    if not 0 < lasts.total_seconds() <= reading.issuer.plan.crl_validity.total_seconds():
        yield f"valid for {lasts}, the hierarchy allows {reading.issuer.plan.crl_validity}"


@CRL_LINTS.rule("RFC 5280 §5.2")
def crl_extensions_are_known(reading: CrlReading) -> Iterator[str]:
    """Every CRL says its number and its issuer's key; a delta or a shard says that it is one."""
    found = set(reading.extensions)
    for name in sorted(_REQUIRED - found):
        yield f"{name} is missing"
    for dotted in sorted(found - _REQUIRED - _OPTIONAL):
        yield f"{dotted} is not known"


@CRL_LINTS.rule("RFC 5280 §5.2.1-§5.2.5: criticality of each extension")
def crl_extensions_are_critical_where_they_must_be(reading: CrlReading) -> Iterator[str]:
    """Only deltaCRLIndicator and issuingDistributionPoint are critical."""
    for dotted, extension in reading.extensions.items():
        if extension.critical is not (dotted in CRITICAL):
            yield f"{dotted} is {'critical' if extension.critical else 'not critical'}"


@CRL_LINTS.rule("RFC 5280 §5.2.1")
def crl_authority_key_identifier_is_the_issuers(reading: CrlReading) -> Iterator[str]:
    """Have keyIdentifier alone, equal to the issuer's subjectKeyIdentifier."""
    found = reading.extensions.get(ExtensionId.AUTHORITY_KEY_IDENTIFIER)
    expected = x509.AuthorityKeyIdentifier(reading.issuer.subject_key_identifier, None, None)
    if found is None or found.value != expected:
        yield "the identifier is absent or not the issuer's"


@CRL_LINTS.rule("RFC 5280 §5.2.3; BR 7.2: below 2^159")
def crl_number_is_in_range(reading: CrlReading) -> Iterator[str]:
    """Not negative, no longer than 20 octets."""
    number = _number(reading, ExtensionId.CRL_NUMBER)
    if number is None or not 0 <= number < SERIAL_LIMIT:
        yield f"the number is {number}"


@CRL_LINTS.rule("RFC 5280 §5.2.4")
def delta_builds_on_an_earlier_crl(reading: CrlReading) -> Iterator[str]:
    """BaseCRLNumber is smaller than the CRL's own number."""
    base = _number(reading, ExtensionId.DELTA_CRL_INDICATOR)
    number = _number(reading, ExtensionId.CRL_NUMBER)
    if base is not None and (number is None or not 0 <= base < number):
        yield f"number {number} on base {base}"


def _number(reading: CrlReading, identifier: ExtensionId) -> int | None:
    found = reading.extensions.get(identifier)
    if found is None or not isinstance(found.value, x509.CRLNumber | x509.DeltaCRLIndicator):
        return None
    return found.value.crl_number


@CRL_LINTS.rule("RFC 5280 §5.2.5; BR 7.2: no indirect CRLs")
def issuing_distribution_point_is_one_of_the_issuers(reading: CrlReading) -> Iterator[str]:
    """Only the name of a point that certificates of this issuer name; no scope by kind or reason."""
    found = reading.extensions.get(ExtensionId.ISSUING_DISTRIBUTION_POINT)
    if found is None:
        return
    issuer = reading.issuer
    urls = {issuer.crl_url, *(issuer.crl_url_of(shard) for shard in range(issuer.plan.crl_shards))}
    allowed = {
        x509.IssuingDistributionPoint(
            full_name=[x509.UniformResourceIdentifier(url)],
            relative_name=None,
            only_contains_user_certs=False,
            only_contains_ca_certs=False,
            only_some_reasons=None,
            indirect_crl=False,
            only_contains_attribute_certs=False,
        )
        for url in urls
    }
    if found.value not in allowed:
        yield "not a distribution point of this issuer, or limited in another way"


@CRL_LINTS.rule("RFC 5280 §5.1.2.6")
def an_empty_list_is_left_out(reading: CrlReading) -> Iterator[str]:
    """When nothing is revoked, revokedCertificates is absent."""
    revoked = reading.tbs["revoked_certificates"]
    if (
        not isinstance(revoked, Void) and revoked.contents == b""
    ):  # an absent field reads as Void, with no contents
        yield "revokedCertificates is there and empty"


@CRL_LINTS.rule("RFC 5280 §5.1.2.6; Actalis 1943379: a duplicate row gave a duplicate entry")
def serial_numbers_stand_once(reading: CrlReading) -> Iterator[str]:
    """Every serial number in the list is different."""
    twice = len(reading.entries) - len(reading.serial_numbers)
    if twice:
        yield f"{twice} serial numbers stand there more than once"


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
