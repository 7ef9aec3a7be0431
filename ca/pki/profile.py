"""What a certificate of one kind may contain: a TOML file, read strictly into a frozen value."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from ca.pki.policies import POLICIES
from ca.pki.toml_table import TomlTable, read_policy_file
from ca.pki.vocabulary import (
    ATTRIBUTES,
    CRITICAL_PURPOSES,
    EXTENDED_KEY_USAGES,
    KEY_USAGES,
    IdentifierForm,
    Kind,
    Presence,
    SubjectAttribute,
)

if TYPE_CHECKING:
    from enum import StrEnum
    from pathlib import Path
    from typing import Any, TypeVar

    from ca.pki.subject import SubjectFacts

    _E = TypeVar("_E", bound=StrEnum)

ANY = "any"
"""In `policies`: anyPolicy, for issuers only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One kind of certificate. Profiles constrain: nothing that is not mentioned here can be issued."""

    name: str
    description: str
    kind: Kind
    key_class: str
    """Which keys of the hierarchy it takes (root, issuer, service, card, mobile, function)."""
    default_validity: timedelta
    max_validity: timedelta
    subject_attributes: tuple[SubjectAttribute, ...]
    """In the order they stand in the name."""
    optional_attributes: frozenset[SubjectAttribute]
    identifier_form: IdentifierForm
    natural_person: bool
    key_usage: tuple[str, ...]
    key_usage_rsa: tuple[str, ...]
    """The key usage where the key is RSA; keyEncipherment is forbidden for EC keys (RFC 8813 §3)."""
    extended_key_usage: tuple[str, ...]
    policies: tuple[str, ...]
    path_length: int | None
    user_principal_name: Presence
    email: Presence
    dns_names: Presence
    card_number: Presence
    common_name_is_dns_name: bool
    crl_distribution_points: bool
    freshest_crl: bool
    """Whether it also names the delta CRL, where its issuer makes one."""
    authority_information_access: tuple[str, ...]
    ocsp_no_check: bool
    sha256: str
    """Of the file's bytes, in hex; kept with each certificate."""

    def __hash__(self) -> int:
        """Hash by what the file holds: it is a key in caches, for each certificate."""
        return hash(self.sha256)

    @property
    def is_authority(self) -> bool:
        """Tell whether the certificate is a CA certificate."""
        return self.kind is not Kind.END_ENTITY

    @property
    def uses_alternative_name(self) -> bool:
        """Tell whether a subjectAltName may stand in the certificate."""
        return {self.user_principal_name, self.email, self.dns_names} != {Presence.FORBIDDEN}

    def key_usage_for(self, *, rsa: bool) -> tuple[str, ...]:
        """Return the names of the key usages for a key of that kind."""
        return self.key_usage_rsa if rsa else self.key_usage

    def subject_from(self, facts: SubjectFacts) -> SubjectFacts:
        """Return only those facts that this profile puts into a certificate; the rest is left behind.

        `prepare` refuses facts that the profile has no place for, so that nothing is lost unseen: whoever has
        one set of facts for several profiles calls this first.
        """
        places: set[str] = {attribute.field for attribute in self.subject_attributes} | {"policy"}
        for field in ("user_principal_name", "email", "dns_names", "card_number"):
            if getattr(self, field) is not Presence.FORBIDDEN:
                places.add(field)
        dropped: dict[str, Any] = {
            fact.name: fact.default for fact in fields(facts) if fact.name not in places
        }
        return replace(facts, **dropped)


def load_profile(path: Path) -> Profile:
    """Read `path`; raises PolicyFileRefused for an unknown key, a missing one or a contradiction."""
    table, digest = read_policy_file(path)
    profile = _read(table, digest)
    table.finish()
    if profile.name != path.stem:
        raise table.refuse(f"the profile calls itself {profile.name}", key="name")
    for rule in _contradictions(profile):
        raise table.refuse(rule)
    return profile


def load_profiles(folder: Path) -> dict[str, Profile]:
    """Read every `*.toml` in `folder`, by name."""
    return {path.stem: load_profile(path) for path in sorted(folder.glob("*.toml"))}


def _read(table: TomlTable, digest: str) -> Profile:
    validity = table.table("validity")
    subject = table.table("subject")
    alternative = table.table("subject_alternative_name")
    key_usage = _known(table, "key_usage", table.texts("key_usage"), KEY_USAGES)
    profile = Profile(
        name=table.text("name"),
        description=table.text("description"),
        kind=_choice(table, "kind", Kind, None),
        key_class=table.text("key_class"),
        default_validity=timedelta(days=validity.number("default_days", at_least=1)),
        max_validity=timedelta(days=validity.number("max_days", at_least=1)),
        subject_attributes=_attributes(subject, "attributes", None),
        optional_attributes=frozenset(_attributes(subject, "optional", ())),
        identifier_form=_choice(subject, "identifier", IdentifierForm, IdentifierForm.NONE),
        natural_person=subject.truth("natural_person", default=False),
        key_usage=key_usage,
        key_usage_rsa=_known(
            table, "key_usage_rsa", table.texts("key_usage_rsa", default=key_usage), KEY_USAGES
        ),
        extended_key_usage=_known(
            table, "extended_key_usage", table.texts("extended_key_usage", default=()), EXTENDED_KEY_USAGES
        ),
        policies=_known(table, "policies", table.texts("policies", default=()), {*POLICIES, ANY}),
        path_length=table.optional_number("path_length"),
        user_principal_name=_choice(alternative, "user_principal_name", Presence, Presence.FORBIDDEN),
        email=_choice(alternative, "email", Presence, Presence.FORBIDDEN),
        dns_names=_choice(alternative, "dns_names", Presence, Presence.FORBIDDEN),
        card_number=_choice(table, "card_number", Presence, Presence.FORBIDDEN),
        common_name_is_dns_name=alternative.truth("common_name_is_dns_name", default=False),
        crl_distribution_points=table.truth("crl_distribution_points", default=True),
        freshest_crl=table.truth("freshest_crl", default=False),
        authority_information_access=_known(
            table,
            "authority_information_access",
            table.texts("authority_information_access", default=("ocsp", "ca_issuers")),
            ("ocsp", "ca_issuers"),
        ),
        ocsp_no_check=table.truth("ocsp_no_check", default=False),
        sha256=digest,
    )
    for part in (validity, subject, alternative):
        part.finish()
    return profile


