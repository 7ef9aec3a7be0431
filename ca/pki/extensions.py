"""Extension values by name; each function returns the whole encoded Extension."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from ca.pki import der
from ca.pki.policies import ANY_POLICY, POLICIES
from ca.pki.profile import ANY
from ca.pki.vocabulary import (
    CRITICAL,
    CRITICAL_PURPOSES,
    EXTENDED_KEY_USAGES,
    KEY_USAGES,
    USER_PRINCIPAL_NAME,
    ExtensionId,
)

if TYPE_CHECKING:
    from ca.pki.subject import SubjectFacts


_OTHER_NAME, _RFC822_NAME, _DNS_NAME = 0, 1, 2
"""Tags of GeneralName (RFC 5280 §4.2.1.6)."""


def _extension(identifier: ExtensionId, value: bytes) -> bytes:
    return der.extension(identifier.value, value, critical=identifier in CRITICAL)


@lru_cache(maxsize=64)
def authority_key_identifier(subject_key_identifier: bytes) -> bytes:
    """Only keyIdentifier (RFC 5280 §4.2.1.1)."""
    return _extension(
        ExtensionId.AUTHORITY_KEY_IDENTIFIER, der.sequence(der.implicit(0, subject_key_identifier))
    )


def subject_key_identifier(identifier: bytes) -> bytes:
    """RFC 5280 §4.2.1.2."""
    return _extension(ExtensionId.SUBJECT_KEY_IDENTIFIER, der.octet_string(identifier))


@lru_cache(maxsize=64)
def key_usage(names: tuple[str, ...]) -> bytes:
    """RFC 5280 §4.2.1.3, critical."""
    bits = {name: name in names for name in KEY_USAGES}
    value = x509.KeyUsage(
        digital_signature=bits["digitalSignature"],
        content_commitment=bits["nonRepudiation"],
        key_encipherment=bits["keyEncipherment"],
        data_encipherment=bits["dataEncipherment"],
        key_agreement=bits["keyAgreement"],
        key_cert_sign=bits["keyCertSign"],
        crl_sign=bits["cRLSign"],
        encipher_only=False,
        decipher_only=False,
    )
    return _extension(ExtensionId.KEY_USAGE, value.public_bytes())


@lru_cache(maxsize=64)
def basic_constraints(path_length: int | None) -> bytes:
    """RFC 5280 §4.2.1.9, critical; written in CA certificates only."""
    value = x509.BasicConstraints(ca=True, path_length=path_length)
    return _extension(ExtensionId.BASIC_CONSTRAINTS, value.public_bytes())


@lru_cache(maxsize=256)
def certificate_policies(policy: str, *, arc: str, cps_url: str) -> bytes:
    """One policy with a pointer to the CPS (RFC 5280 §4.2.1.4); `any` is anyPolicy."""
    dotted = ANY_POLICY if policy == ANY else POLICIES[policy].object_identifier(arc)
    value = x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier(dotted), [cps_url])])
    return _extension(ExtensionId.CERTIFICATE_POLICIES, value.public_bytes())


@lru_cache(maxsize=64)
def extended_key_usage(names: tuple[str, ...]) -> bytes:
    """RFC 5280 §4.2.1.12, critical for time-stamping alone (RFC 3161 §2.3)."""
    value = x509.ExtendedKeyUsage([x509.ObjectIdentifier(EXTENDED_KEY_USAGES[name]) for name in names])
    return der.extension(
        ExtensionId.EXTENDED_KEY_USAGE.value, value.public_bytes(), critical=names == CRITICAL_PURPOSES
    )


def subject_alternative_name(subject: SubjectFacts) -> bytes:
    """UPN, mail address and DNS names in that order (RFC 5280 §4.2.1.6); nothing when there are none."""
    names = []
    if subject.user_principal_name:
        value = der.explicit(0, der.utf8_string(subject.user_principal_name))
        names.append(der.explicit(_OTHER_NAME, der.object_identifier(USER_PRINCIPAL_NAME) + value))
    if subject.email:
        names.append(der.implicit(_RFC822_NAME, subject.email.encode("ascii")))
    names.extend(der.implicit(_DNS_NAME, name.encode("ascii")) for name in subject.dns_names)
    if not names:
        return b""
    return _extension(ExtensionId.SUBJECT_ALTERNATIVE_NAME, der.sequence(*names))


@lru_cache(maxsize=1024)
def crl_distribution_points(url: str) -> bytes:
    """One distribution point with one address (RFC 5280 §4.2.1.13)."""
    point = x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None)
    return _extension(ExtensionId.CRL_DISTRIBUTION_POINTS, x509.CRLDistributionPoints([point]).public_bytes())


@lru_cache(maxsize=64)
def freshest_crl(url: str) -> bytes:
    """Where the delta CRL is, in certificates and full CRLs alike (RFC 5280 §4.2.1.15, §5.2.6)."""
    point = x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None)
    return _extension(ExtensionId.FRESHEST_CRL, x509.FreshestCRL([point]).public_bytes())


@lru_cache(maxsize=256)
def authority_information_access(*, ocsp_url: str, ca_issuers_url: str) -> bytes:
    """OCSP and caIssuers, each where it has an address (RFC 5280 §4.2.2.1)."""
    methods = (
        (AuthorityInformationAccessOID.OCSP, ocsp_url),
        (AuthorityInformationAccessOID.CA_ISSUERS, ca_issuers_url),
    )
    value = x509.AuthorityInformationAccess(
        [x509.AccessDescription(m, x509.UniformResourceIdentifier(url)) for m, url in methods if url]
    )
    return _extension(ExtensionId.AUTHORITY_INFORMATION_ACCESS, value.public_bytes())


def ocsp_no_check() -> bytes:
    """NULL (RFC 6960 §4.2.2.2.1)."""
    return _extension(ExtensionId.OCSP_NO_CHECK, der.NULL)


def card_number(number: str) -> bytes:
    """PrintableString of the 19 digits on the card (SS 614331 §4.3)."""
    return _extension(ExtensionId.CARD_NUMBER, der.printable_string(number))


def crl_number(number: int) -> bytes:
    """RFC 5280 §5.2.3."""
    return _extension(ExtensionId.CRL_NUMBER, der.integer(number))


def delta_crl_indicator(base_crl_number: int) -> bytes:
    """RFC 5280 §5.2.4, critical."""
    return _extension(ExtensionId.DELTA_CRL_INDICATOR, der.integer(base_crl_number))


def issuing_distribution_point(*urls: str) -> bytes:
    """Only the distribution point's names (RFC 5280 §5.2.5), critical: the shard says that it is one."""
    value = x509.IssuingDistributionPoint(
        full_name=[x509.UniformResourceIdentifier(url) for url in urls],
        relative_name=None,
        only_contains_user_certs=False,
        only_contains_ca_certs=False,
        only_some_reasons=None,
        indirect_crl=False,
        only_contains_attribute_certs=False,
    )
    return _extension(ExtensionId.ISSUING_DISTRIBUTION_POINT, value.public_bytes())
