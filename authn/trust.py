"""What this service trusts: its own root, its issuers of persons, and what their policies mean."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding

from authn import configuration
from authn.certificate import read_certificate
from authn.levels import LOA2, LOA3
from ca.pki.policies import POLICIES

__all__ = ["LOA2", "LOA3", "Carrier", "PolicyMeaning", "Trust", "load_trust", "policies_of_arc"]
_MOBILE = frozenset({"loa3_mobile"})


class Carrier(StrEnum):
    """What the key lies in."""

    CARD = "card"
    MOBILE = "mobile"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyMeaning:
    """What a certificate policy says: level of assurance (URI) and carrier."""

    oid: str
    loa: str
    carrier: Carrier


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Anchors, issuers and policies, as DER and values; nothing here comes from a request."""

    anchors: tuple[bytes, ...]
    issuers: tuple[bytes, ...]
    policies: tuple[PolicyMeaning, ...]
    status_hosts: frozenset[str]

    def issuers_named(self, names: Collection[str]) -> tuple[bytes, ...]:
        """Return the issuers whose subject is among the names (RFC 4514); all of them for no names."""
        return tuple(der for der in self.issuers if not names or _subject(der) in names)

    def policy_oids_of(self, loas: Collection[str]) -> frozenset[str]:
        """Return the policy OIDs that mean one of the levels; every known one for no levels."""
        return frozenset(policy.oid for policy in self.policies if not loas or policy.loa in loas)

    def meaning_of(self, policy_oids: Collection[str]) -> PolicyMeaning | None:
        """Return what a certificate's policies mean; None unless exactly one of them is known."""
        known = [policy for policy in self.policies if policy.oid in policy_oids]
        return known[0] if len(known) == 1 else None


def load_trust(*, issuer_pattern: str = "") -> Trust:
    """Return the trust of this installation, from the chain and issuer certificates in its public folder.

    The anchor is the self-signed certificate of `chain.pem`, PROD's root; the issuers are those CA
    certificates of `aia/` that it signed and whose common name says that they issue to persons. What QA
    issues lies beside them and opens nothing (QA-3). Without the files nothing is trusted. `issuer_pattern`
    names other issuers than those of persons.
    """
    folder = configuration.public_folder()
    pattern = re.compile(issuer_pattern or configuration.issuer_name_pattern())
    chain = _chain(folder / "chain.pem")
    published = [path.read_bytes() for path in sorted((folder / "aia").glob("*.cer"))]
    anchors = tuple(der for der in chain if _is_self_issued(der))
    return Trust(
        anchors=anchors,
        issuers=tuple(
            der
            for der in dict.fromkeys([*chain, *published])
            if not _is_self_issued(der)
            and read_certificate(der).is_ca
            and pattern.search(_common_name(der))
            and _is_signed_by_one_of(anchors, der)
        ),
        policies=policies_of_arc(configuration.policy_arc()),
        status_hosts=configuration.status_hosts(),
    )


def policies_of_arc(arc: str) -> tuple[PolicyMeaning, ...]:
    """Return the meanings of the policies under an arc; those of functions mean no person at all."""
    levels = {2: LOA2, 3: LOA3}
    return tuple(
        PolicyMeaning(
            oid=policy.object_identifier(arc),
            loa=levels[policy.level_of_assurance],
            carrier=Carrier.MOBILE if policy.name in _MOBILE else Carrier.CARD,
        )
        for policy in POLICIES.values()
        if policy.level_of_assurance is not None
    )


def _chain(path: Path) -> list[bytes]:
    if not path.exists():
        return []
    certificates = x509.load_pem_x509_certificates(path.read_bytes())
    return [certificate.public_bytes(Encoding.DER) for certificate in certificates]


def _subject(der: bytes) -> str:
    return x509.load_der_x509_certificate(der).subject.rfc4514_string()


def _is_self_issued(der: bytes) -> bool:
    certificate = x509.load_der_x509_certificate(der)
    return certificate.subject == certificate.issuer


def _is_signed_by_one_of(anchors: Collection[bytes], der: bytes) -> bool:
    certificate = x509.load_der_x509_certificate(der)
    for anchor in anchors:
        try:
            certificate.verify_directly_issued_by(x509.load_der_x509_certificate(anchor))
        except (ValueError, TypeError, InvalidSignature):
            continue
        return True
    return False


def _common_name(der: bytes) -> str:
    names = x509.load_der_x509_certificate(der).subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(names[0].value) if names else ""