def _choice(table: TomlTable, key: str, kind: type[_E], default: _E | None) -> _E:
    text = table.text(key, None if default is None else default.value)
    if text not in set(kind):
        raise table.refuse(f"{key} must be one of {', '.join(kind)}, not {text!r}", key=key)
    return kind(text)


def _known(
    table: TomlTable, key: str, names: tuple[str, ...], known: tuple[str, ...] | set[str] | dict[str, str]
) -> tuple[str, ...]:
    for name in names:
        if name not in known:
            raise table.refuse(f"{key} names {name!r}, which is not known", key=key)
    return names


def _attributes(table: TomlTable, key: str, default: tuple[str, ...] | None) -> tuple[SubjectAttribute, ...]:
    names = table.texts(key, default=default)
    return tuple(ATTRIBUTES[name] for name in _known(table, key, names, set(ATTRIBUTES)))


def _contradictions(profile: Profile) -> list[str]:
    """Cross-check a profile: each rule that it breaks, as a sentence."""
    signs_others = {"keyCertSign", "cRLSign"}
    usages = {*profile.key_usage, *profile.key_usage_rsa}
    signs_responses = "OCSPSigning" in profile.extended_key_usage
    identifies = profile.identifier_form is not IdentifierForm.NONE
    must_have_serial = (
        SubjectAttribute.SERIAL_NUMBER in profile.subject_attributes
        and SubjectAttribute.SERIAL_NUMBER not in profile.optional_attributes
    )
    rules = (
        (profile.default_validity <= profile.max_validity, "default_days is longer than max_days"),
        (bool(usages), "key_usage is empty"),
        (
            SubjectAttribute.COMMON_NAME in profile.subject_attributes
            and SubjectAttribute.COMMON_NAME not in profile.optional_attributes,
            "a subject needs a common_name",
        ),
        (
            profile.optional_attributes <= set(profile.subject_attributes),
            "an optional attribute is not among the attributes",
        ),
        (
            usages == signs_others if profile.is_authority else not usages & signs_others,
            "keyCertSign and cRLSign belong to root and issuers, and to nothing else (RFC 5280 §4.2.1.3)",
        ),
        (
            set(profile.key_usage) <= set(profile.key_usage_rsa),
            "key_usage_rsa may only add to key_usage",
        ),
        ("keyEncipherment" not in profile.key_usage, "keyEncipherment is for RSA keys only (RFC 8813 §3)"),
        (
            profile.path_length is None or profile.is_authority,
            "path_length belongs to CA certificates (RFC 5280 §4.2.1.9)",
        ),
        (
            ANY not in profile.policies or (profile.policies == (ANY,) and profile.kind is Kind.ISSUER),
            "anyPolicy belongs to issuers, alone",
        ),
        (
            not profile.is_authority or not profile.extended_key_usage,
            "CA certificates carry no extended key usage",
        ),
        (
            identifies is must_have_serial,
            "an identifier needs a required serial_number, and a serial_number an identifier",
        ),
        (
            signs_responses is profile.ocsp_no_check,
            "OCSPSigning and ocsp_no_check go together (RFC 6960 §4.2.2.2.1)",
        ),
        (
            not signs_responses
            or (
                profile.extended_key_usage == ("OCSPSigning",)
                and usages == {"digitalSignature"}
                and not profile.uses_alternative_name
                and not profile.crl_distribution_points
            ),
            "an OCSP signer has OCSPSigning and digitalSignature only, no names, no CRL (BR 7.1.2.8)",
        ),
        (
            not set(CRITICAL_PURPOSES) & set(profile.extended_key_usage)
            or (profile.extended_key_usage == CRITICAL_PURPOSES and usages == {"digitalSignature"}),
            "a time-stamp signer has timeStamping and digitalSignature only (RFC 3161 §2.3)",
        ),
        (
            "smartcardLogon" not in profile.extended_key_usage
            or profile.user_principal_name is not Presence.FORBIDDEN,
            "smartcardLogon needs a place for the user principal name",
        ),
        (
            not profile.common_name_is_dns_name or profile.dns_names is Presence.REQUIRED,
            "common_name_is_dns_name needs required dns_names",
        ),
        (
            profile.kind is not Kind.ROOT
            or not (profile.crl_distribution_points or profile.authority_information_access),
            "a root points nowhere: no CRL distribution point, no authority information access",
        ),
    )
    return [sentence for holds, sentence in rules if not holds]
