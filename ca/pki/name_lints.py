"""Lints on the subject's name and its alternative names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography import x509

from ca.pki.certificate_reading import CERTIFICATE_LINTS, CertificateReading
from ca.pki.subject import (
    MOST_DNS_NAMES,
    has_identifier_form,
    is_card_number,
    is_clean_text,
    is_country,
    is_dns_name,
    is_mailbox,
)
from ca.pki.vocabulary import USER_PRINCIPAL_NAME, ExtensionId, Presence, SubjectAttribute

if TYPE_CHECKING:
    from collections.abc import Iterator

_BY_OID = {attribute.object_identifier: attribute for attribute in SubjectAttribute}
_UTF8_STRING = 0x0C
_PRINTABLE_STRING = 0x13


def _texts(reading: CertificateReading, attribute: SubjectAttribute) -> tuple[str, ...]:
    return tuple(
        text for oid, _type, text in reading.subject_attributes if oid == attribute.object_identifier
    )


@CERTIFICATE_LINTS.rule("RFC 5280 §4.1.2.6; the profile's attributes")
def subject_attributes_follow_the_profile(reading: CertificateReading) -> Iterator[str]:
    """Exactly the profile's attributes in its order; only optional ones may be absent."""
    found = [oid for oid, _type, _text in reading.subject_attributes]
    profile = reading.profile
    expected = [
        attribute.object_identifier
        for attribute in profile.subject_attributes
        if attribute not in profile.optional_attributes or attribute.object_identifier in found
    ]
    if found != expected:
        yield f"{found}, not {expected}"


@CERTIFICATE_LINTS.rule("X.501 §9.3; RFC 4514 §2.2")
def relative_names_hold_one_attribute(reading: CertificateReading) -> Iterator[str]:
    """Several attributes in one RDN have no order and are read differently by different parsers."""
    for relative in reading.relative_names:
        if len(relative) != 1:
            yield f"{len(relative)} attributes in one relative name"


@CERTIFICATE_LINTS.rule("RFC 5280 §4.1.2.4, §4.1.2.6, appendix A.1")
def subject_strings_have_the_right_type(reading: CertificateReading) -> Iterator[str]:
    """PrintableString for country and serialNumber, UTF8String for all others."""
    for oid, string_type, _text in reading.subject_attributes:
        attribute = _BY_OID.get(oid)
        expected = "PrintableString" if attribute and attribute.is_printable else "UTF8String"
        if string_type != expected:
            yield f"{oid} is a {string_type}, not a {expected}"


@CERTIFICATE_LINTS.rule("RFC 5280 appendix A.1, upper bounds")
def subject_strings_are_not_too_long(reading: CertificateReading) -> Iterator[str]:
    """Relying parties cut or refuse what is longer."""
    for oid, _type, text in reading.subject_attributes:
        attribute = _BY_OID.get(oid)
        if attribute and len(text) > attribute.longest:
            yield f"{attribute.field} has {len(text)} characters, at most {attribute.longest} are allowed"


@CERTIFICATE_LINTS.rule("X.520 §6.1; RFC 4518 §2.3; BR 7.1.4.2")
def subject_strings_are_clean(reading: CertificateReading) -> Iterator[str]:
    """No empty text, no blanks around it, no control or formatting characters."""
    for oid, _type, text in reading.subject_attributes:
        if not text or not is_clean_text(text):
            yield f"{oid} is empty, padded or holds unprintable characters"


@CERTIFICATE_LINTS.rule("X.520 §6.3.1; ISO 3166-1 alpha-2")
def country_is_two_letters(reading: CertificateReading) -> Iterator[str]:
    """Two capital letters."""
    for text in _texts(reading, SubjectAttribute.COUNTRY):
        if not is_country(text):
            yield f"{text!r} is not a country"


@CERTIFICATE_LINTS.rule("ETSI EN 319 412-2 §4.2.4")
def a_natural_person_has_a_name(reading: CertificateReading) -> Iterator[str]:
    """Surname or given name (or both) for people."""
    names = _texts(reading, SubjectAttribute.SURNAME) + _texts(reading, SubjectAttribute.GIVEN_NAME)
    if reading.profile.natural_person and not names:
        yield "neither surname nor given name"


@CERTIFICATE_LINTS.rule("RFC 3739 §3.1.2; own CP: nobody has a pseudonym")
def a_person_is_known_by_common_or_given_name(reading: CertificateReading) -> Iterator[str]:
    """Have a common name or a given name in a person's subject."""
    names = _texts(reading, SubjectAttribute.COMMON_NAME) + _texts(reading, SubjectAttribute.GIVEN_NAME)
    if reading.profile.natural_person and not names:
        yield "neither common name nor given name"


@CERTIFICATE_LINTS.rule("RFC 3739 §3.2.2, §3.2.3: certificatePolicies and keyUsage shall be present")
def a_persons_certificate_says_its_policy_and_use(reading: CertificateReading) -> Iterator[str]:
    """Have both extensions in what a person is identified by, whatever the profile says."""
    if not reading.profile.natural_person:
        return
    for needed in (ExtensionId.CERTIFICATE_POLICIES, ExtensionId.KEY_USAGE):
        if needed not in reading.extensions:
            yield f"no {needed.name.lower()}"


