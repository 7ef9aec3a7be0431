"""The clients of HSA and PU against the simulators, over HTTP, in good weather and in bad (HSA-2, PU-1)."""

import pytest

from deploy.free_ports import free_port
from directory.bounded_http import Endpoint
from directory.errors import RegisterUnavailable
from directory.hsa_client import DistinguishedName, HsaClient
from directory.hsa_functions import HsaFunctionClient
from directory.identifiers import PersonalIdentityNumber
from directory.models import Person
from directory.pu_client import MAX_NUMBERS, PuClient
from directory.register_facts import PersonFacts
from tests.directory.conftest import Registers
from tests.directory.people import ALVA, ASA, ERIK, GOSTA, LINNEA, MARIA, NOBODY, RUT, SARA, TOVE

ASA_HSA = "SE2321009801-P005"


def number(digits: str) -> PersonalIdentityNumber:
    return PersonalIdentityNumber(digits)


def test_hsa_tells_of_a_person_object(registers_running: Registers) -> None:
    (found,) = registers_running.hsa().employees(ASA)
    assert found.hsa_id == ASA_HSA
    assert (found.given_name, found.surname, found.title) == ("Åsa Kristina", "Lindqvist", "Sjuksköterska")
    assert found.mail == "asa.lindqvist@norr.example"
    assert found.place.units == ("Norrby sjukhus", "Akutmottagningen")
    assert (found.place.organization, found.place.locality) == ("Region Norr", "Norrlands län")
    assert not found.protected


def test_an_hsa_id_is_found_in_any_case(registers_running: Registers) -> None:
    """HSA-4: one person object by its HSA-id."""
    found = registers_running.hsa().employee(ASA_HSA.lower())
    assert found is not None
    assert found.hsa_id == ASA_HSA


def test_a_person_with_two_employers_has_two_person_objects(registers_running: Registers) -> None:
    """HSA-4."""
    found = registers_running.hsa().employees(LINNEA)
    assert {one.place.organization for one in found} == {"Region Norr", "Region Syd"}


def test_nobody_is_an_empty_answer_and_no_error(registers_running: Registers) -> None:
    assert registers_running.hsa().employees(NOBODY) == ()
    assert registers_running.hsa().employee("SE2321009801-XXXX") is None
    assert registers_running.pu().read([number(NOBODY)]) == {NOBODY: None}


def test_hsa_tells_of_administrative_authorizations(registers_running: Registers) -> None:
    (held,) = registers_running.hsa().admin_commissions("SE2321009801-P001", scope_code="SITHS")
    assert (held.property_code, held.organization_number) == ("ID_ADMINISTRATOR", "2321009801")
    assert held.units == (("SE2321009801-0001", True),)
    assert registers_running.hsa().admin_commissions("SE2321009801-P001", scope_code="OTHER") == ()


def test_feigned_and_test_people_do_not_exist_in_production(registers_running: Registers) -> None:
    hsa = HsaClient(registers_running.endpoint("hsa"), include_feigned=False)
    pu = PuClient(registers_running.endpoint("pu"), include_test_people=False)
    assert hsa.employees(ASA) == ()
    assert pu.read([number(ASA)]) == {ASA: None}


def test_pu_tells_of_names_address_and_registration(registers_running: Registers) -> None:
    found = registers_running.pu().read([number(ASA)])[ASA]
    assert found is not None
    assert (found.given_name, found.calling_name, found.surname) == ("Åsa Kristina", "Åsa", "Lindqvist")
    assert found.address_lines == ("Hamngatan 6", "800 01 Norrby")
    assert found.is_registered
    assert not found.secrecy_marked


def test_pu_tells_of_protection_death_and_coordination_numbers(registers_running: Registers) -> None:
    people = registers_running.pu().read([number(one) for one in (ERIK, SARA, GOSTA, MARIA, TOVE, RUT)])
    erik, sara, gosta, maria, tove, rut = people.values()
    assert erik is not None
    assert erik.secrecy_marked
    assert sara is not None
    assert sara.protected_registration
    assert gosta is not None
    assert gosta.deregistration_code == "AV"
    assert maria is not None
    assert (maria.identity_level, maria.identity_status) == ("Styrkt", "Aktiv")
    assert tove is not None
    assert (tove.is_registered, tove.address_lines) == (True, ())
    assert rut is None


def test_pu_is_never_asked_for_more_than_500_numbers(registers_running: Registers) -> None:
    with pytest.raises(ValueError, match="500"):
        registers_running.pu().read([number(ASA)] * (MAX_NUMBERS + 1))


def test_a_distinguished_name_may_hold_escaped_commas() -> None:
    place = DistinguishedName.parse(r"cn=A B,ou=Lab\, kemi,ou=Norra,o=Region Norr,l=Norrlands län,c=SE")
    assert place.units == ("Norra", "Lab, kemi")
    assert place.organization == "Region Norr"


