"""A person's record in PU as a typed value, read from the elements of an answer or a file."""

from collections.abc import Iterable
from dataclasses import dataclass

from lxml import etree

from directory.names import calling_name

NAMESPACE = "urn:riv:strategicresourcemanagement:persons:person:5"
DECEASED = "AV"
_P = f"{{{NAMESPACE}}}"
_TRUE = frozenset({"true", "1"})
_WITHHELD = ("populationRegistrationLocality", "addressInformation", "deregistration")


class RecordMismatched(Exception):
    """A record answers for somebody else than was asked about, or the same person is answered for twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PuPerson:
    """What PU says of one person.

    ``deregistration_code`` is empty for someone registered; AV is deceased, UV emigrated. ``referred_to`` is
    the number that took this one's place. ``address_lines`` may be given for a protected person too: the
    unrestricted contract trusts us with it. ``is_withheld``: the person is protected and the record tells no
    more than identity and name, as the restricted contract has it, so that nothing follows from an address
    or a deregistration that is not there.
    """

    personal_identity_number: str
    given_name: str
    calling_name: str
    middle_name: str
    surname: str
    secrecy_marked: bool
    protected_registration: bool
    is_registered: bool
    address_lines: tuple[str, ...]
    deregistration_code: str
    identity_level: str
    identity_status: str
    referred_to: str
    referred_from: tuple[str, ...] = ()
    """The numbers whose place this one took."""
    is_withheld: bool = False


def read_records(
    records: Iterable[etree._Element], *, include_test_people: bool
) -> dict[str, PuPerson | None]:
    """Return who is answered for, by number: None where PU knows nobody, or only a test person.

    ``records`` are ``requestedPersonRecord`` elements that follow the schema. Raises ``RecordMismatched``.
    """
    found: dict[str, PuPerson | None] = {}
    for record in records:
        asked = record.findtext(f"{_P}requestedPersonalIdentity/{_P}extension") or ""
        if asked in found:
            raise RecordMismatched
        found[asked] = _person(asked, record.find(f"{_P}personRecord"), include_test_people)
    return found


def _person(asked: str, record: etree._Element | None, include_test_people: bool) -> PuPerson | None:  # noqa: FBT001 - one caller
    if record is None:
        return None
    part = {str(child.tag).rpartition("}")[2]: child for child in record}
    if _text(part["personalIdentity"], "extension") != asked:
        raise RecordMismatched
    if _is_true(part["testIndicator"]) and not include_test_people:
        return None
    name, status = part.get("name"), part.get("personalIdentityStatus")
    given = _text(name, "givenName")
    protected = _is_true(part["protectedPersonIndicator"]), _is_true(part.get("protectedPopulationRecord"))
    address = part.get("addressInformation")
    return PuPerson(
        personal_identity_number=asked,
        given_name=given,
        calling_name=calling_name(given, int(_text(name, "givenNameIndicator") or 0) or None),
        middle_name=_text(name, "middleName"),
        surname=_text(name, "surname"),
        secrecy_marked=protected[0],
        protected_registration=protected[1],
        is_registered=bool(_text(part.get("populationRegistrationLocality"), "municipalityCode")),
        address_lines=() if address is None else _lines(address.find(f"{_P}residentialAddress")),
        deregistration_code=_deregistration_code(part),
        identity_level=_own(part.get("identityLevel")),
        identity_status=_text(status, "identityStatus"),
        referred_to="" if _is_true(part["primaryIdentity"]) else (_referred(record) or ("",))[0],
        referred_from=_referred(record) if _is_true(part["primaryIdentity"]) else (),
        is_withheld=any(protected) and not any(tag in part for tag in _WITHHELD),
    )


def _deregistration_code(part: dict[str, etree._Element]) -> str:
    """Return why the person left the register: a holder of a coordination number dies by a date alone."""
    code = _text(part.get("deregistration"), "deregistrationReasonCode")
    coordination = part.get("coOrdinationNumberData")
    if not code and coordination is not None and coordination.find(f"{_P}deceasedDate") is not None:
        return DECEASED
    return code


def _referred(record: etree._Element) -> tuple[str, ...]:
    """Return the numbers referred to (hänvisningsnummer): from an old one the new one, from that the old."""
    path = f"{_P}referredPersonalIdentities/{_P}referredPersonalIdentity/{_P}extension"
    found = ((element.text or "").strip() for element in record.findall(path))
    return tuple(one for one in found if one)


def _lines(address: etree._Element | None) -> tuple[str, ...]:
    """Return the lines of a letter; the register's numeric postal code gets its leading zeros back."""
    if address is None:
        return ()
    part = {str(child.tag).rpartition("}")[2]: _own(child) for child in address}
    town = ""
    if part.get("postalCode"):
        code = f"{int(part['postalCode']):05d}"
        town = f"{code[:3]} {code[3:]} {part.get('city', '')}"
    care_of = part.get("careOf", "")
    if care_of and not care_of.lower().startswith("c/o"):
        care_of = f"c/o {care_of}"
    lines = (care_of, part.get("postalAddress1", ""), part.get("postalAddress2", ""), town)
    return tuple(line.strip() for line in lines if line.strip())


def _text(element: etree._Element | None, tag: str) -> str:
    return "" if element is None else (element.findtext(f"{_P}{tag}") or "").strip()


def _own(element: etree._Element | None) -> str:
    return "" if element is None else (element.text or "").strip()


def _is_true(element: etree._Element | None) -> bool:
    return _own(element) in _TRUE
