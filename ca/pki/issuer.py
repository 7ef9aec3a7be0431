"""What a certificate, CRL or OCSP response says about its issuer: name, key, addresses, policies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ca.pki import der
from ca.pki.errors import ProfileViolation
from ca.pki.hierarchy import Hierarchy, IssuerPlan, file_stem
from ca.pki.keys import key_identifier
from ca.pki.policies import DEFAULT_POLICY_ARC
from ca.pki.subject import encode_name
from ca.pki.vocabulary import SubjectAttribute

if TYPE_CHECKING:
    from datetime import datetime

    from ca.pki.signer import SignatureAlgorithm


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusAddresses:
    """Where relying parties find status and chains (settings); moving them breaks no issued certificate.

    `crl_folder` and `aia_folder` end with a slash; the issuer's file name is added.
    """

    ocsp: str
    crl_folder: str
    aia_folder: str
    cps: str
    earlier_crl_folders: tuple[str, ...] = ()
    """Where CRLs lay before: certificates that say so are out there, and their address is answered too."""

    def __post_init__(self) -> None:
        for url in (self.ocsp, self.crl_folder, self.aia_folder, self.cps, *self.earlier_crl_folders):
            parts = urlsplit(url)
            # status over https would need status to be checked (RFC 5280 §8); only the CPS is for people
            schemes = {"http", "https"} if url == self.cps else {"http"}
            if parts.scheme not in schemes or not parts.netloc or not url.isascii():
                raise ProfileViolation(f"not a web address: {url}", facts={"rule": "address"})
        for folder in (self.crl_folder, self.aia_folder, *self.earlier_crl_folders):
            if not folder.endswith("/"):
                raise ProfileViolation(f"{folder} does not end with a slash", facts={"rule": "address"})


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerFacts:
    """The issuer as the core sees it. Made by `issuer_facts` or, before the root exists, `root_facts`."""

    hierarchy: Hierarchy
    plan: IssuerPlan
    name_der: bytes
    subject_key_identifier: bytes
    public_key: bytes
    signature_algorithm: SignatureAlgorithm
    certificate_der: bytes | None
    """None while the root's own certificate is being made."""
    not_after: datetime | None
    ocsp_url: str
    crl_url: str
    ca_issuers_url: str
    cps_url: str
    policy_arc: str
    earlier_crl_urls: tuple[str, ...] = ()

    def __hash__(self) -> int:
        """Hash by key and name: it is a key in caches, for each certificate."""
        return hash((self.subject_key_identifier, self.crl_url))

    @property
    def key(self) -> str:
        """Return the issuer's key in the hierarchy, e.g. `person_id_3`."""
        return self.plan.key

    def shard_of(self, serial_number: int) -> int | None:
        """Return the shard (from 0) that lists the certificate, or None when there is one CRL only."""
        return serial_number % self.plan.crl_shards if self.plan.crl_shards > 1 else None

    def crl_url_of(self, shard: int | None) -> str:
        """Return the address of a shard, or of the whole CRL for None."""
        if shard is None:
            return self.crl_url
        return f"{self.crl_url.removesuffix('.crl')}-{shard}.crl"

    def all_urls_of(self, shard: int) -> tuple[str, ...]:
        """Return every address under which certificates name a shard: today's, and those from before.

        A relying party takes a shard for a certificate's only when its issuing distribution point has the
        name that stands in the certificate (RFC 5280 §6.3.3 (b)(2)(i)).
        """
        earlier = (f"{url.removesuffix('.crl')}-{shard}.crl" for url in self.earlier_crl_urls)
        return (self.crl_url_of(shard), *earlier)

    @property
    def delta_crl_url(self) -> str:
        """Return the address of the delta on the whole CRL."""
        return f"{self.crl_url.removesuffix('.crl')}-delta.crl"


def issuer_facts(
    *,
    hierarchy: Hierarchy,
    key: str,
    certificate_der: bytes,
    addresses: StatusAddresses,
    policy_arc: str = DEFAULT_POLICY_ARC,
) -> IssuerFacts:
    """Return the facts of an issuer that has its certificate; raises ProfileViolation when it is another's.

    The published file names follow the CN in the certificate.
    """
    certificate = x509.load_der_x509_certificate(certificate_der)
    plan = hierarchy.issuer(key)
    common_name = str(certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value)
    if not common_name.endswith(plan.common_name):
        raise ProfileViolation(f"{common_name} is not {key}", facts={"rule": "issuer", "issuer": key})
    identifier = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    return _facts(
        hierarchy=hierarchy,
        plan=plan,
        common_name=common_name,
        name_der=certificate.subject.public_bytes(),
        identifier=identifier,
        public_key=certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        certificate_der=certificate_der,
        not_after=certificate.not_valid_after_utc,
        addresses=addresses,
        policy_arc=policy_arc,
    )


def root_facts(
    *,
    hierarchy: Hierarchy,
    public_key: bytes,
    name_prefix: str,
    addresses: StatusAddresses,
    policy_arc: str = DEFAULT_POLICY_ARC,
) -> IssuerFacts:
    """Return the facts of a root whose self-signed certificate is about to be made; raises WeakKey."""
    subject = hierarchy.subject_of(hierarchy.root.key, name_prefix=name_prefix)
    return _facts(
        hierarchy=hierarchy,
        plan=hierarchy.root,
        common_name=subject.common_name,
        name_der=encode_name(
            (
                (SubjectAttribute.COUNTRY, subject.country),
                (SubjectAttribute.ORGANIZATION, subject.organization),
                (SubjectAttribute.COMMON_NAME, subject.common_name),
            )
        ),
        identifier=key_identifier(public_key),
        public_key=public_key,
        certificate_der=None,
        not_after=None,
        addresses=addresses,
        policy_arc=policy_arc,
    )


def _facts(
    *,
    hierarchy: Hierarchy,
    plan: IssuerPlan,
    common_name: str,
    name_der: bytes,
    identifier: bytes,
    public_key: bytes,
    certificate_der: bytes | None,
    not_after: datetime | None,
    addresses: StatusAddresses,
    policy_arc: str,
) -> IssuerFacts:
    der.object_identifier(policy_arc)
    key_class = hierarchy.key_class("root" if plan.is_root else "issuer")
    if key_class.signature_algorithm is None or not key_class.takes(public_key):
        raise ProfileViolation(f"{plan.key} holds a key its hierarchy does not take", facts={"rule": "key"})
    stem = file_stem(common_name)
    return IssuerFacts(
        hierarchy=hierarchy,
        plan=plan,
        name_der=name_der,
        subject_key_identifier=identifier,
        public_key=public_key,
        signature_algorithm=key_class.signature_algorithm,
        certificate_der=certificate_der,
        not_after=not_after,
        ocsp_url=addresses.ocsp,
        crl_url=f"{addresses.crl_folder}{stem}.crl",
        ca_issuers_url=f"{addresses.aia_folder}{stem}.cer",
        cps_url=addresses.cps,
        policy_arc=policy_arc,
        earlier_crl_urls=tuple(f"{folder}{stem}.crl" for folder in addresses.earlier_crl_folders),
    )
