"""A whole hierarchy as data: its keys, algorithms and issuers, and which profiles each issuer may use."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from ca.pki.errors import PolicyFileRefused, ProfileViolation
from ca.pki.keys import KeyRule
from ca.pki.policies import POLICIES
from ca.pki.profile import ANY
from ca.pki.signer import SignatureAlgorithm
from ca.pki.subject import SubjectFacts, is_country
from ca.pki.toml_table import TomlTable, read_policy_file
from ca.pki.vocabulary import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from ca.pki.profile import Profile

_LONGEST_CRL_LIFE = {Kind.ISSUER: timedelta(days=10), Kind.ROOT: timedelta(days=365)}
"""nextUpdate at most 10 days after thisUpdate, 12 months for CRLs about CA certificates (BR 7.2)."""


MOST_SHARDS = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyClass:
    """Which keys a class of certificates takes (the first one is what we generate), and how they sign."""

    name: str
    accepts: tuple[KeyRule, ...]
    signature_algorithm: SignatureAlgorithm | None
    """None where the key is not ours to sign with."""

    @property
    def generates(self) -> str:
        """Return the kind of key that is made when the CA makes it, e.g. `ec-p384` or `rsa-4096`."""
        return self.accepts[0].text

    def takes(self, public_key: bytes) -> bool:
        """Tell whether a certificate of this class may hold the key; raises WeakKey for what is no key."""
        return any(rule.accepts(public_key) for rule in self.accepts)


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerPlan:
    """One CA of the hierarchy as its file describes it; its certificate is made at the key ceremony."""

    key: str
    common_name: str
    profile: str
    issued_by: str
    issues: tuple[str, ...]
    policies: tuple[str, ...]
    """Certificate policies it may state; the first one in common with the profile is the default."""
    crl_interval: timedelta
    crl_validity: timedelta
    crl_shards: int
    delta_crl_interval: timedelta
    """Zero: no delta CRLs."""
    announces_deltas: bool
    """Whether whole lists say where the delta is (freshestCRL). Some validators (pyHanko's) then refuse a
    list whose delta they were not given; one that is not announced is for those who know its address."""

    @property
    def delta_crl_validity(self) -> timedelta:
        """Return how long a delta can be used: until twelve more should have come, at least an hour."""
        return min(self.crl_validity, max(12 * self.delta_crl_interval, timedelta(hours=1)))

    @property
    def is_root(self) -> bool:
        """Tell whether it issues itself."""
        return self.issued_by == self.key


@dataclass(frozen=True, slots=True, kw_only=True)
class Hierarchy:
    """A root and its issuers; everything that differs between `p384` and `rsa` is in here."""

    name: str
    description: str
    country: str
    organization: str
    key_classes: tuple[KeyClass, ...]
    issuers: tuple[IssuerPlan, ...]
    """Root first; an issuer stands after the one that issues it, so this is the order of the ceremony."""
    sha256: str

    @property
    def root(self) -> IssuerPlan:
        """Return the root's plan."""
        return self.issuers[0]

    def issuer(self, key: str) -> IssuerPlan:
        """Return the plan of the issuer with that key; raises ProfileViolation for an unknown one."""
        for plan in self.issuers:
            if plan.key == key:
                return plan
        raise ProfileViolation(f"{self.name} has no issuer {key!r}", facts={"rule": "issuer", "issuer": key})

    def key_class(self, name: str) -> KeyClass:
        """Return the class of keys with that name; raises ProfileViolation for an unknown one."""
        for key_class in self.key_classes:
            if key_class.name == name:
                return key_class
        raise ProfileViolation(f"{self.name} has no key class {name!r}", facts={"rule": "key_class"})

    def subject_of(self, key: str, *, name_prefix: str) -> SubjectFacts:
        """Return the subject of the issuer's own certificate: C, O and the prefixed CN."""
        return SubjectFacts(
            country=self.country,
            organization=self.organization,
            common_name=name_prefix + self.issuer(key).common_name,
        )

    def with_key_prefix(self, prefix: str) -> Hierarchy:
        """Return the same hierarchy under other keys, so that two of one file stand beside each other."""
        return replace(
            self,
            issuers=tuple(
                replace(plan, key=prefix + plan.key, issued_by=prefix + plan.issued_by)
                for plan in self.issuers
            ),
        )

    def issuers_of(self, profile: str) -> tuple[IssuerPlan, ...]:
        """Return the issuers that may use the profile, in the file's order."""
        return tuple(plan for plan in self.issuers if profile in plan.issues)


def file_stem(common_name: str) -> str:
    """Return the name of an issuer's published files: its CN in lower case with only [a-z0-9] kept."""
    return re.sub(r"[^a-z0-9]", "", common_name.lower())


def load_hierarchy(path: Path) -> Hierarchy:
    """Read `path`; raises PolicyFileRefused for an unknown key, a missing one or a contradiction."""
    table, digest = read_policy_file(path)
    hierarchy = Hierarchy(
        name=table.text("name"),
        description=table.text("description"),
        country=table.text("country"),
        organization=table.text("organization"),
        key_classes=tuple(_key_class(name, part) for name, part in table.tables("key_classes")),
        issuers=tuple(_issuer(key, part) for key, part in table.tables("issuers")),
        sha256=digest,
    )
    table.finish()
    if hierarchy.name != path.stem:
        raise table.refuse(f"the hierarchy calls itself {hierarchy.name}", key="name")
    for rule in _contradictions(hierarchy):
        raise table.refuse(rule)
    return hierarchy


def _key_class(name: str, table: TomlTable) -> KeyClass:
    accepts = tuple(KeyRule.parse(text) for text in table.texts("accepts"))
    algorithm = table.text("signature_algorithm", default="")
    table.finish()
    if not accepts:
        raise table.refuse("accepts is empty", key="accepts")
    if algorithm and algorithm not in SignatureAlgorithm.__members__:
        raise table.refuse(f"unknown signature_algorithm {algorithm!r}", key="signature_algorithm")
    chosen = SignatureAlgorithm[algorithm] if algorithm else None
    if chosen and any(chosen.is_rsa is bool(rule.curve) for rule in accepts):
        raise table.refuse(f"{algorithm} does not fit the keys", key="signature_algorithm")
    return KeyClass(name=name, accepts=accepts, signature_algorithm=chosen)


def _issuer(key: str, table: TomlTable) -> IssuerPlan:
    plan = IssuerPlan(
        key=key,
        common_name=table.text("common_name"),
        profile=table.text("profile"),
        issued_by=table.text("issued_by"),
        issues=table.texts("issues"),
        policies=table.texts("policies", default=()),
        crl_interval=timedelta(minutes=table.number("crl_interval_minutes", at_least=1)),
        crl_validity=timedelta(hours=table.number("crl_validity_hours", at_least=1)),
        crl_shards=table.number("crl_shards", default=1, at_least=1),
        delta_crl_interval=timedelta(minutes=table.number("delta_crl_interval_minutes", default=0)),
        announces_deltas=table.truth("announces_deltas", default=False),
    )
    table.finish()
    return plan


def _contradictions(hierarchy: Hierarchy) -> list[str]:
    """Cross-check a hierarchy by itself: each rule that it breaks, as a sentence."""
    broken = [] if is_country(hierarchy.country) else ["country is not two capital letters"]
    seen: set[str] = set()
    for place, plan in enumerate(hierarchy.issuers):
        if plan.is_root is not (place == 0):
            broken.append("the first issuer, and only that one, issues itself")
        if plan.issued_by not in {*seen, plan.key}:
            broken.append(f"{plan.key} stands before {plan.issued_by}, which issues it")
        broken.extend(
            f"{plan.key}: unknown policy {name!r}" for name in plan.policies if name not in POLICIES
        )
        broken.extend(f"{plan.key}: {rule}" for rule in _contradictions_of_lists(plan))
        seen.add(plan.key)
    if not hierarchy.issuers:
        broken.append("no issuers")
    stems = {file_stem(plan.common_name) for plan in hierarchy.issuers}
    if len(stems) != len(hierarchy.issuers):
        broken.append("two issuers would publish under one file name")
    return broken


def _contradictions_of_lists(plan: IssuerPlan) -> Iterator[str]:
    if plan.crl_validity <= plan.crl_interval:
        yield "a CRL must outlive the wait for the next one"
    if plan.delta_crl_interval >= plan.crl_interval:
        yield "a delta CRL is for the time between two full ones"
    if plan.announces_deltas and not plan.delta_crl_interval:
        yield "it announces delta CRLs and makes none"
    if plan.crl_shards > MOST_SHARDS:
        yield f"more than {MOST_SHARDS} shards"
    if plan.crl_validity > _LONGEST_CRL_LIFE[Kind.ROOT if plan.is_root else Kind.ISSUER]:
        yield "crl_validity_hours is longer than BR 7.2 allows"


def check_hierarchy(hierarchy: Hierarchy, profiles: Mapping[str, Profile]) -> None:
    """Cross-check a hierarchy with the profiles it names; PolicyFileRefused on the first contradiction."""
    for rule in _contradictions_with(hierarchy, profiles):
        raise PolicyFileRefused(f"{hierarchy.name}: {rule}", facts={"file": hierarchy.name})


def _contradictions_with(hierarchy: Hierarchy, profiles: Mapping[str, Profile]) -> list[str]:
    broken: list[str] = []
    classes = {key_class.name: key_class for key_class in hierarchy.key_classes}
    for plan in hierarchy.issuers:
        own = profiles.get(plan.profile)
        if own is None or own.kind is not (Kind.ROOT if plan.is_root else Kind.ISSUER):
            broken.append(f"{plan.key}: {plan.profile} is not a profile for it")
        elif own.key_class != own.kind.value:
            broken.append(f"{plan.profile} takes the key class {own.kind.value}, not {own.key_class}")
        elif own.key_class not in classes or classes[own.key_class].signature_algorithm is None:
            broken.append(f"{plan.key}: the key class {own.key_class} has no signature algorithm")
        if not plan.is_root and plan.profile not in hierarchy.issuer(plan.issued_by).issues:
            broken.append(f"{plan.issued_by} does not issue {plan.profile}")
        for name in plan.issues:
            issued = profiles.get(name)
            if issued is None or issued.kind is Kind.ROOT:
                broken.append(f"{plan.key}: {name} is not a profile that can be issued")
            elif issued.key_class not in classes:
                broken.append(f"{name}: no key class {issued.key_class}")
            elif issued.policies and ANY not in issued.policies and not {*issued.policies} & {*plan.policies}:
                broken.append(f"{plan.key}: no certificate policy in common with {name}")
    broken.extend(
        f"no issuer for the profile {name}"
        for name, profile in profiles.items()
        if profile.kind is not Kind.ROOT and not hierarchy.issuers_of(name)
    )
    return broken
