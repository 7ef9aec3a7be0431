"""Lints on the extensions of a certificate: which there are, how they are marked, and what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from ca.pki.certificate_reading import CERTIFICATE_LINTS, CertificateReading
from ca.pki.keys import is_rsa
from ca.pki.lints import Severity
from ca.pki.policies import ANY_POLICY, LONGEST_ARC, POLICIES
from ca.pki.profile import ANY
from ca.pki.template import allowed_policies, has_freshest_crl
from ca.pki.vocabulary import CRITICAL, CRITICAL_PURPOSES, EXTENDED_KEY_USAGES, ExtensionId, Presence

if TYPE_CHECKING:
    from collections.abc import Iterator

_SIGNING = frozenset({"digitalSignature", "nonRepudiation"})
_USAGES_OF_PURPOSE = {
    EXTENDED_KEY_USAGES["serverAuth"]: {"digitalSignature", "keyEncipherment", "keyAgreement"},
    EXTENDED_KEY_USAGES["clientAuth"]: {"digitalSignature", "keyAgreement"},
    EXTENDED_KEY_USAGES["emailProtection"]: {*_SIGNING, "keyEncipherment", "keyAgreement"},
    EXTENDED_KEY_USAGES["timeStamping"]: _SIGNING,
    EXTENDED_KEY_USAGES["OCSPSigning"]: _SIGNING,
    EXTENDED_KEY_USAGES["documentSigning"]: _SIGNING,
    EXTENDED_KEY_USAGES["smartcardLogon"]: {"digitalSignature"},
}
"""RFC 5280 §4.2.1.12: the key usages that may be consistent with a purpose."""

_CERTIFICATE_EXTENSIONS = frozenset(
    {
        ExtensionId.SUBJECT_KEY_IDENTIFIER,
        ExtensionId.AUTHORITY_KEY_IDENTIFIER,
        ExtensionId.KEY_USAGE,
    }
)


@CERTIFICATE_LINTS.rule("RFC 5280 §4.2; the profile's extensions")
def extensions_are_those_of_the_profile(reading: CertificateReading) -> Iterator[str]:
    """No extension is missing and none is there that the profile does not know; each stands once."""
    profile = reading.profile
    conditions = (
        (ExtensionId.BASIC_CONSTRAINTS, profile.is_authority, False),
        (ExtensionId.CERTIFICATE_POLICIES, bool(profile.policies), False),
        (ExtensionId.EXTENDED_KEY_USAGE, bool(profile.extended_key_usage), False),
        (ExtensionId.CRL_DISTRIBUTION_POINTS, profile.crl_distribution_points, False),
        (ExtensionId.FRESHEST_CRL, has_freshest_crl(profile, reading.issuer), False),
        (ExtensionId.AUTHORITY_INFORMATION_ACCESS, bool(profile.authority_information_access), False),
        (ExtensionId.OCSP_NO_CHECK, profile.ocsp_no_check, False),
        (
            ExtensionId.CARD_NUMBER,
            profile.card_number is Presence.REQUIRED,
            profile.card_number is not Presence.FORBIDDEN,
        ),
        (
            ExtensionId.SUBJECT_ALTERNATIVE_NAME,
            Presence.REQUIRED in {profile.user_principal_name, profile.email, profile.dns_names},
            profile.uses_alternative_name,
        ),
    )
    required = {*_CERTIFICATE_EXTENSIONS, *(name for name, must, _may in conditions if must)}
    optional = {name for name, _must, may in conditions if may}
    found = set(reading.extensions)
    for name in sorted(required - found):
        yield f"{name} is missing"
    for dotted in sorted(found - required - optional):
        yield f"{dotted} is not in the profile"


@CERTIFICATE_LINTS.rule("RFC 5280 §4.2.1, §4.2.2: criticality of each extension; RFC 3161 §2.3")
def extensions_are_critical_where_they_must_be(reading: CertificateReading) -> Iterator[str]:
    """Only keyUsage and basicConstraints are critical, and extendedKeyUsage for time-stamping."""
    stamps_time = reading.profile.extended_key_usage == CRITICAL_PURPOSES
    critical = CRITICAL | ({ExtensionId.EXTENDED_KEY_USAGE} if stamps_time else set())
    for dotted, extension in reading.extensions.items():
        if extension.critical is not (dotted in critical):
            yield f"{dotted} is {'critical' if extension.critical else 'not critical'}"


@CERTIFICATE_LINTS.rule("RFC 5280 §4.2.1.1")
def authority_key_identifier_is_the_issuers(reading: CertificateReading) -> Iterator[str]:
    """Have keyIdentifier alone, equal to the issuer's subjectKeyIdentifier."""
    value = reading.extension(ExtensionId.AUTHORITY_KEY_IDENTIFIER, x509.AuthorityKeyIdentifier)
    if value is None or value.key_identifier != reading.issuer.subject_key_identifier:
        yield "the identifier is absent or not the issuer's"
    elif value.authority_cert_issuer is not None or value.authority_cert_serial_number is not None:
        yield "issuer name and serial number tie a key to one certificate"


