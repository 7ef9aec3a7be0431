"""Reading HSA and PU into the directory, from the simulators, in good weather and bad (POR-8, POR-14)."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from directory.configuration import SyncRules
from directory.errors import PersonNotFound, RegisterUnavailable
from directory.hsa_sync import sync_hsa
from directory.models import Employment, Organization, Person, RegistrationStatus, Role, SyncRun, Unit
from directory.pu_sync import sync_pu
from directory.synchronization import refresh_person
from journal.actor import Actor, ActorKind
from journal.models import Entry
from tests.directory.conftest import Registers
from tests.directory.people import (
    ALVA,
    ASA,
    ERIK,
    GOSTA,
    LINNEA,
    MARIA,
    NOAH,
    NOBODY,
    PETRA,
    RUT,
    SARA,
    TOVE,
)  # fmt: skip

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
JOB = Actor.system("test")
RULES = SyncRules(pause=timedelta(0), complete_reads=3)
BAD_WEATHER = ["down", "503", "403", "soap_fault", "malformed", "entities", "invalid", "swapped", "huge"]


def hsa(rules: SyncRules = RULES) -> SyncRun:
    return sync_hsa(actor=JOB, at=AT, rules=rules)


def pu(rules: SyncRules = RULES) -> SyncRun:
    return sync_pu(actor=JOB, at=AT, rules=rules)


def person(number: str) -> Person:
    return Person.objects.get(personal_identity_number=number)


def events(kind: str) -> list[dict[str, object]]:
    return [json.loads(entry.content)["event"] for entry in Entry.objects.filter(type=kind).order_by("id")]


def everything() -> dict[str, list[dict[str, object]]]:
    """Return every row of people and places, to compare."""
    return {
        model.__name__: list(model.objects.order_by("pk").values())
        for model in (Person, Employment, Organization, Unit)
    }


def test_the_first_load_brings_organizations_units_and_people(registers_running: Registers) -> None:
    """HSA-1, HSA-3: what stands here is what the registers say, word by word, and nothing besides."""
    run = hsa()
    assert (run.state, run.failure, run.imported, run.absent) == ("complete", "", 54, 0)
    assert run.read == run.asked == Employment.objects.count() == 55
    care = Organization.objects.get(name="Fjällhälsan Vård AB")
    assert care.agent_organization == Organization.objects.get(name="Region Norr")
    assert care.issuance_area.name == "Region Norr"
    asa = Employment.objects.get(person=person(ASA))
    assert (asa.organization.name, asa.unit and asa.unit.name) == ("Region Norr", "Akutmottagningen")
    assert (asa.title, asa.email) == ("Sjuksköterska", "asa.lindqvist@norr.example")
    assert len(events("person.imported")) == 54
    assert len(events("employment.imported")) == 55


def test_what_pu_says_becomes_status_protection_and_address(registers_running: Registers) -> None:
    hsa()
    statuses = {
        number: person(number).registration_status for number in (ASA, GOSTA, PETRA, TOVE, MARIA, RUT)
    }
    assert statuses == {
        ASA: RegistrationStatus.REGISTERED.value,
        GOSTA: RegistrationStatus.DECEASED.value,
        PETRA: RegistrationStatus.EMIGRATED.value,
        TOVE: RegistrationStatus.WITHOUT_ADDRESS.value,
        MARIA: RegistrationStatus.WITHOUT_ADDRESS.value,
        RUT: RegistrationStatus.UNKNOWN.value,
    }
    assert person(ASA).address_lines == ["Hamngatan 6", "800 01 Norrby"]
    assert person(ASA).full_name == "Åsa Lindqvist"
    assert person(MARIA).number_kind == "coordination_number"
    assert person(MARIA).identity_level == "Styrkt"
    assert (person(ERIK).protection, person(SARA).protection) == ("secrecy_marking", "protected_registration")
    assert person(NOAH).birth_date.year == 2010


def test_a_protected_persons_address_and_name_are_nowhere_to_be_searched(
    registers_running: Registers,
) -> None:
    hsa()
    pu()
    assert person(ERIK).protected_identity
    assert person(ERIK).address_lines == []
    assert person(ERIK).search_key == ""


def test_running_again_changes_nothing_and_records_nothing_but_the_run(registers_running: Registers) -> None:
    hsa()
    for _ in range(RULES.complete_reads):
        pu()  # until Rut, whom PU does not know, is marked
    before, recorded = everything(), Entry.objects.count()
    assert (hsa().changed, pu().changed) == (0, 0)
    assert everything() == before
    assert Entry.objects.count() == recorded + 2


def test_a_person_with_two_employers_is_one_person(registers_running: Registers) -> None:
    """HSA-4."""
    hsa()
    names = {one.organization.name for one in person(LINNEA).employments.all()}
    assert names == {"Region Norr", "Region Syd"}


@pytest.mark.parametrize("kind", BAD_WEATHER)
@pytest.mark.parametrize("register", ["hsa", "pu"])
def test_a_bad_register_changes_nothing(registers_running: Registers, register: str, kind: str) -> None:
    hsa()
    before = everything()
    registers_running.show(register, kind)
    for _ in range(RULES.complete_reads + 1):
        run = (hsa if register == "hsa" else pu)()
        assert run.state == "incomplete"
        assert run.failure.startswith(f"{register}.")
    assert everything() == before


def test_a_register_that_fails_half_way_counts_nobody_as_absent(registers_running: Registers) -> None:
    hsa()
    registers_running.edit(r'number = "2010', 'in_pu = false\nnumber = "2010')
    registers_running.show("pu", "down", after=1)
    for _ in range(5):
        registers_running.show("pu", "down", after=1)
        assert pu(replace(RULES, chunk=20)).state == "incomplete"
    assert person(NOAH).pu_missed_reads == 0


@pytest.mark.parametrize("register", ["hsa", "pu"])
def test_a_register_that_has_lost_everybody_marks_nobody(registers_running: Registers, register: str) -> None:
    """design.md decision 9: the cap holds, and a person decides."""
    hsa()
    registers_running.show(register, "empty")
    states = [(hsa if register == "hsa" else pu)().state for _ in range(4)]
    assert states == ["complete", "complete", "quarantined", "quarantined"]
    assert not Employment.objects.filter(missing_since__isnull=False).exists()
    assert not Person.objects.filter(pu_missing_since__isnull=False).exists()
    assert Person.objects.count() == 54
    assert events("directory.sync_ended")[-1]["held"] == (55 if register == "hsa" else 54)


def test_who_is_absent_from_hsa_is_missing_after_three_complete_readings(
    registers_running: Registers,
) -> None:
    """POR-11: basis for a decision, and nothing is removed."""
    hsa()
    registers_running.edit(r'(hsa_id = "SE2321009801-P005")', r"in_hsa = false\n\1")
    missing = []
    for _ in range(3):
        hsa()
        missing.append(Employment.objects.get(hsa_id="SE2321009801-P005").missing_since)
    assert missing == [None, None, AT]
    assert [event["register"] for event in events("person.missing")] == ["hsa"]
    hsa()
    assert len(events("person.missing")) == 1


def test_a_bad_reading_between_good_ones_does_not_count(registers_running: Registers) -> None:
    hsa()
    registers_running.edit(r'(hsa_id = "SE2321009801-P005")', r"in_hsa = false\n\1")
    hsa()
    registers_running.show("hsa", "503", after=20)
    assert hsa().state == "incomplete"
    registers_running.show("hsa", "")
    hsa()
    assert Employment.objects.get(hsa_id="SE2321009801-P005").missed_reads == 2


def test_who_comes_back_is_no_longer_missing(registers_running: Registers) -> None:
    hsa()
    registers_running.edit(r'(hsa_id = "SE2321009801-P005")', r"in_hsa = false\n\1")
    for _ in range(3):
        hsa()
    registers_running.edit("in_hsa = false\n", "")
    hsa()
    employment = Employment.objects.get(hsa_id="SE2321009801-P005")
    assert (employment.missing_since, employment.missed_reads) == (None, 0)
    assert len(events("person.found_again")) == 1


def test_who_is_absent_from_pu_is_missing_after_three_complete_readings(registers_running: Registers) -> None:
    """PU-2."""
    hsa()
    for _ in range(3):
        pu()
    assert person(RUT).pu_missing_since == AT
    assert [event["person_id"] for event in events("person.missing")] == [str(person(RUT).pk)]


def test_a_change_is_recorded_by_field_and_never_by_value(registers_running: Registers) -> None:
    hsa()
    registers_running.edit('surname = "Lindqvist"', 'surname = "Lindqvist-Ålund"')
    registers_running.edit(
        'title = "Sjuksköterska"\nmail = "asa', 'title = "Chefssjuksköterska"\nmail = "asa'
    )
    assert pu().changed == 1
    assert hsa().changed == 1
    assert person(ASA).surname == "Lindqvist-Ålund"
    assert " ålund" in person(ASA).search_key
    (changed,) = events("person.changed")
    assert (changed["register"], changed["fields"]) == ("pu", ["surname"])
    (changed,) = events("employment.changed")
    assert changed["fields"] == ["title"]
    journal = " ".join(Entry.objects.values_list("content", flat=True))
    for secret in ("Lindqvist", "Chefssjuk", ASA, ERIK, "Hamngatan"):
        assert secret not in journal


def test_a_new_protection_holds_at_once_even_when_the_rest_must_wait(registers_running: Registers) -> None:
    """reliability.md: who becomes protected is scrubbed; a flood of other changes waits for a decision."""
    hsa()
    registers_running.edit('surname = "(?!Lindqvist)', 'surname = "X')
    registers_running.edit('surname = "Lindqvist"', 'surname = "Xlindqvist"\nsecrecy_marked = true')
    run = pu()
    assert (run.state, run.held) == ("quarantined", 53)
    asa = person(ASA)
    assert (asa.surname, asa.protected_identity) == ("Lindqvist", True)
    assert (asa.search_key, asa.address_lines) == ("", [])
    assert person(ALVA).surname == "Berg"


def test_a_flood_of_deaths_waits_for_a_decision(registers_running: Registers) -> None:
    hsa()
    code = 'deregistration_code = "AV"\nderegistered_on = "2026-11-20"\n'
    registers_running.edit(r'(number = "19[6-9]\d{9}"\n)(?!.{0,150}deregistration)', rf"\1{code}")
    run = pu()
    assert run.state == "quarantined"
    assert Person.objects.filter(registration_status="deceased").count() == 1


def test_pu_is_asked_for_500_at_a_time_and_writes_no_row_for_nothing(
    registers_running: Registers,
    django_assert_max_num_queries: Callable[[int], AbstractContextManager[object]],
) -> None:
    """domain.md 4.4: one call takes 500 numbers."""
    hsa()
    pu()
    before = registers_running.server.calls["pu"]
    with django_assert_max_num_queries(25):
        pu()
    assert registers_running.server.calls["pu"] == before + 1


def test_a_name_is_never_blanked(registers_running: Registers) -> None:
    hsa()
    registers_running.edit('given_name = "Åsa Kristina"', 'given_name = ""')
    registers_running.edit('surname = "Lindqvist"', 'surname = ""')
    pu()
    assert person(ASA).full_name == "Åsa Lindqvist"


def test_people_who_are_new_while_pu_is_down_are_not_found_by_name(registers_running: Registers) -> None:
    registers_running.show("pu", "down")
    run = hsa()
    assert (run.state, run.failure, run.imported) == ("complete", "pu.connection", 54)
    assert not Person.objects.exclude(search_key="").exists()
    assert person(ERIK).surname == "Sandberg"
    registers_running.show("pu", "")
    pu()
    assert person(ASA).search_key == " åsa kristina lindqvist asa"
    assert person(ERIK).search_key == ""


def test_a_protection_in_hsa_alone_is_enough(registers_running: Registers) -> None:
    hsa()
    registers_running.edit('surname = "Lindqvist"', 'surname = "Lindqvist"\nprotected_in_hsa = true')
    hsa()
    assert person(ASA).protected_identity
    assert person(ASA).search_key == ""
    pu()
    assert person(ASA).protected_identity
    assert person(ASA).address_lines == []
    registers_running.edit("protected_in_hsa = true\n", "")
    hsa()
    pu()
    assert not person(ASA).protected_identity
    assert person(ASA).address_lines == ["Hamngatan 6", "800 01 Norrby"]


def test_the_database_refuses_a_protected_person_who_can_be_searched(registers_running: Registers) -> None:
    hsa()
    with pytest.raises(IntegrityError), transaction.atomic():
        Person.objects.filter(pk=person(ERIK).pk).update(search_key=" erik")
    with pytest.raises(IntegrityError), transaction.atomic():
        Person.objects.filter(pk=person(ERIK).pk).update(protected_identity=False)


def test_a_protection_that_ends_in_both_registers_is_lifted(registers_running: Registers) -> None:
    hsa()
    registers_running.edit("secrecy_marked = true", "secrecy_marked = false")
    assert pu().changed == 1
    assert not person(ERIK).protected_identity
    assert person(ERIK).search_key == " erik sandberg"


def test_one_person_is_refreshed_from_both_registers(registers_running: Registers) -> None:
    hsa()
    Employment.objects.filter(person=person(ASA)).delete()
    Person.objects.filter(personal_identity_number=ASA).delete()
    found = refresh_person(ASA, actor=JOB, at=AT)
    assert found.full_name == "Åsa Lindqvist"
    assert found.employments.get().hsa_id == "SE2321009801-P005"
    assert (found.pu_read_at, found.hsa_read_at) == (AT, AT)


@pytest.mark.parametrize("register", ["hsa", "pu"])
def test_a_refresh_without_a_register_changes_nothing(registers_running: Registers, register: str) -> None:
    hsa()
    before, recorded = everything(), Entry.objects.count()
    registers_running.show(register, "503")
    with pytest.raises(RegisterUnavailable) as caught:
        refresh_person(ASA, actor=JOB, at=AT)
    assert caught.value.register == register
    assert everything() == before
    assert Entry.objects.count() == recorded


def administrator(organization: str, *, may_see_protected: bool = False) -> Actor:
    """Return an ID administrator of the organization."""
    return Actor(
        kind=ActorKind.PERSON,
        identifier="SE2321009801-X001",
        role=Role.ID_ADMINISTRATOR.value,
        organization_ids=(str(Organization.objects.get(name=organization).pk),),
        person_id="00000000-0000-4000-8000-000000000001",
        may_see_protected=may_see_protected,
    )


def forget_person(number: str) -> None:
    Employment.objects.filter(person__personal_identity_number=number).delete()
    Person.objects.filter(personal_identity_number=number).delete()


@pytest.mark.parametrize("is_known", [True, False])
def test_a_person_of_another_region_is_refused_untouched_and_looks_like_nobody(
    registers_running: Registers, *, is_known: bool
) -> None:
    """POR-13: what a register says of a foreign person is neither written nor told."""
    hsa()
    registers_running.edit("Lindqvist", "Lindkvist")
    if not is_known:
        forget_person(ASA)
    before, recorded = everything(), Entry.objects.count()
    doris = administrator("Region Syd")
    with pytest.raises(PersonNotFound) as foreign:
        refresh_person(ASA, actor=doris, at=AT)
    with pytest.raises(PersonNotFound) as nobody:
        refresh_person(NOBODY, actor=doris, at=AT)
    assert (str(foreign.value), foreign.value.facts) == (str(nobody.value), nobody.value.facts)
    assert everything() == before
    assert events("directory.person_read") == [{"outcome": "not_found", "person_id": ""}] * 2
    assert Entry.objects.count() == recorded + 2


def test_somebody_protected_is_not_made_known_to_one_without_the_right(registers_running: Registers) -> None:
    hsa()
    forget_person(ERIK)
    with pytest.raises(PersonNotFound):
        refresh_person(ERIK, actor=administrator("Region Norr"), at=AT)
    assert not Person.objects.filter(personal_identity_number=ERIK).exists()
    refresh_person(ERIK, actor=administrator("Region Norr", may_see_protected=True), at=AT)
    assert person(ERIK).protected_identity


def test_a_new_protection_is_written_whoever_asks(registers_running: Registers) -> None:
    """Who reads an unprotected person of their own may find that they are protected now."""
    hsa()
    registers_running.edit(rf'(number = "{ASA}")', r"\1\nsecrecy_marked = true")
    refresh_person(ASA, actor=administrator("Region Norr"), at=AT)
    assert person(ASA).protected_identity


def test_what_a_person_has_read_is_recorded_without_the_number(registers_running: Registers) -> None:
    hsa()
    alva = administrator("Region Norr")
    refresh_person(ASA, actor=alva, at=AT)
    registers_running.show("hsa", "503")
    with pytest.raises(RegisterUnavailable):
        refresh_person(ASA, actor=alva, at=AT)
    with pytest.raises(RegisterUnavailable):
        refresh_person(ASA, actor=administrator("Region Syd"), at=AT)
    own = str(person(ASA).pk)
    assert events("directory.person_read") == [
        {"outcome": "read", "person_id": own},
        {"outcome": "unavailable", "person_id": own},
        {"outcome": "unavailable", "person_id": ""},
    ]
    assert not Entry.objects.filter(type="directory.person_read", content__contains=ASA).exists()
    assert not Entry.objects.filter(type="directory.person_read", content__contains=ASA[2:]).exists()


def test_nobody_is_made_known_whom_no_connected_organization_employs(registers_running: Registers) -> None:
    with pytest.raises(PersonNotFound):
        refresh_person(NOBODY, actor=JOB, at=AT)
    with pytest.raises(PersonNotFound):
        refresh_person(ASA, actor=JOB, at=AT)  # no organization is connected yet
    assert not Person.objects.exists()


def test_an_hsa_id_that_moves_to_somebody_else_is_not_believed(registers_running: Registers) -> None:
    hsa()
    Employment.objects.filter(hsa_id="SE2321009801-P005").update(person=person(ALVA))
    with pytest.raises(RegisterUnavailable) as caught:
        refresh_person(ASA, actor=JOB, at=AT)
    assert caught.value.reason == "mismatched"


def test_a_run_that_never_ended_is_closed_by_the_next(registers_running: Registers) -> None:
    SyncRun.objects.create(register="hsa", started_at=AT)
    assert hsa().state == "complete"
    assert list(SyncRun.objects.order_by("state").values_list("state", "failure")) == [
        ("complete", ""),
        ("incomplete", "superseded"),
    ]


def test_the_command_says_what_it_did(
    registers_running: Registers, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("sync", "hsa", "--pause-milliseconds", "0")
    assert "HSA: 55 of 55 read, 54 new, 0 changed, 0 not known there." in capsys.readouterr().out
    registers_running.show("pu", "503")
    with pytest.raises(CommandError, match=r"PU could not be read whole \(pu.http_status\)"):
        call_command("sync", "pu")
