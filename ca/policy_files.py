"""The hierarchy, the profiles and the addresses of this installation, read once and cross-checked."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from django.conf import settings

from ca.ceremony import additions
from ca.ceremony.recorded import changed_settings, name_prefix
from ca.environments import Environment
from ca.errors import ProfileRefused
from ca.models import Issuer
from ca.pki.errors import PolicyFileRefused
from ca.pki.hierarchy import Hierarchy, check_hierarchy, load_hierarchy
from ca.pki.issuer import IssuerFacts, StatusAddresses, issuer_facts, root_facts
from ca.pki.profile import Profile, load_profiles
from ca.told_addresses import addresses_told

_HERE: Final = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFiles:
    """Everything that the files and settings say of what this CA issues in one environment."""

    environment: Environment
    hierarchy: Hierarchy
    profiles: dict[str, Profile]
    addresses: StatusAddresses
    earlier_addresses: tuple[StatusAddresses, ...]
    """What certificates said before the status services moved (PKI-2), the latest first."""
    policy_arc: str
    name_prefix: str

    def profile(self, name: str) -> Profile:
        """Return a profile. Raises ``ProfileRefused`` for a name that no file has."""
        if name not in self.profiles:
            raise ProfileRefused(f"there is no profile {name}", facts={"profile": name, "rule": "unknown"})
        return self.profiles[name]

    def issuer_of(self, profile: Profile, policy: str, *, closed: frozenset[str] = frozenset()) -> str:
        """Return the key of the issuer that issues a profile under a certificate policy.

        The first one in order; in the place of one that is ``closed`` (takes no new requests) only another
        with the same policies, so that nothing slips to another level of assurance.
        Raises ``ProfileRefused`` when there is none.
        """
        plans = [
            plan for plan in self.hierarchy.issuers_of(profile.name) if not policy or policy in plan.policies
        ]
        for plan in plans:
            if plan.key not in closed and plan.policies == plans[0].policies:
                return plan.key
        raise ProfileRefused(
            f"no issuer issues {profile.name} under the policy {policy or 'any'}",
            facts={"profile": profile.name, "rule": "no_issuer"},
        )

    def facts_of(self, issuer: Issuer) -> IssuerFacts:
        """Return what certificates, CRLs and answers of an issuer say about it.

        Raises ``ProfileViolation`` for an issuer of the other environment.
        """
        self.hierarchy.issuer(issuer.key)
        certificate_der = bytes(issuer.certificate_der)
        if certificate_der:
            return _certified_facts(self, issuer.key, certificate_der)
        return root_facts(
            hierarchy=self.hierarchy,
            public_key=bytes(issuer.public_key),
            name_prefix=self.name_prefix,
            addresses=self.addresses,
            policy_arc=self.policy_arc,
        )

    def earlier_facts_of(self, issuer: Issuer) -> list[IssuerFacts]:
        """Return what certificates of an issuer said about it before its addresses moved.

        Where they moved from the settings say, and the journal of the processes that worked there.
        """
        told = (_addresses(*pair) for pair in addresses_told(self.environment))
        earlier = dict.fromkeys((*self.earlier_addresses, *told))
        return [
            issuer_facts(
                hierarchy=self.hierarchy,
                key=issuer.key,
                certificate_der=bytes(issuer.certificate_der),
                addresses=addresses,
                policy_arc=self.policy_arc,
            )
            for addresses in earlier
            if addresses != self.addresses
        ]

    def __hash__(self) -> int:
        """Hash by identity: one value lives as long as the process."""
        return id(self)


@lru_cache(maxsize=64)
def _certified_facts(files: PolicyFiles, key: str, certificate_der: bytes) -> IssuerFacts:
    return issuer_facts(
        hierarchy=files.hierarchy,
        key=key,
        certificate_der=certificate_der,
        addresses=files.addresses,
        policy_arc=files.policy_arc,
    )


def policy_files(environment: Environment = Environment.PROD) -> PolicyFiles:
    """Return the installation's policy for PROD or for QA; read at the first call.

    Raises ``ca.pki.errors.PolicyFileRefused`` for an unknown key or a contradiction, also with what the
    ceremony recorded: nothing starts on it.
    """
    is_qa = environment is Environment.QA
    return _read(
        environment=environment,
        home=settings.SIGILL_HOME,
        hierarchy_name=settings.SIGILL_QA_HIERARCHY if is_qa else settings.SIGILL_HIERARCHY,
        status_url=settings.SIGILL_QA_STATUS_URL if is_qa else settings.SIGILL_STATUS_URL,
        earlier_status_urls=tuple(settings.SIGILL_EARLIER_STATUS_URLS),
        portal_url=settings.SIGILL_PORTAL_URL,
        earlier_portal_urls=tuple(settings.SIGILL_EARLIER_PORTAL_URLS),
        policy_arc=settings.SIGILL_QA_POLICY_ARC if is_qa else settings.SIGILL_POLICY_ARC,
        wanted_prefix=settings.SIGILL_NAME_PREFIX,
        added=additions.stamp(),
    )


def files_of(issuer: Issuer) -> PolicyFiles:
    """Return the policy of the environment that an issuer belongs to. Raises as ``policy_files`` does."""
    return policy_files(Environment(issuer.environment))


@lru_cache(maxsize=8)
def _read(
    *,
    environment: Environment,
    home: Path,  # noqa: ARG001 - the answer is remembered for one installation
    hierarchy_name: str,
    status_url: str,
    earlier_status_urls: tuple[str, ...],
    portal_url: str,
    earlier_portal_urls: tuple[str, ...],
    policy_arc: str,
    wanted_prefix: str,  # noqa: ARG001 - the answer is remembered for it until a ceremony has recorded it
    added: additions.Stamp,  # noqa: ARG001 - read anew when a ceremony adds an issuer
) -> PolicyFiles:
    changed = changed_settings()
    if changed:
        raise PolicyFileRefused("; ".join(changed), facts={"file": "ceremony/protocol.json"})
    profiles = load_profiles(_HERE / "profiles")
    hierarchy = load_hierarchy(_HERE / "hierarchies" / f"{hierarchy_name}.toml")
    check_hierarchy(hierarchy, profiles)
    return PolicyFiles(
        environment=environment,
        hierarchy=additions.with_additions(
            hierarchy.with_key_prefix(environment.key_prefix), additions.added_issuers(environment)
        ),
        profiles=profiles,
        addresses=_addresses(status_url, portal_url, earlier=earlier_status_urls),
        earlier_addresses=tuple(
            _addresses(status, portal)
            for status in (status_url, *earlier_status_urls)
            for portal in (portal_url, *earlier_portal_urls)
            if (status, portal) != (status_url, portal_url)
        ),
        policy_arc=policy_arc,
        name_prefix=name_prefix(environment),
    )


def _addresses(status_url: str, portal_url: str, *, earlier: tuple[str, ...] = ()) -> StatusAddresses:
    return StatusAddresses(
        ocsp=f"{status_url}/ocsp",
        crl_folder=f"{status_url}/crl/",
        aia_folder=f"{status_url}/aia/",
        cps=f"{portal_url}/cps/",
        earlier_crl_folders=tuple(f"{url}/crl/" for url in earlier),
    )