@CERTIFICATE_LINTS.rule("RFC 5280 §4.2.1.3; the profile's key_usage")
def key_usage_is_the_profiles(reading: CertificateReading) -> Iterator[str]:
    """Exactly the bits that the profile gives to a key of this kind."""
    expected = frozenset(reading.profile.key_usage_for(rsa=is_rsa(reading.public_key)))
    if reading.key_usage != expected:
        yield f"{sorted(reading.key_usage)}, not {sorted(expected)}"


@CERTIFICATE_LINTS.rule("RFC 8813 §3; RFC 5480 §3")
def key_usage_suits_the_key(reading: CertificateReading) -> Iterator[str]:
    """Elliptic curve keys encipher nothing."""
    if not is_rsa(reading.public_key) and reading.key_usage & {"keyEncipherment", "dataEncipherment"}:
        yield "encipherment with an elliptic curve key"


@CERTIFICATE_LINTS.rule("RFC 5280 §4.2.1.3, §4.2.1.9")
def only_authorities_sign_certificates(reading: CertificateReading) -> Iterator[str]:
    """Have keyCertSign and cA TRUE together, both following the profile."""
    if ("keyCertSign" in reading.key_usage) is not reading.is_authority:
        yield "keyCertSign and cA do not go together"
    if reading.is_authority is not reading.profile.is_authority:
        yield "cA is not what the profile says"


@CERTIFICATE_LINTS.rule("RFC 5280 §4.2.1.9; the profile's path_length")
def path_length_is_the_profiles(reading: CertificateReading) -> Iterator[str]:
    """Have pathLenConstraint as in the profile."""
    value = reading.extension(ExtensionId.BASIC_CONSTRAINTS, x509.BasicConstraints)
    if value is not None and value.path_length != reading.profile.path_length:
        yield f"pathLenConstraint {value.path_length}, not {reading.profile.path_length}"


@CERTIFICATE_LINTS.rule("RFC 5280 §4.2.1.4; PKI-4: the level of assurance is read from the policy")
def certificate_policy_is_one_of_the_issuers(reading: CertificateReading) -> Iterator[str]:
    """One policy that profile and issuer allow, with a pointer to the CPS and no other qualifier."""
    value = reading.extension(ExtensionId.CERTIFICATE_POLICIES, x509.CertificatePolicies)
    if value is None:
        return
    allowed = {
        ANY_POLICY if name == ANY else POLICIES[name].object_identifier(reading.issuer.policy_arc)
        for name in allowed_policies(reading.profile, reading.issuer)
    }
    found = [policy.policy_identifier.dotted_string for policy in value]
    if len(found) != 1 or not allowed.issuperset(found):
        yield f"{found}, not one of {sorted(allowed)}"
    for policy in value:
        if policy.policy_qualifiers != [reading.issuer.cps_url]:
            yield "the qualifier is not the address of the CPS"


@CERTIFICATE_LINTS.rule("RFC 5280 appendix B: arcs below 2^28", severity=Severity.WARNING)
def policy_identifiers_have_short_arcs(reading: CertificateReading) -> Iterator[str]:
    """Longer arcs, such as UUIDs under 2.25, are not read by every relying party."""
    value = reading.extension(ExtensionId.CERTIFICATE_POLICIES, x509.CertificatePolicies)
    for policy in value or ():
        dotted = policy.policy_identifier.dotted_string
        if any(int(arc) > LONGEST_ARC for arc in dotted.split(".")):
            yield f"an arc of {dotted} is 2^28 or more"


@CERTIFICATE_LINTS.rule("RFC 5280 §4.2.1.4; the policy's longest validity")
def validity_is_within_the_policy(reading: CertificateReading) -> Iterator[str]:
    """Reserve cards and phones last shorter than the profile's limit."""
    value = reading.extension(ExtensionId.CERTIFICATE_POLICIES, x509.CertificatePolicies)
    stated = set() if value is None else {policy.policy_identifier.dotted_string for policy in value}
    for policy in POLICIES.values():
        if policy.longest and policy.object_identifier(reading.issuer.policy_arc) in stated:
            certificate = reading.certificate
            if certificate.not_valid_after_utc - certificate.not_valid_before_utc >= policy.longest:
                yield f"{policy.name} lasts at most {policy.longest.days} days"


