"""Lints on the fields and extensions of a to-be-signed CRL (RFC 5280 §5, BR 7.2), and all of them at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography import x509

from ca.pki import crl_entry_lints, dates
from ca.pki.crl_reading import CRL_LINTS, CrlReading
from ca.pki.lints import differences
from ca.pki.serial import SERIAL_LIMIT
from ca.pki.vocabulary import CRITICAL, ExtensionId

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ca.pki.crl_entries import Entries
    from ca.pki.issuer import IssuerFacts
    from ca.pki.lints import Finding

_REQUIRED = frozenset({ExtensionId.AUTHORITY_KEY_IDENTIFIER, ExtensionId.CRL_NUMBER})
_OPTIONAL = frozenset(
    {
        ExtensionId.DELTA_CRL_INDICATOR,
        ExtensionId.ISSUING_DISTRIBUTION_POINT,
        ExtensionId.FRESHEST_CRL,
    }
)

ENTRY_LINTS = crl_entry_lints
"""Importing it fills the registry."""
_VERSION_2 = 1


def lint_crl(tbs_der: bytes, *, issuer: IssuerFacts, entries: Entries | None = None) -> tuple[Finding, ...]:
    """Return what the lints find in a TBSCertList; empty is good.

    All serial numbers are compared; of a list longer than READ_IN_FULL a sample of entries is read in full.
    `entries` are those that were joined, where the caller has them.
    """
    return CRL_LINTS.run(CrlReading(tbs_der=tbs_der, issuer=issuer, given=entries))


@CRL_LINTS.rule("RFC 5280 §5.1; X.690 §10, §11")
def bytes_are_a_der_crl(reading: CrlReading) -> Iterator[str]:
    """Both parsers read all of the bytes, and as many entries as were written."""
    yield from differences(len(reading.entries), len(reading.crl))


@CRL_LINTS.rule("RFC 5280 §5.1.2.1")
def crl_version_is_2(reading: CrlReading) -> Iterator[str]:
    """CRLs with extensions are v2."""
    if reading.fields.version != _VERSION_2:
        yield f"the version is {reading.fields.version}"


@CRL_LINTS.rule("RFC 5280 §5.1.1.2, §5.1.2.2")
def crl_signature_algorithm_is_the_issuers(reading: CrlReading) -> Iterator[str]:
    """AlgorithmIdentifier is the issuer's, to the octet."""
    if reading.fields.signature != reading.issuer.signature_algorithm.identifier_der:
        yield f"the issuer signs with {reading.issuer.signature_algorithm.name}"


@CRL_LINTS.rule("RFC 5280 §5.1.2.3; BR 7.2: no indirect CRLs")
def crl_issuer_name_is_the_issuers_subject(reading: CrlReading) -> Iterator[str]:
    """Issuer field is the issuer's subject, to the octet."""
    if reading.fields.issuer != reading.issuer.name_der:
        yield "the issuer field is not the issuer's subject"


@CRL_LINTS.rule("RFC 5280 §5.1.2.4, §5.1.2.5")
def crl_dates_are_written_as_their_year_asks(reading: CrlReading) -> Iterator[str]:
    """UTCTime through 2049, GeneralizedTime from 2050."""
    for field, time in (
        ("thisUpdate", reading.fields.this_update),
        ("nextUpdate", reading.fields.next_update),
    ):
        if not time:
            yield f"{field} is missing"
        elif not dates.is_written_as_its_year_asks(time[0], time[2:]):
            yield f"{field} is written {time!r}"


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
    """Only the names of one point as certificates of this issuer name it, now or before; no other scope."""
    found = reading.extensions.get(ExtensionId.ISSUING_DISTRIBUTION_POINT)
    if found is None:
        return
    issuer = reading.issuer
    points = (
        (issuer.crl_url, *issuer.earlier_crl_urls),
        *(issuer.all_urls_of(shard) for shard in range(issuer.plan.crl_shards)),
    )
    allowed = {
        x509.IssuingDistributionPoint(
            full_name=[x509.UniformResourceIdentifier(url) for url in urls],
            relative_name=None,
            only_contains_user_certs=False,
            only_contains_ca_certs=False,
            only_some_reasons=None,
            indirect_crl=False,
            only_contains_attribute_certs=False,
        )
        for urls in points
    }
    if found.value not in allowed:
        yield "not a distribution point of this issuer, or limited in another way"


@CRL_LINTS.rule("RFC 5280 §5.2.6: never in a delta; §5.2.4: a delta and its base have one scope")
def freshest_crl_is_the_issuers_delta(reading: CrlReading) -> Iterator[str]:
    """Only the whole list of an issuer that announces its deltas says where they are, and it always does."""
    found = reading.extensions.get(ExtensionId.FRESHEST_CRL)
    is_whole = not reading.is_delta and ExtensionId.ISSUING_DISTRIBUTION_POINT not in reading.extensions
    plan = reading.issuer.plan
    if not (is_whole and plan.delta_crl_interval and plan.announces_deltas):
        if found is not None:
            yield "nothing fresher is made of this list"
        return
    url = reading.issuer.delta_crl_url
    point = x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None)
    if found is None or found.value != x509.FreshestCRL([point]):
        yield f"not {url} alone"
