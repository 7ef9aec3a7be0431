"""Our messages and our simulators against the service contracts as Inera publishes them.

The published contracts are no part of the product; where they are absent these tests are skipped.
"""

from pathlib import Path

import pytest
import requests
from lxml import etree
from zeep import Client
from zeep.transports import Transport

from directory.identifiers import PersonalIdentityNumber
from directory.simulators.people import PACKAGED, load
from directory.simulators.server import SOAP
from tests.directory.conftest import Registers
from tests.directory.people import ASA, ERIK, LINNEA, NOBODY

CONTRACTS = Path(__file__).parents[2] / "directory" / "contracts"
PUBLISHED = Path(__file__).parents[3] / "shared" / "contracts"
pytestmark = pytest.mark.skipif(
    not PUBLISHED.is_dir(), reason="the published HSA and PU contracts do not lie beside the checkout"
)
OPERATIONS = {
    "GetEmployeeIncludingProtectedPerson": ("hsa", "hsa-employee-4.0", "4.0"),
    "GetAdminCredentialsForPersonIncludingProtectedPerson": (
        "hsa", "hsa-authorizationmanagement-2.4.3", "2.0"
    ),
    "GetPersonsForProfile": ("pu", "pu-person-5.0", "5.0"),
}  # fmt: skip
OWN = {
    "GetEmployeeIncludingProtectedPerson": "hsa/get_employee_4",
    "GetAdminCredentialsForPersonIncludingProtectedPerson": "hsa/get_admin_credentials_2",
    "GetPersonsForProfile": "pu/get_persons_for_profile_5",
}


def _folder(operation: str) -> Path:
    _, contract, _ = OPERATIONS[operation]
    return PUBLISHED / contract / "interactions" / f"{operation}Interaction"


def schema(operation: str) -> etree.XMLSchema:
    path = _folder(operation) / f"{operation}Responder_{OPERATIONS[operation][2]}.xsd"
    return etree.XMLSchema(etree.parse(path))


def published_client(operation: str) -> Client:
    return Client(
        str(_folder(operation) / f"{operation}Interaction_{OPERATIONS[operation][2]}_RIVTABP21.wsdl"),
        transport=Transport(operation_timeout=10),
    )


def body(envelope: bytes) -> etree._Element:
    found = etree.fromstring(envelope).find(f"{{{SOAP}}}Body")
    assert found is not None
    return found[0]


def post(running: Registers, operation: str, message: bytes) -> etree._Element:
    answer = requests.post(f"{running.address}/{OPERATIONS[operation][0]}", data=message, timeout=60)
    assert answer.status_code == 200, answer.text
    return body(answer.content)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_our_clients_send_follows_the_published_contract(
    registers_running: Registers, operation: str
) -> None:
    restricted = registers_running.pu(is_unrestricted=False)
    messages = registers_running.hsa().messages() | restricted.messages()
    schema(operation).assertValid(body(messages[operation]))


def test_the_unrestricted_contract_is_the_restricted_one_by_another_name(
    registers_running: Registers,
) -> None:
    """Of the fields of GetPersonsForProfileUnrestricted its description says "see GetPersonsForProfile"."""
    (message,) = registers_running.pu().messages().values()
    renamed = message.replace(b"GetPersonsForProfileUnrestricted", b"GetPersonsForProfile")
    schema("GetPersonsForProfile").assertValid(body(renamed))
    own = {
        path.suffix: path.read_text()
        .partition("?>")[2]
        .replace("Unrestricted", "")
        .replace("_unrestricted", "")
        for path in CONTRACTS.glob("pu/get_persons_for_profile_unrestricted_5.*")
    }
    for suffix, text in own.items():
        restricted = (CONTRACTS / f"pu/get_persons_for_profile_5{suffix}").read_text().partition("?>")[2]
        assert text.split("-->", 1)[1] == restricted.split("-->", 1)[1]


def test_every_answer_about_every_person_follows_the_published_contract(registers_running: Registers) -> None:
    employee, credentials, persons = (schema(operation) for operation in OPERATIONS)
    hsa, pu = registers_running.hsa(), registers_running.pu(is_unrestricted=False)
    people = load(PACKAGED).people
    for number, person in people.items():
        question = hsa.employee_question(personal_identity_number=number)
        message = hsa._employee.message(question)
        employee.assertValid(post(registers_running, "GetEmployeeIncludingProtectedPerson", message))
        for work in person.employments:
            message = hsa._credentials.message(
                hsa.credentials_question(hsa_id=work.hsa_id, scope_code="SITHS")
            )
            operation = "GetAdminCredentialsForPersonIncludingProtectedPerson"
            credentials.assertValid(post(registers_running, operation, message))
    numbers = [PersonalIdentityNumber(number) for number in [*people, NOBODY]]
    message = pu._persons.message(pu.question(numbers))
    persons.assertValid(post(registers_running, "GetPersonsForProfile", message))
    whole = post(
        registers_running,
        "GetPersonsForProfile",
        registers_running.pu()._persons.message(pu.question(numbers)),
    )
    renamed = etree.tostring(whole).replace(b"GetPersonsForProfileUnrestricted", b"GetPersonsForProfile")
    persons.assertValid(etree.fromstring(renamed))


