"""The facts about a subject that a certificate may state, and the name they become."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from ca.pki import der
from ca.pki.errors import ProfileViolation
from ca.pki.vocabulary import IdentifierForm, Presence, SubjectAttribute

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ca.pki.profile import Profile

MOST_DNS_NAMES = 20

_IDENTIFIERS = {
    # domain.md 4.1; test registers use longer prefixes than SE
    IdentifierForm.HSA_ID: re.compile(r"[A-Z]{2,8}[0-9]{10}-[A-Za-z0-9]{1,18}"),
    IdentifierForm.PERSONAL_IDENTITY_NUMBER: re.compile(r"[0-9]{12}"),
}
_LONGEST_HSA_ID = 31
_COUNTRY = re.compile(r"[A-Z]{2}")
_CARD_NUMBER = re.compile(r"9752[0-9]{15}")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_LONGEST_DNS_NAME = 253
_INTERNAL = frozenset(
    {"arpa", "corp", "home", "internal", "intranet", "invalid", "lan", "local", "localdomain"}
    | {"localhost", "mail", "onion", "private"}
)
_MAILBOX = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectFacts:
    """What is known about the subject; which of it a certificate states, its profile decides.

    `serial_number` is the HSA-id or the twelve digits of the personal identity number. `policy` names the
    certificate policy (`loa3_card`, `loa2_reserve` …) where the profile leaves a choice; empty means the
    first one that profile and issuer have in common.
    """

    common_name: str
    given_name: str = ""
    surname: str = ""
    serial_number: str = ""
    organization: str = ""
    locality: str = ""
    title: str = ""
    email: str = ""
    user_principal_name: str = ""
    dns_names: tuple[str, ...] = ()
    card_number: str = ""
    country: str = "SE"
    policy: str = ""

    def to_json(self) -> dict[str, str | list[str]]:
        """Return the facts as a JSON object; empty ones are left out."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
            if value
        }

    @classmethod
    def from_json(cls, facts: Mapping[str, str | list[str]]) -> SubjectFacts:
        """Read what to_json wrote; an unknown name raises TypeError."""
        return cls(**{name: tuple(v) if isinstance(v, list) else v for name, v in facts.items()})  # type: ignore[arg-type]


def short_common_name(full_name: str) -> str:
    """Return a person's whole name, shortened word by word from the end to the 64 characters of a CN."""
    words = unicodedata.normalize("NFC", full_name).split()
    while len(words) > 1 and len(" ".join(words)) > SubjectAttribute.COMMON_NAME.longest:
        words.pop()
    return " ".join(words)[: SubjectAttribute.COMMON_NAME.longest]


def violation(rule: str, message: str, **facts: str) -> ProfileViolation:
    """Return the error to raise for a broken rule; `facts` are data for the message to people."""
    return ProfileViolation(message, facts={"rule": rule, **facts})


def check_subject(profile: Profile, subject: SubjectFacts) -> None:
    """Raise ProfileViolation unless the profile has a place for every fact, and every demanded fact is there.

    Rules: `missing`, `forbidden`, `text`, `length`, `identifier`, `card_number`, `dns_name`, `email`.
    """
    _check_attributes(profile, subject)
    for field in ("user_principal_name", "email", "dns_names", "card_number"):
        presence: Presence = getattr(profile, field)
        given = bool(getattr(subject, field))
        if given and presence is Presence.FORBIDDEN:
            raise violation("forbidden", f"{profile.name} has no place for {field}", fact=field)
        if not given and presence is Presence.REQUIRED:
            raise violation("missing", f"{profile.name} needs {field}", fact=field)
    if subject.user_principal_name:
        _check_text("user_principal_name", subject.user_principal_name)
    if subject.email and not is_mailbox(subject.email):
        raise violation("email", "not an address that a certificate may hold", fact="email")
    if subject.card_number and not is_card_number(subject.card_number):
        raise violation("card_number", "not 19 digits from 9752 with a check digit", fact="card_number")
    _check_dns_names(profile, subject)


