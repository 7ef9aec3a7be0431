"""PU's answers, as the unrestricted contract gives them: protected people with all their particulars."""

from lxml import etree

from directory.simulators.elements import Elements
from directory.simulators.people import Person, Registers

PERSON = "urn:riv:strategicresourcemanagement:persons:person:5"
RESPONDER = "urn:riv:strategicresourcemanagement:persons:person:GetPersonsForProfileResponder:5"
PERSONAL_IDENTITY_ROOT = "1.2.752.129.2.1.3.1"
COORDINATION_ROOT = "1.2.752.129.2.1.3.3"
MAX_NUMBERS = 500
_VERSION = "20260901120000"

_person = Elements(PERSON, "p")
_responder = Elements(RESPONDER)


class TooMany(Exception):
    """More numbers than one call may ask for."""


def get_persons_for_profile(question: etree._Element, registers: Registers) -> etree._Element:
    """Answer GetPersonsForProfile: one record for each number. Raises ``TooMany`` above 500."""
    asked = question.findall(f"{{{RESPONDER}}}personId")
    if len(asked) > MAX_NUMBERS:
        raise TooMany
    profile = question.findtext(f"{{{RESPONDER}}}profile")
    answer = _responder("GetPersonsForProfileResponse")
    for identity in asked:
        number = identity.findtext(f"{{{PERSON}}}extension") or ""
        person = registers.people.get(number)
        record = _responder(
            "requestedPersonRecord",
            _person(
                "requestedPersonalIdentity",
                _person("root", identity.findtext(f"{{{PERSON}}}root") or ""),
                _person("extension", number),
            ),
        )
        if person and person.in_pu:
            record.append(_record(person, with_address=profile != "P1"))
        answer.append(record)
    return answer


def _identity(number: str) -> tuple[etree._Element, etree._Element]:
    root = COORDINATION_ROOT if int(number[6:8]) > 60 else PERSONAL_IDENTITY_ROOT  # noqa: PLR2004 - SKV M 2010:3
    return _person("root", root), _person("extension", number)


def _record(person: Person, *, with_address: bool) -> etree._Element:
    record = _person("personRecord", _person("personalIdentity", *_identity(person.number)))
    if person.identity_level:
        record.append(_person("identityLevel", person.identity_level))
    record.append(_person("protectedPersonIndicator", _flag(person.secrecy_marked)))
    record.append(_person("testIndicator", "true"))
    record.append(_person("primaryIdentity", _flag(not person.referred_to)))
    record.append(_person("version", _VERSION))
    record.append(_name(person))
    if person.referred_to:
        referred = _person("referredPersonalIdentity", *_identity(person.referred_to))
        record.append(_person("referredPersonalIdentities", referred))
    if with_address:
        record.extend(_registration(person))
    if person.identity_status:
        record.append(_person("personalIdentityStatus", _person("identityStatus", person.identity_status)))
    if person.protected_registration:
        record.append(_person("protectedPopulationRecord", "true"))
    return record


def _name(person: Person) -> etree._Element:
    name = _person(
        "name",
        _person("givenNameIndicator", str(person.given_name_indicator)),
        _person("givenName", person.given_name),
    )
    if person.middle_name:
        name.append(_person("middleName", person.middle_name))
    name.append(_person("surname", person.surname))
    return name


def _registration(person: Person) -> list[etree._Element]:
    """Return registration, address and deregistration, in the order of the schema."""
    parts = []
    if not person.deregistration_code and not person.identity_status and not person.referred_to:
        parts.append(
            _person(
                "populationRegistrationLocality",
                _person("countyCode", "25"),
                _person("municipalityCode", "80"),
            )
        )
    if person.address:
        address = _person("residentialAddress")
        if person.address.care_of:
            address.append(_person("careOf", person.address.care_of))
        address.append(_person("postalAddress2", person.address.street))
        address.append(_person("postalCode", str(person.address.postal_code)))
        address.append(_person("city", person.address.city))
        parts.append(_person("addressInformation", address))
    if person.deregistration_code:
        parts.append(
            _person(
                "deregistration",
                _person("deregistrationReasonCode", person.deregistration_code),
                _person(
                    "deregistrationDate",
                    _person("format", "YYYY-MM-DD"),
                    _person("value", person.deregistered_on),
                ),
            )
        )
    return parts


def _flag(value: bool) -> str:  # noqa: FBT001 - one obvious argument
    return "true" if value else "false"
