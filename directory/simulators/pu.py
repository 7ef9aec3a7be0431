"""PU's answers: of protected people identity and name only, unless the question is unrestricted."""

from lxml import etree

from directory.simulators.elements import Elements
from directory.simulators.people import Person, Registers

PERSON = "urn:riv:strategicresourcemanagement:persons:person:5"
RESPONDER = "urn:riv:strategicresourcemanagement:persons:person:GetPersonsForProfileResponder:5"
UNRESTRICTED_RESPONDER = (
    "urn:riv:strategicresourcemanagement:persons:person:GetPersonsForProfileUnrestrictedResponder:5"
)
PERSONAL_IDENTITY_ROOT = "1.2.752.129.2.1.3.1"
COORDINATION_ROOT = "1.2.752.129.2.1.3.3"
MAX_NUMBERS = 500

_person = Elements(PERSON, "p")
_restricted = Elements(RESPONDER)
_unrestricted = Elements(UNRESTRICTED_RESPONDER)


class TooMany(Exception):
    """More numbers than one call may ask for."""


def get_persons_for_profile(question: etree._Element, registers: Registers) -> etree._Element:
    """Answer GetPersonsForProfile: one record for each number. Raises ``TooMany`` above 500."""
    return _answer(question, registers, _restricted, is_unrestricted=False)


def get_persons_for_profile_unrestricted(question: etree._Element, registers: Registers) -> etree._Element:
    """Answer GetPersonsForProfileUnrestricted, as above but with all particulars of protected people."""
    return _answer(question, registers, _unrestricted, is_unrestricted=True)


def _answer(
    question: etree._Element, registers: Registers, responder: Elements, *, is_unrestricted: bool
) -> etree._Element:
    space = f"{{{responder.namespace}}}"
    asked = question.findall(f"{space}personId")
    if len(asked) > MAX_NUMBERS:
        raise TooMany
    profile = question.findtext(f"{space}profile") or ""
    follow = question.findtext(f"{space}ignoreReferredIdentity") in {"false", "0"}
    name = str(question.tag).rpartition("}")[2]
    answer = responder(f"{name}Response")
    for identity in asked:
        number = identity.findtext(f"{{{PERSON}}}extension") or ""
        root = identity.findtext(f"{{{PERSON}}}root") or ""
        person = registers.people.get(number)
        if follow and person and person.referred_to:
            person = registers.people.get(person.referred_to) or person
        answer.append(
            requested_record(
                number,
                person,
                root=root,
                profile=profile,
                responder=responder,
                is_unrestricted=is_unrestricted,
            )
        )
    return answer


def requested_record(
    number: str,
    person: Person | None,
    *,
    root: str,
    profile: str,
    responder: Elements = _restricted,
    is_unrestricted: bool,
) -> etree._Element:
    """Return what PU answers about one number: a record within the profile, or none when it knows nobody."""
    identity = _person("requestedPersonalIdentity", _person("root", root), _person("extension", number))
    record = responder("requestedPersonRecord", identity)
    if person and person.in_pu:
        is_protected = person.secrecy_marked or person.protected_registration
        tells_more = profile != "P1" and (is_unrestricted or not is_protected)
        record.append(_record(person, with_address=tells_more))
    return record


def root_of(number: str) -> str:
    """Return the OID of a number's kind: a coordination number's day is 60 higher (SKV M 2010:3)."""
    return COORDINATION_ROOT if int(number[6:8]) > 60 else PERSONAL_IDENTITY_ROOT  # noqa: PLR2004 - cited above


def _identity(number: str) -> tuple[etree._Element, etree._Element]:
    return _person("root", root_of(number)), _person("extension", number)


def _record(person: Person, *, with_address: bool) -> etree._Element:
    record = _person("personRecord", _person("personalIdentity", *_identity(person.number)))
    if person.identity_level:
        record.append(_person("identityLevel", person.identity_level))
    record.append(_person("protectedPersonIndicator", _flag(person.secrecy_marked)))
    record.append(_person("testIndicator", _flag(person.test)))
    record.append(_person("primaryIdentity", _flag(not person.referred_to)))
    record.append(_person("version", person.version))
    record.append(_name(person))
    for other in filter(None, (person.referred_to, *person.referred_from.split())):
        referred = _person("referredPersonalIdentity", *_identity(other))
        record.append(_person("referredPersonalIdentities", referred))
    if with_address:
        record.extend(_registration(person))
    if person.deceased_on and with_address:
        deceased = _person(
            "deceasedDate", _person("format", "YYYY-MM-DD"), _person("value", person.deceased_on)
        )
        record.append(_person("coOrdinationNumberData", deceased))
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