def _check_attributes(profile: Profile, subject: SubjectFacts) -> None:
    for attribute in SubjectAttribute:
        text: str = getattr(subject, attribute.field)
        if attribute not in profile.subject_attributes:
            if text and attribute is not SubjectAttribute.COUNTRY:
                raise violation(
                    "forbidden", f"{profile.name} has no place for {attribute.field}", fact=attribute.field
                )
        elif text:
            _check_text(attribute.field, text)
            if len(unicodedata.normalize("NFC", text)) > attribute.longest:
                raise violation(
                    "length",
                    f"{attribute.field} is longer than {attribute.longest} characters",
                    fact=attribute.field,
                    longest=str(attribute.longest),
                )
        elif attribute not in profile.optional_attributes:
            raise violation("missing", f"{profile.name} needs {attribute.field}", fact=attribute.field)
    if not is_country(subject.country):
        raise violation("text", "country is not two capital letters", fact="country")
    if not has_identifier_form(profile.identifier_form, subject.serial_number):
        raise violation(
            "identifier", f"serial_number is not a {profile.identifier_form.value}", fact="serial_number"
        )
    if profile.natural_person and not (subject.given_name or subject.surname):
        raise violation("missing", "a person has a surname or a given name", fact="surname")


def _check_text(field: str, text: str) -> None:
    if not is_clean_text(text):
        raise violation("text", f"{field} holds characters that no name has", fact=field)


def _check_dns_names(profile: Profile, subject: SubjectFacts) -> None:
    if len(subject.dns_names) > MOST_DNS_NAMES:
        raise violation("dns_name", f"more than {MOST_DNS_NAMES} DNS names", fact="dns_names")
    if len(set(subject.dns_names)) != len(subject.dns_names):
        raise violation("dns_name", "the same DNS name twice", fact="dns_names")
    for name in subject.dns_names:
        if not is_dns_name(name):
            raise violation("dns_name", "not a full, public DNS name", fact="dns_names", name=name)
    if profile.common_name_is_dns_name and subject.common_name != subject.dns_names[0]:
        raise violation("dns_name", "common_name is not the first DNS name", fact="common_name")


def is_clean_text(text: str) -> bool:
    """Tell whether the text is neither padded nor holds control, format, private or surrogate characters."""
    if text != text.strip():
        return False
    # isprintable is quick and takes less than we do: it knows one kind of blank.
    return text.isprintable() or not any(
        unicodedata.category(character)[0] == "C" or unicodedata.category(character) in {"Zl", "Zp"}
        for character in text
    )


def is_country(text: str) -> bool:
    """Tell whether the text is two capital letters (ISO 3166-1 alpha-2)."""
    return _COUNTRY.fullmatch(text) is not None


def has_identifier_form(form: IdentifierForm, text: str) -> bool:
    """Tell whether the serialNumber attribute has the profile's form; NONE means that there is none."""
    if form is IdentifierForm.NONE:
        return not text
    if form is IdentifierForm.HSA_ID and len(text) > _LONGEST_HSA_ID:
        return False
    return _IDENTIFIERS[form].fullmatch(text) is not None


def is_card_number(text: str) -> bool:
    """Tell whether the text is 19 digits from 9752, the last one a Luhn check digit (ISO/IEC 7812-1)."""
    if _CARD_NUMBER.fullmatch(text) is None:
        return False
    doubled = (int(digit) * 2 for digit in text[-2::-2])
    total = sum(int(digit) for digit in text[-1::-2]) + sum(number // 10 + number % 10 for number in doubled)
    return total % 10 == 0


def is_dns_name(name: str) -> bool:
    """Tell whether this is a lower-case, full name: no wildcard, address, internal zone or raw IDN."""
    labels = name.split(".")
    return (
        len(name) <= _LONGEST_DNS_NAME
        and len(labels) > 1
        and all(_LABEL.fullmatch(label) for label in labels)
        and not labels[-1].isdigit()
        and labels[-1] not in _INTERNAL
    )


def is_mailbox(address: str) -> bool:
    """Tell whether this is `local@domain` in ASCII (RFC 5280 §4.2.1.6, RFC 5321 §4.1.2), full name."""
    local, at, domain = address.rpartition("@")
    return (
        bool(at)
        and _MAILBOX.fullmatch(local) is not None
        and ".." not in local
        and local[0] != "."
        and local[-1] != "."
        and is_dns_name(domain.lower())
    )


def encode_subject(profile: Profile, subject: SubjectFacts) -> bytes:
    """Return the Name in the profile's order; check_subject has been asked before."""
    return encode_name(
        (attribute, text)
        for attribute in profile.subject_attributes
        if (text := getattr(subject, attribute.field))
    )


def encode_name(attributes: Iterable[tuple[SubjectAttribute, str]]) -> bytes:
    """Return a Name of one attribute in each RDN; text is normalized to NFC (RFC 5280 §4.1.2.4, §7.1)."""
    return der.sequence(
        *(
            der.set_of_one(
                der.sequence(
                    der.object_identifier(attribute.object_identifier),
                    der.printable_string(text)
                    if attribute.is_printable
                    else der.utf8_string(unicodedata.normalize("NFC", text)),
                )
            )
            for attribute, text in attributes
        )
    )