@CERTIFICATE_LINTS.rule("RFC 5280 §4.2.1.12; the profile's extended_key_usage")
def purposes_are_the_profiles(reading: CertificateReading) -> Iterator[str]:
    """Exactly the profile's purposes, in its order; anyExtendedKeyUsage is none of them."""
    expected = tuple(EXTENDED_KEY_USAGES[name] for name in reading.profile.extended_key_usage)
    if reading.purposes != expected:
        yield f"{reading.purposes}, not {expected}"


@CERTIFICATE_LINTS.rule("RFC 5280 §4.2.1.12; RFC 9336 §3.1")
def purposes_are_consistent_with_the_key_usage(reading: CertificateReading) -> Iterator[str]:
    """No purpose without a key usage that allows it: it could never be used."""
    for purpose in reading.purposes:
        if not reading.key_usage & _USAGES_OF_PURPOSE.get(purpose, reading.key_usage):
            yield f"{purpose} with {sorted(reading.key_usage)}"


@CERTIFICATE_LINTS.rule("RFC 5280 §4.2.1.13")
def crl_distribution_point_is_the_issuers(reading: CertificateReading) -> Iterator[str]:
    """One point with one address, of the whole CRL or of the shard that will list this serial number."""
    value = reading.extension(ExtensionId.CRL_DISTRIBUTION_POINTS, x509.CRLDistributionPoints)
    if value is None:
        return
    url = reading.issuer.crl_url_of(reading.issuer.shard_of(reading.certificate.serial_number))
    point = x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None)
    if list(value) != [point]:
        yield f"not {url} alone"


@CERTIFICATE_LINTS.rule("RFC 5280 §4.2.1.15")
def freshest_crl_is_the_issuers_delta(reading: CertificateReading) -> Iterator[str]:
    """One point with one address, that of the delta on the whole CRL."""
    value = reading.extension(ExtensionId.FRESHEST_CRL, x509.FreshestCRL)
    url = reading.issuer.delta_crl_url
    point = x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None)
    if value is not None and list(value) != [point]:
        yield f"not {url} alone"


@CERTIFICATE_LINTS.rule("RFC 5280 §4.2.2.1")
def authority_information_access_is_the_issuers(reading: CertificateReading) -> Iterator[str]:
    """Exactly the issuer's OCSP address and certificate, each where the profile says so."""
    value = reading.extension(ExtensionId.AUTHORITY_INFORMATION_ACCESS, x509.AuthorityInformationAccess)
    if value is None:
        return
    methods = {
        "ocsp": (AuthorityInformationAccessOID.OCSP, reading.issuer.ocsp_url),
        "ca_issuers": (AuthorityInformationAccessOID.CA_ISSUERS, reading.issuer.ca_issuers_url),
    }
    expected = [
        x509.AccessDescription(method, x509.UniformResourceIdentifier(url))
        for name, (method, url) in methods.items()
        if name in reading.profile.authority_information_access
    ]
    if list(value) != expected:
        yield "the addresses are not the issuer's"


@CERTIFICATE_LINTS.rule("RFC 3161 §2.3: the key signs time-stamps and nothing else")
def a_time_stamp_signer_can_do_nothing_else(reading: CertificateReading) -> Iterator[str]:
    """Have timeStamping alone and critical, digitalSignature alone, and no basicConstraints."""
    if EXTENDED_KEY_USAGES["timeStamping"] not in reading.purposes:
        return
    if len(reading.purposes) != 1:
        yield "another purpose beside timeStamping"
    if not reading.extensions[ExtensionId.EXTENDED_KEY_USAGE].critical:
        yield "the purpose is not critical"
    if reading.key_usage != {"digitalSignature"}:
        yield f"the key usage is {sorted(reading.key_usage)}"
    if ExtensionId.BASIC_CONSTRAINTS in reading.extensions:
        yield "basicConstraints is there"


@CERTIFICATE_LINTS.rule("BR 7.1.2.8; RFC 6960 §4.2.2.2, §4.2.2.2.1: the value of nocheck is NULL")
def an_ocsp_signer_can_do_nothing_else(reading: CertificateReading) -> Iterator[str]:
    """OCSPSigning alone, digitalSignature alone, nocheck, no names, no CRL, not a CA."""
    if EXTENDED_KEY_USAGES["OCSPSigning"] not in reading.purposes:
        return
    if len(reading.purposes) != 1:
        yield "another purpose beside OCSPSigning"
    if reading.key_usage != {"digitalSignature"}:
        yield f"the key usage is {sorted(reading.key_usage)}"
    if ExtensionId.OCSP_NO_CHECK not in reading.extensions:
        yield "ocsp-nocheck is missing"
    for name in (
        ExtensionId.SUBJECT_ALTERNATIVE_NAME,
        ExtensionId.CRL_DISTRIBUTION_POINTS,
        ExtensionId.BASIC_CONSTRAINTS,
    ):
        if name in reading.extensions:
            yield f"{name} is there"