FAULTS = [
    ("down", "connection", ""),
    ("503", "http_status", "503"),
    ("403", "access_denied", "403"),
    ("redirect", "http_status", "302"),
    ("soap_fault", "soap_fault", "soap:Server"),
    ("malformed", "malformed", "not XML"),
    ("garbage", "malformed", "not XML"),
    ("truncated", "connection", ""),
    ("entities", "malformed", "DTD"),
    ("invalid", "malformed", "schema"),
    ("swapped", "mismatched", ""),
    ("huge", "too_large", ""),
]


@pytest.mark.parametrize(("kind", "reason", "detail"), FAULTS)
@pytest.mark.parametrize("register", ["hsa", "pu"])
def test_every_bad_answer_becomes_a_clear_state(
    registers_running: Registers, register: str, kind: str, reason: str, detail: str
) -> None:
    registers_running.show(register, kind)
    with pytest.raises(RegisterUnavailable) as caught:
        _ask(registers_running, register, deadline=60.0, max_bytes=1_000_000)
    assert caught.value.facts == {"register": register, "reason": reason, "detail": detail}
    assert caught.value.code == "register_unavailable"
    assert ASA not in str(caught.value)


@pytest.mark.parametrize("kind", ["slow", "trickle"])
@pytest.mark.parametrize("register", ["hsa", "pu"])
def test_a_slow_answer_is_not_waited_for(registers_running: Registers, register: str, kind: str) -> None:
    registers_running.show(register, kind, seconds=3.0)
    with pytest.raises(RegisterUnavailable) as caught:
        _ask(registers_running, register, deadline=0.3)
    assert caught.value.reason == "timeout"


def test_an_answer_that_leaves_someone_out_is_incomplete(registers_running: Registers) -> None:
    registers_running.show("pu", "partial")
    with pytest.raises(RegisterUnavailable) as caught:
        registers_running.pu().read([number(ASA), number(ALVA)])
    assert caught.value.reason == "incomplete"


def test_a_register_that_is_not_there_is_unavailable() -> None:
    endpoint = Endpoint(register="hsa", url=f"http://127.0.0.1:{free_port()}/hsa", logical_address="X")
    with pytest.raises(RegisterUnavailable) as caught:
        HsaClient(endpoint, include_feigned=True).employees(ASA)
    assert caught.value.reason == "connection"


def test_the_next_call_after_a_fault_is_good_again(registers_running: Registers) -> None:
    registers_running.show("hsa", "down", times=1)
    client = registers_running.hsa()
    with pytest.raises(RegisterUnavailable):
        client.employees(ASA)
    assert client.employees(ASA)


def test_no_message_is_logged(registers_running: Registers, caplog: pytest.LogCaptureFixture) -> None:
    """R17: no personal identity number in a log, at any level."""
    with caplog.at_level("DEBUG"):
        registers_running.hsa().employees(ERIK)
        registers_running.pu().read([number(ERIK)])
    assert ERIK not in caplog.text
    assert "Sandberg" not in caplog.text


def _ask(running: Registers, register: str, *, deadline: float = 60.0, max_bytes: int = 20_000_000) -> None:
    if register == "hsa":
        running.hsa(deadline=deadline, max_bytes=max_bytes).employee(ASA_HSA)
    else:
        running.pu(deadline=deadline, max_bytes=max_bytes).read([number(ASA)])


def test_a_number_that_was_replaced_says_by_which(registers_running: Registers) -> None:
    """Hänvisningsnummer: the old number is a record of its own that refers to the new one."""
    registers_running.edit(rf'number = "{TOVE}"', rf'number = "{TOVE}"\nreferred_to = "{ASA}"')
    registers_running.edit(rf'number = "{ASA}"', rf'number = "{ASA}"\nreferred_from = "{TOVE}"')
    found = registers_running.pu().read([number(TOVE), number(ASA)])
    old, new = found[TOVE], found[ASA]
    assert old is not None
    assert new is not None
    assert (old.personal_identity_number, old.referred_to) == (TOVE, ASA)
    assert (new.personal_identity_number, new.referred_to) == (ASA, "")


def test_the_restricted_contract_withholds_what_is_protected(registers_running: Registers) -> None:
    found = registers_running.pu(is_unrestricted=False).read([number(ERIK), number(ASA), number(GOSTA)])
    erik, asa, gosta = found.values()
    assert erik is not None
    assert (erik.surname, erik.secrecy_marked, erik.is_withheld) == ("Sandberg", True, True)
    assert (erik.address_lines, erik.is_registered) == ((), False)
    assert asa is not None
    assert (asa.is_withheld, asa.is_registered) == (False, True)
    assert gosta is not None
    assert (gosta.is_withheld, gosta.deregistration_code) == (False, "AV")


def test_nothing_follows_from_what_is_withheld(registers_running: Registers) -> None:
    """PU-1: a protected person keeps the status we know; one we do not know has none yet."""
    (erik,) = registers_running.pu(is_unrestricted=False).read([number(ERIK)]).values()
    assert erik is not None
    facts = PersonFacts.of(erik)
    assert facts.registration_status == "unknown"
    known = Person(registration_status="registered", surname="Sandberg", given_name="Erik")
    assert facts.without_lost_names(known).registration_status == "registered"


