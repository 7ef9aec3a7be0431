"""A profile and an issuer compiled into the pieces of DER that are the same in all their certificates."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from ca.pki import der, extensions
from ca.pki.errors import ProfileViolation
from ca.pki.keys import is_rsa, key_identifier
from ca.pki.profile import ANY
from ca.pki.subject import encode_subject

if TYPE_CHECKING:
    from datetime import datetime

    from ca.pki.issuer import IssuerFacts
    from ca.pki.profile import Profile
    from ca.pki.subject import SubjectFacts

_VERSION_3 = der.explicit(0, der.integer(2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """Everything about a certificate that profile and issuer decide; made by compile_template."""

    profile: Profile
    issuer: IssuerFacts
    algorithm_and_issuer: bytes
    fixed_tail: bytes
    """basicConstraints and extendedKeyUsage."""
    fixed_end: bytes
    """authorityInformationAccess and ocsp-nocheck."""

    def tbs_certificate(
        self,
        *,
        subject: SubjectFacts,
        public_key: bytes,
        serial_number: int,
        not_before: datetime,
        not_after: datetime,
    ) -> bytes:
        """Return the TBSCertificate (RFC 5280 §4.1) for facts that have been checked against the profile."""
        profile, issuer = self.profile, self.issuer
        shard = issuer.shard_of(serial_number)
        policy = chosen_policy(profile, issuer, subject.policy)
        parts = (
            extensions.authority_key_identifier(issuer.subject_key_identifier),
            extensions.subject_key_identifier(key_identifier(public_key)),
            extensions.key_usage(profile.key_usage_for(rsa=is_rsa(public_key))),
            extensions.certificate_policies(policy, arc=issuer.policy_arc, cps_url=issuer.cps_url)
            if policy
            else b"",
            extensions.subject_alternative_name(subject),
            self.fixed_tail,
            extensions.crl_distribution_points(issuer.crl_url_of(shard))
            if profile.crl_distribution_points
            else b"",
            extensions.freshest_crl(issuer.delta_crl_url) if has_freshest_crl(profile, issuer) else b"",
            self.fixed_end,
            extensions.card_number(subject.card_number) if subject.card_number else b"",
        )
        return der.sequence(
            _VERSION_3,
            der.integer(serial_number),
            self.algorithm_and_issuer,
            der.sequence(der.time(not_before), der.time(not_after)),
            encode_subject(profile, subject),
            public_key,
            der.explicit(3, der.sequence(*parts)),
        )


@lru_cache(maxsize=256)
def compile_template(profile: Profile, issuer: IssuerFacts) -> Template:
    """Compile once for each pair of profile and issuer."""
    has_access = profile.authority_information_access
    return Template(
        profile=profile,
        issuer=issuer,
        algorithm_and_issuer=issuer.signature_algorithm.identifier_der + issuer.name_der,
        fixed_tail=(extensions.basic_constraints(profile.path_length) if profile.is_authority else b"")
        + (extensions.extended_key_usage(profile.extended_key_usage) if profile.extended_key_usage else b""),
        fixed_end=(
            extensions.authority_information_access(
                ocsp_url=issuer.ocsp_url if "ocsp" in has_access else "",
                ca_issuers_url=issuer.ca_issuers_url if "ca_issuers" in has_access else "",
            )
            if has_access
            else b""
        )
        + (extensions.ocsp_no_check() if profile.ocsp_no_check else b""),
    )


def has_freshest_crl(profile: Profile, issuer: IssuerFacts) -> bool:
    """Tell whether certificates name the delta CRL: it builds on the whole list, which they name then too."""
    has_deltas = bool(issuer.plan.delta_crl_interval) and issuer.plan.crl_shards == 1
    return profile.freshest_crl and profile.crl_distribution_points and has_deltas


def allowed_policies(profile: Profile, issuer: IssuerFacts) -> tuple[str, ...]:
    """Return the certificate policies that profile and issuer have in common, in the issuer's order."""
    if ANY in profile.policies:
        return (ANY,)
    return tuple(name for name in issuer.plan.policies if name in profile.policies)


def chosen_policy(profile: Profile, issuer: IssuerFacts, asked: str) -> str:
    """Return the policy to state: the one asked for, else the first allowed; "" where the profile has none.

    Raises ProfileViolation for one that this profile or this issuer may not state.
    """
    allowed = allowed_policies(profile, issuer)
    if asked and asked not in allowed:
        raise ProfileViolation(
            f"{issuer.key} does not state the policy {asked} in {profile.name}",
            facts={"rule": "policy", "policy": asked},
        )
    return asked or next(iter(allowed), "")
