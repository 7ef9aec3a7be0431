"""HSA's answers: person objects, administrative authorizations, and the catalogue file."""

from lxml import etree

from directory.simulators.elements import Elements
from directory.simulators.people import Commission, Employment, Person, Registers

EMPLOYEE = "urn:riv:infrastructure:directory:employee:4"
EMPLOYEE_RESPONDER = (
    "urn:riv:infrastructure:directory:employee:GetEmployeeIncludingProtectedPersonResponder:4"
)
AUTHORIZATION = "urn:riv:infrastructure:directory:authorizationmanagement:2"
AUTHORIZATION_RESPONDER = (
    "urn:riv:infrastructure:directory:authorizationmanagement:"
    "GetAdminCredentialsForPersonIncludingProtectedPersonResponder:2"
)
CATALOGUE = "urn:sigill:catalogue:1"

_employee = Elements(EMPLOYEE, "e")
_employee_responder = Elements(EMPLOYEE_RESPONDER)
_authorization = Elements(AUTHORIZATION, "a")
_authorization_responder = Elements(AUTHORIZATION_RESPONDER)
_catalogue = Elements(CATALOGUE)


def get_employee(question: etree._Element, registers: Registers) -> etree._Element:
    """Answer GetEmployeeIncludingProtectedPerson: one record per person object, none when there is none."""
    found = _found(question, registers, EMPLOYEE_RESPONDER)
    with_test_people = question.findtext(f"{{{EMPLOYEE_RESPONDER}}}includeFeignedObject") in {"true", "1"}
    answer = _employee_responder("GetEmployeeIncludingProtectedPersonResponse")
    told = [(person, work) for person, work in found if with_test_people or not person.test]
    answer.extend(_person_information(person, work, registers) for person, work in told)
    return answer


def get_admin_credentials(question: etree._Element, registers: Registers) -> etree._Element:
    """Answer GetAdminCredentialsForPersonIncludingProtectedPerson."""
    scope = question.findtext(f"{{{AUTHORIZATION_RESPONDER}}}authorizationScopeCode")
    answer = _authorization_responder("GetAdminCredentialsForPersonIncludingProtectedPersonResponse")
    for person, work in _found(question, registers, AUTHORIZATION_RESPONDER):
        held = [one for one in registers.commissions if one.hsa_id == work.hsa_id] if scope == "SITHS" else []
        record = _authorization("AdminCredentialInformation")
        record.tag = f"{{{AUTHORIZATION_RESPONDER}}}adminCredentialInformation"
        record.append(_authorization("personHsaId", work.hsa_id))
        record.append(_authorization("givenName", person.given_name))
        record.append(_authorization("middleAndSurName", _surname(person)))
        if person.protected_in_hsa:
            record.append(_authorization("protectedPerson", "true"))
        if person.test:
            record.append(_authorization("feignedPerson", "true"))
        record.extend(_scope_property(commission, work) for commission in held)
        answer.append(record)
    return answer


def catalogue(registers: Registers) -> etree._Element:
    """Return the catalogue file: organizations, units, and which person has which HSA-id."""
    root = _catalogue("catalogue")
    for one in registers.organizations:
        facts = {
            "hsaId": one.hsa_id, "organizationNumber": one.number, "name": one.name, "locality": one.locality,
            "kind": one.kind, "issuanceArea": one.area, "agent": one.agent,
        }  # fmt: skip
        root.append(_catalogue("organization", attributes=facts))
    for unit in registers.units.values():
        facts = {
            "hsaId": unit.hsa_id, "organization": unit.organization, "parent": unit.parent, "name": unit.name
        }  # fmt: skip
        root.append(_catalogue("unit", attributes=facts))
    for number, hsa_id in registers.entries():
        facts = {"personalIdentityNumber": number, "hsaId": hsa_id}
        root.append(_catalogue("person", attributes=facts))
    root.set("entries", str(len(root)))
    return root


def _found(question: etree._Element, registers: Registers, namespace: str) -> list[tuple[Person, Employment]]:
    hsa_id = question.findtext(f"{{{namespace}}}personHsaId")
    if hsa_id is not None:
        entry = registers.by_hsa_id.get(hsa_id.upper())
        found = [entry] if entry else []
    else:
        person = registers.people.get(question.findtext(f"{{{namespace}}}personalIdentityNumber") or "")
        found = [(person, work) for work in person.employments] if person else []
    return [(person, work) for person, work in found if work.in_hsa]


def _surname(person: Person) -> str:
    return f"{person.middle_name} {person.surname}".strip()


def _person_information(person: Person, work: Employment, registers: Registers) -> etree._Element:
    record = _employee_responder("personInformation")
    record.append(_employee("personHsaId", work.hsa_id))
    record.append(_employee("givenName", person.given_name))
    record.append(_employee("middleAndSurName", _surname(person)))
    if work.mail:
        record.append(_employee("mail", work.mail))
    if work.title:
        record.append(_employee("title", work.title))
    record.append(_employee("dn", registers.distinguished_name(person, work)))
    if person.protected_in_hsa:  # absent otherwise, never false
        record.append(_employee("protectedPerson", "true"))
    if work.starts_on:
        record.append(_employee("personStartDate", f"{work.starts_on}T00:00:00"))
    if work.ends_on:
        record.append(_employee("personEndDate", f"{work.ends_on}T00:00:00"))
    if person.test:
        record.append(_employee("feignedPerson", "true"))
    return record


def _scope_property(commission: Commission, work: Employment) -> etree._Element:
    make = _authorization
    return make(
        "authorizationScopeProperties",
        make("authorizationScopeCode", "SITHS"),
        make("authorizationScopeName", "SITHS eID Portal"),
        make("authorizationScopePropertyCode", commission.property),
        make("authorizationScopePropertyName", commission.property),
        make(
            "adminCommission",
            make("adminCommissionHsaId", f"{work.hsa_id}U1"),
            make("adminCommissionResponsibleOrganisation", work.hsa_id[2:12]),
            make(
                "sector",
                make("unitHsaId", commission.unit),
                make("sectorFlag", "true"),
                make("name", commission.unit),
            ),
        ),
    )