@CERTIFICATE_LINTS.rule("X.520 §6.2.9; the profile's identifier; HSA-id as in domain.md 4.1")
def serial_number_attribute_has_the_profiles_form(reading: CertificateReading) -> Iterator[str]:
    """Either HSA-id, twelve digits, or nothing."""
    for text in _texts(reading, SubjectAttribute.SERIAL_NUMBER) or ("",):
        if not has_identifier_form(reading.profile.identifier_form, text):
            yield f"not a {reading.profile.identifier_form.value}"


@CERTIFICATE_LINTS.rule("RFC 5280 §4.2.1.6; the profile's subject_alternative_name")
def alternative_names_follow_the_profile(reading: CertificateReading) -> Iterator[str]:
    """Each kind of name as often as the profile allows it, and no other kind."""
    profile = reading.profile
    allowed = {
        "user_principal_name": (profile.user_principal_name, 1),
        "email": (profile.email, 1),
        "dns_names": (profile.dns_names, MOST_DNS_NAMES),
    }
    kinds = [_kind_of(name) for name in reading.alternative_names]
    for kind, (presence, most) in allowed.items():
        count = kinds.count(kind)
        fewest = 1 if presence is Presence.REQUIRED else 0
        if not fewest <= count <= (0 if presence is Presence.FORBIDDEN else most):
            yield f"{count} of {kind}, which is {presence}"
    for kind in kinds:
        if kind not in allowed:
            yield f"{kind} is not allowed"


def _kind_of(name: x509.GeneralName) -> str:
    if isinstance(name, x509.DNSName):
        return "dns_names"
    if isinstance(name, x509.RFC822Name):
        return "email"
    if isinstance(name, x509.OtherName) and name.type_id.dotted_string == USER_PRINCIPAL_NAME:
        return "user_principal_name"
    return type(name).__name__


@CERTIFICATE_LINTS.rule("RFC 5280 §4.2.1.6")
def alternative_name_is_not_empty(reading: CertificateReading) -> Iterator[str]:
    """Where the extension is there it holds at least one name."""
    if ExtensionId.SUBJECT_ALTERNATIVE_NAME in reading.extensions and not reading.alternative_names:
        yield "subjectAltName is empty"


@CERTIFICATE_LINTS.rule("RFC 1034 §3.5; RFC 5280 §4.2.1.6; BR 4.2.2, 7.1.4.2; no wildcards")
def dns_names_are_full_names(reading: CertificateReading) -> Iterator[str]:
    """Lower-case and fully qualified: no wildcard, no address, no internal zone."""
    for name in reading.dns_names:
        if not is_dns_name(name):
            yield f"{name!r} is not a full DNS name"


@CERTIFICATE_LINTS.rule("BR 7.1.4.3")
def common_name_is_among_the_dns_names(reading: CertificateReading) -> Iterator[str]:
    """Where the profile says so, the common name is the first DNS name."""
    if reading.profile.common_name_is_dns_name:
        common_names = _texts(reading, SubjectAttribute.COMMON_NAME)
        if common_names != reading.dns_names[:1]:
            yield f"{common_names} is not the first of {reading.dns_names}"


@CERTIFICATE_LINTS.rule("RFC 5280 §4.2.1.6; RFC 5321 §4.1.2")
def mail_addresses_are_well_formed(reading: CertificateReading) -> Iterator[str]:
    """`local@domain` in ASCII."""
    for name in reading.alternative_names:
        if isinstance(name, x509.RFC822Name) and not is_mailbox(name.value):
            yield "not a mail address"


@CERTIFICATE_LINTS.rule("MS-KILE §3.3.5.6; RFC 5280 §4.2.1.6 otherName")
def user_principal_names_are_utf8(reading: CertificateReading) -> Iterator[str]:
    """One UTF8String with text in it."""
    for name in reading.alternative_names:
        if not isinstance(name, x509.OtherName):
            continue
        text = name.value[2:].decode("utf-8")
        if name.value[:1] != bytes((_UTF8_STRING,)) or not text or not is_clean_text(text):
            yield "the user principal name is not a UTF8String with text"


@CERTIFICATE_LINTS.rule("SS 614331 §4.3; ISO/IEC 7812-1")
def card_number_is_well_formed(reading: CertificateReading) -> Iterator[str]:
    """Have a PrintableString of 19 digits from 9752 with a check digit, where the profile wants one."""
    value = reading.raw_extension(ExtensionId.CARD_NUMBER)
    presence = reading.profile.card_number
    if value is None:
        if presence is Presence.REQUIRED:
            yield "the card number is absent"
    elif value[:1] != bytes((_PRINTABLE_STRING,)) or not is_card_number(value[2:].decode("ascii")):
        yield "not a card number"