def test_the_holder_of_a_coordination_number_dies_by_a_date(registers_running: Registers) -> None:
    registers_running.edit(rf'number = "{MARIA}"', rf'number = "{MARIA}"\ndeceased_on = "2026-11-01"')
    (maria,) = registers_running.pu().read([number(MARIA)]).values()
    assert maria is not None
    assert (maria.deregistration_code, maria.identity_level) == ("AV", "Styrkt")
    assert PersonFacts.of(maria).registration_status == "deceased"


@pytest.mark.parametrize(
    ("code", "status"),
    [("AV", "deceased"), ("UV", "emigrated")]
    + [(code, "deregistered") for code in ("OB", "TA", "GN", "AN", "AS", "FI", "??")],
)
def test_each_deregistration_code_is_a_status(registers_running: Registers, code: str, status: str) -> None:
    """PU-2 rests on it: who has left, and why; a code that nobody knows is no reason to think all is well."""
    edited = rf'number = "{ASA}"\nderegistration_code = "{code}"\nderegistered_on = "2026-11-01"'
    registers_running.edit(rf'number = "{ASA}"', edited)
    (asa,) = registers_running.pu().read([number(ASA)]).values()
    assert asa is not None
    assert PersonFacts.of(asa).registration_status == status


@pytest.mark.parametrize("status", ["Vilande", "Avslutad"])
def test_a_coordination_number_out_of_force_is_deregistered(
    registers_running: Registers, status: str
) -> None:
    registers_running.edit(
        rf'(number = "{MARIA}".*?)identity_status = "Aktiv"', rf'\1identity_status = "{status}"'
    )
    (maria,) = registers_running.pu().read([number(MARIA)]).values()
    assert maria is not None
    assert PersonFacts.of(maria).registration_status == "deregistered"


def test_real_people_are_told_of_in_production_and_test_people_are_not(registers_running: Registers) -> None:
    registers_running.edit(rf'number = "{ASA}"', rf'number = "{ASA}"\ntest = false')
    pu = PuClient(registers_running.endpoint("pu"), include_test_people=False)
    hsa = HsaClient(registers_running.endpoint("hsa"), include_feigned=False)
    found = pu.read([number(ASA), number(ALVA)])
    assert found[ASA] is not None
    assert found[ALVA] is None
    assert hsa.employees(ASA)
    assert hsa.employees(ALVA) == ()


FUNCTION = "SE2321009801-JOURNAL"


def functions(
    running: Registers, *, deadline: float = 60.0, max_bytes: int = 20_000_000
) -> HsaFunctionClient:
    endpoint = running.endpoint("hsa", deadline=deadline, max_bytes=max_bytes)
    return HsaFunctionClient(endpoint, include_feigned=True)


def test_a_function_object_is_looked_up_by_its_hsa_id(registers_running: Registers) -> None:
    """HSA-2: attributes of a function come from the catalogue."""
    found = functions(registers_running).function(FUNCTION.lower())
    assert found is not None
    assert (found.hsa_id, found.kind, found.organization) == (FUNCTION, "server", "SE2321009801-0001")
    assert "journal.regionnorr.test" in found.names
    assert functions(registers_running).function("SE2321009801-NOTHING") is None


def test_an_organizations_function_objects_are_its_own(registers_running: Registers) -> None:
    found = functions(registers_running).functions_of("SE2321009801-0001")
    assert {one.kind for one in found} == {"server", "client", "email"}
    assert functions(registers_running).functions_of("SE2120009804-0001") == ()
    feigned = HsaFunctionClient(registers_running.endpoint("hsa"), include_feigned=False)
    assert feigned.functions_of("SE2321009801-0001") == ()


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("down", "connection"), ("503", "http_status"), ("403", "access_denied"), ("redirect", "http_status"),
        ("malformed", "malformed"), ("garbage", "malformed"), ("invalid", "malformed"),
        ("truncated", "connection"), ("swapped", "mismatched"), ("partial", "incomplete"),
        ("huge", "too_large"),
    ],
)  # fmt: skip
def test_a_bad_answer_about_functions_is_a_clear_state(
    registers_running: Registers, kind: str, reason: str
) -> None:
    registers_running.show("hsa", kind)
    with pytest.raises(RegisterUnavailable) as caught:
        functions(registers_running, deadline=60.0, max_bytes=1_000_000).function(FUNCTION)
    assert caught.value.reason == reason


def test_slow_functions_are_not_waited_for(registers_running: Registers) -> None:
    registers_running.show("hsa", "slow", seconds=3.0)
    with pytest.raises(RegisterUnavailable) as caught:
        functions(registers_running, deadline=0.3).function(FUNCTION)
    assert caught.value.reason == "timeout"