def test_a_client_made_from_the_published_wsdl_understands_our_hsa(registers_running: Registers) -> None:
    operation = "GetEmployeeIncludingProtectedPerson"
    client = published_client(operation)
    (binding,) = client.wsdl.bindings
    service = client.create_service(binding, f"{registers_running.address}/hsa")
    answer = service[operation](
        personalIdentityNumber=LINNEA, includeFeignedObject=True,
        _soapheaders={"LogicalAddress": "SE165565594230-1000"},
    )  # fmt: skip
    assert len(answer["personInformation"]) == 2
    assert {one["middleAndSurName"] for one in answer["personInformation"]} == {"Öhman"}


def test_a_client_made_from_the_published_wsdl_understands_our_authorizations(
    registers_running: Registers,
) -> None:
    operation = "GetAdminCredentialsForPersonIncludingProtectedPerson"
    client = published_client(operation)
    (binding,) = client.wsdl.bindings
    service = client.create_service(binding, f"{registers_running.address}/hsa")
    answer = service[operation](
        personHsaId="SE2321009801-P001", authorizationScopeCode="SITHS", includeFeignedObject=True,
        _soapheaders={"LogicalAddress": "SE165565594230-1000"},
    )  # fmt: skip
    (found,) = answer["adminCredentialInformation"]
    assert found["authorizationScopeProperties"][0]["authorizationScopePropertyCode"] == "ID_ADMINISTRATOR"


def test_a_client_made_from_the_published_wsdl_understands_our_pu(registers_running: Registers) -> None:
    operation = "GetPersonsForProfile"
    client = published_client(operation)
    (binding,) = client.wsdl.bindings
    service = client.create_service(binding, f"{registers_running.address}/pu")
    answer = service[operation](
        personId=[{"root": "1.2.752.129.2.1.3.1", "extension": number} for number in (ASA, ERIK)],
        profile="P2", ignoreReferredIdentity=True,
        _soapheaders={"LogicalAddress": "SE165565594230-1000"},
    )  # fmt: skip
    asa, erik = (one["personRecord"] for one in answer["requestedPersonRecord"])
    assert asa["name"]["surname"] == "Lindqvist"
    assert (asa["protectedPersonIndicator"], erik["protectedPersonIndicator"]) == (False, True)
    # The restricted contract: of a protected person identity and name only (rule 3 of its description).
    assert asa["addressInformation"]["residentialAddress"]["city"] == "Norrby"
    assert erik["addressInformation"] is None


@pytest.mark.parametrize("operation", OPERATIONS)
def test_our_wsdl_names_the_same_things_as_the_published_one(operation: str) -> None:
    own = etree.parse(CONTRACTS / f"{OWN[operation]}.wsdl").getroot()
    (path,) = _folder(operation).glob("*.wsdl")
    published = etree.parse(path).getroot()

    def facts(root: etree._Element) -> set[str]:
        wsdl, soap = "{http://schemas.xmlsoap.org/wsdl/}", "{http://schemas.xmlsoap.org/wsdl/soap/}"
        return {
            root.get("targetNamespace", ""),
            *(one.get("soapAction", "") for one in root.iter(f"{soap}operation")),
            *(one.get("name", "") for tag in ("portType", "binding", "service", "port", "message")
              for one in root.iter(f"{wsdl}{tag}")),
        }  # fmt: skip

    assert facts(own) == facts(published)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_our_schemas_declare_the_same_elements_in_the_same_order(operation: str) -> None:
    """An element we forgot would make a good answer look broken, since ours are strict about unknown ones."""
    xs = "{http://www.w3.org/2001/XMLSchema}"
    folder = PUBLISHED / OPERATIONS[operation][1] / "core_components"
    published = {
        kind.get("name"): [one.get("name") for one in kind.iter(f"{xs}element")]
        for path in folder.glob("*.xsd")
        for kind in etree.parse(path).getroot().iter(f"{xs}complexType")
    }
    for path in (CONTRACTS / OPERATIONS[operation][0]).glob("*.xsd"):
        for kind in etree.parse(path).getroot().iter(f"{xs}complexType"):
            if kind.get("name") in published:
                assert [one.get("name") for one in kind.iter(f"{xs}element")] == published[kind.get("name")]
