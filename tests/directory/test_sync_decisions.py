"""What waits after a reading, what people decide about it, and what is undone (design.md decision 9)."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from directory import sync_decisions, sync_run
from directory.configuration import SyncRules
from directory.errors import SyncDecisionRefused, SyncRunTaken
from directory.hsa_sync import sync_hsa
from directory.models import Employment, Person, Role, SyncRun
from directory.pu_sync import sync_pu
from directory.sync_decisions import accept_run, carry_out_decisions, discard_run, request_run, undo_run
from directory.sync_models import SyncChange, SyncDecision
from journal.actor import Actor
from journal.models import Entry
from tests.directory.conftest import Registers
from tests.directory.loaded import acting, read_everybody
from tests.directory.people import ALVA, ASA, DORIS, ERIK, GUN, NOAH, RUT

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
JOB = Actor.system("test")
RULES = SyncRules(pause=timedelta(0), complete_reads=3)
TIGHT = replace(RULES, cap_persons=1, cap_per_mille=0)
HOLDS_ALL = replace(RULES, cap_persons=0, cap_per_mille=0)
BAD_WEATHER = ["down", "503", "403", "soap_fault", "malformed", "entities", "invalid", "swapped", "huge"]
RUT_P = r'(hsa_id = "SE2321009801-P005")'
DEATH = r'(number = "198308309908")'
DEAD = r'\1\nderegistration_code = "AV"\nderegistered_on = "2026-11-20"'


@pytest.fixture(autouse=True)
def _loaded(registers_running: Registers) -> None:
    read_everybody()
    sync_pu(actor=JOB, at=AT - timedelta(days=1), rules=RULES)
    long_missing = AT - timedelta(days=9)
    Person.objects.filter(personal_identity_number=RUT).update(
        pu_missed_reads=3, pu_missing_since=long_missing
    )


def pu(rules: SyncRules = RULES, *, at: datetime = AT) -> SyncRun:
    return sync_pu(actor=JOB, at=at, rules=rules)


def hsa(rules: SyncRules = RULES, *, at: datetime = AT) -> SyncRun:
    return sync_hsa(actor=JOB, at=at, rules=rules)


def person(number: str) -> Person:
    return Person.objects.get(personal_identity_number=number)


def central() -> Actor:
    return replace(acting(GUN, Role.CENTRAL_ADMINISTRATOR), identifier="SE2321009801-C001")


def states(run: SyncRun) -> list[str]:
    return sorted(run.changes.filter(is_costly=True).values_list("state", flat=True))


def events(kind: str) -> list[dict[str, object]]:
    return [json.loads(entry.content)["event"] for entry in Entry.objects.filter(type=kind).order_by("id")]


def everything() -> list[list[dict[str, object]]]:
    return [list(model.objects.order_by("pk").values()) for model in (Person, Employment)]


def without_readings(tables: list[list[dict[str, object]]]) -> list[list[dict[str, object]]]:
    """Leave out when a register was read, which is no word of a register."""
    left_out = {"pu_read_at", "hsa_read_at"}
    return [[{key: row[key] for key in row if key not in left_out} for row in rows] for rows in tables]


def test_a_death_within_the_cap_is_written_and_stands_as_a_row(registers_running: Registers) -> None:
    registers_running.edit(DEATH, DEAD)
    run = pu()
    assert (run.state, run.changed, states(run)) == ("complete", 1, ["applied"])
    change = run.changes.get(is_costly=True)
    assert (change.kind, change.person) == ("deceased", person(ASA))
    assert change.before["registration_status"] == "registered"
    assert change.after["registration_status"] == "deceased"


def test_no_row_holds_an_address(registers_running: Registers) -> None:
    registers_running.edit("Hamngatan 6", "Storgatan 9")
    registers_running.edit(DEATH, DEAD)
    pu()
    assert "Storgatan" not in str(list(SyncChange.objects.values()))
    assert "Hamngatan" not in str(list(SyncChange.objects.values()))


def test_what_waits_is_written_when_it_is_accepted(registers_running: Registers) -> None:
    """design.md decision 9: shown first, decided by a person, journalled with the reason."""
    registers_running.edit(DEATH, DEAD)
    run = pu(HOLDS_ALL)
    assert (run.state, run.held, states(run)) == ("quarantined", 1, ["waiting"])
    assert person(ASA).registration_status == "registered"
    accept_run(run.pk, reason="Looked at with the register's desk", actor=central(), at=AT)
    assert person(ASA).registration_status == "registered"  # the worker does it
    assert carry_out_decisions(actor=JOB, at=AT) == 1
    assert person(ASA).registration_status == "deceased"
    assert states(run) == ["applied"]
    assert [event["kind"] for event in events("directory.sync_decided")] == ["accept"]
    assert events("directory.sync_decision_carried_out")[0]["left_out"] == 0
    assert carry_out_decisions(actor=JOB, at=AT) == 0


def test_what_waits_is_not_written_when_it_is_discarded_and_asks_again(registers_running: Registers) -> None:
    registers_running.edit(DEATH, DEAD)
    run = pu(HOLDS_ALL)
    discard_run(run.pk, reason="The register is wrong", actor=central(), at=AT)
    carry_out_decisions(actor=JOB, at=AT)
    assert (person(ASA).registration_status, states(run)) == ("registered", ["discarded"])
    again = pu(at=AT + timedelta(days=1))  # within the cap now, but somebody has refused it once
    assert (again.state, states(again)) == ("quarantined", ["waiting"])
    assert person(ASA).registration_status == "registered"


def test_a_newer_whole_reading_takes_the_place_of_what_waited(registers_running: Registers) -> None:
    registers_running.edit(DEATH, DEAD)
    first = pu(HOLDS_ALL)
    second = pu(HOLDS_ALL, at=AT + timedelta(days=1))
    assert (states(first), states(second)) == (["superseded"], ["waiting"])
    with pytest.raises(SyncDecisionRefused) as caught:
        accept_run(first.pk, reason="too late", actor=central(), at=AT)
    assert caught.value.facts["rule"] == "nothing_waits"


def test_a_bad_reading_leaves_what_waits_alone(registers_running: Registers) -> None:
    registers_running.edit(DEATH, DEAD)
    first = pu(HOLDS_ALL)
    registers_running.show("pu", "503")
    assert pu(at=AT + timedelta(days=1)).state == "incomplete"
    assert states(first) == ["waiting"]


def test_what_has_changed_since_it_was_shown_is_not_written(registers_running: Registers) -> None:
    registers_running.edit('surname = "Lindqvist"', 'surname = "Nyberg"')
    run = pu(HOLDS_ALL)
    Person.objects.filter(pk=person(ASA).pk).update(surname="Ek")
    accept_run(run.pk, reason="Looked at", actor=central(), at=AT)
    carry_out_decisions(actor=JOB, at=AT)
    assert (person(ASA).surname, states(run)) == ("Ek", ["stale"])
    assert SyncDecision.objects.get().left_out == 1


def test_a_run_is_undone_and_the_same_difference_then_waits(registers_running: Registers) -> None:
    """design.md decision 9: can be undone while nothing irreversible happened."""
    before = everything()
    registers_running.edit('surname = "Lindqvist"', 'surname = "Nyberg"')
    run = pu()
    assert person(ASA).search_key.count("nyberg") == 1
    undo_run(run.pk, reason="The register sent another person's name", actor=central(), at=AT)
    carry_out_decisions(actor=JOB, at=AT)
    asa = person(ASA)
    assert (asa.surname, "nyberg" in asa.search_key, "lindqvist" in asa.search_key) == (
        "Lindqvist",
        False,
        True,
    )
    assert states(run) == ["undone"]
    assert [event["fields"] for event in events("person.change_undone")] == [["surname"]]
    again = pu(at=AT + timedelta(days=1))
    assert (again.state, again.held, person(ASA).surname) == ("quarantined", 1, "Lindqvist")
    assert without_readings(everything()) == without_readings(before)


def test_an_undone_absence_needs_as_many_whole_readings_again(registers_running: Registers) -> None:
    registers_running.edit(RUT_P, r"in_hsa = false\n\1")
    runs = [hsa(at=AT + timedelta(days=day)) for day in range(3)]
    undo_run(runs[-1].pk, reason="HSA was being moved", actor=central(), at=AT + timedelta(days=3))
    carry_out_decisions(actor=JOB, at=AT + timedelta(days=3))
    employment = Employment.objects.get(hsa_id="SE2321009801-P005")
    assert (employment.missing_since, employment.missed_reads) == (None, 0)
    later = [hsa(at=AT + timedelta(days=4 + day)).state for day in range(3)]
    assert later == ["complete", "complete", "quarantined"]
    employment.refresh_from_db()
    assert employment.missing_since is None


def test_what_somebody_acted_on_is_not_undone(registers_running: Registers) -> None:
    registers_running.edit(DEATH, DEAD)
    run = pu()
    sync_decisions.note_acted_on(
        person_id=person(ASA).pk,
        employment_id=None,
        kinds=frozenset({sync_decisions.ChangeKind.DECEASED}),
        at=AT,
    )
    undo_run(run.pk, reason="too late for her", actor=central(), at=AT)
    carry_out_decisions(actor=JOB, at=AT)
    assert (person(ASA).registration_status, states(run)) == ("deceased", ["kept"])


def test_an_undo_makes_nobody_less_protected(registers_running: Registers) -> None:
    registers_running.edit('surname = "Lindqvist"', 'surname = "Lindqvist"\nsecrecy_marked = true')
    run = pu()
    assert person(ASA).protected_identity
    with pytest.raises(SyncDecisionRefused) as caught:
        undo_run(run.pk, reason="a mistake", actor=central(), at=AT)
    assert caught.value.facts["rule"] == "nothing_to_undo"
    assert person(ASA).protected_identity


def test_a_lifted_protection_that_is_undone_protects_again(registers_running: Registers) -> None:
    registers_running.edit("secrecy_marked = true", "secrecy_marked = false")
    run = pu()
    assert not person(ERIK).protected_identity
    undo_run(run.pk, reason="lifted by mistake", actor=central(), at=AT)
    carry_out_decisions(actor=JOB, at=AT)
    erik = person(ERIK)
    assert (erik.protected_identity, erik.protection, erik.search_key) == (True, "secrecy_marking", "")
    assert erik.address_lines == []


def test_too_many_absences_and_deaths_together_are_held(registers_running: Registers) -> None:
    """The cap counts everything that one run costs people."""
    registers_running.edit(DEATH, DEAD)
    registers_running.edit(r'number = "2010', 'in_pu = false\nnumber = "2010')
    Person.objects.filter(personal_identity_number=NOAH).update(pu_missed_reads=2)
    run = pu(TIGHT)
    assert (run.state, run.held) == ("quarantined", 2)
    assert person(NOAH).pu_missing_since is None
    accept_run(run.pk, reason="Both are right", actor=central(), at=AT)
    carry_out_decisions(actor=JOB, at=AT)
    assert person(NOAH).pu_missing_since == AT


def test_an_employment_that_ends_is_written_only_by_a_whole_reading(registers_running: Registers) -> None:
    """Employments that end cost people their roles: many at once wait."""
    registers_running.edit(RUT_P, r'ends_on = "2026-11-01"\n\1')
    registers_running.show("hsa", "503", after=50)
    assert hsa().state == "incomplete"
    assert Employment.objects.get(hsa_id="SE2321009801-P005").ends_on is None
    registers_running.show("hsa", "")
    held = hsa(HOLDS_ALL)
    assert (held.state, held.held) == ("quarantined", 1)
    assert Employment.objects.get(hsa_id="SE2321009801-P005").ends_on is None
    accept_run(held.pk, reason="She has left", actor=central(), at=AT)
    carry_out_decisions(actor=JOB, at=AT)
    assert str(Employment.objects.get(hsa_id="SE2321009801-P005").ends_on) == "2026-11-01"
    undo_run(held.pk, reason="She has not", actor=central(), at=AT)
    carry_out_decisions(actor=JOB, at=AT)
    assert Employment.objects.get(hsa_id="SE2321009801-P005").ends_on is None


def test_a_reading_asked_for_as_a_preview_writes_nothing_that_costs_anybody(
    registers_running: Registers,
) -> None:
    registers_running.edit(DEATH, DEAD)
    asked = request_run("pu", is_preview=True, actor=central(), at=AT)
    with pytest.raises(SyncRunTaken):
        request_run("pu", is_preview=False, actor=central(), at=AT)
    run = sync_pu(actor=JOB, at=AT, rules=RULES, run_id=asked.pk)
    assert (run.pk, run.state, run.held) == (asked.pk, "quarantined", 1)
    assert person(ASA).registration_status == "registered"
    with pytest.raises(SyncRunTaken):
        sync_pu(actor=JOB, at=AT, rules=RULES, run_id=asked.pk)


def test_a_decision_is_made_once_says_why_and_is_the_central_administrations(
    registers_running: Registers,
) -> None:
    registers_running.edit(DEATH, DEAD)
    run = pu(HOLDS_ALL)
    for actor in (acting(ALVA, Role.ID_ADMINISTRATOR), acting(DORIS, Role.ISSUANCE_MANAGER)):
        with pytest.raises(SyncDecisionRefused) as caught:
            accept_run(run.pk, reason="please", actor=actor, at=AT)
        assert caught.value.facts["rule"] == "role"
    with pytest.raises(SyncDecisionRefused, match="says why"):
        accept_run(run.pk, reason=" ", actor=central(), at=AT)
    accept_run(run.pk, reason="right", actor=central(), at=AT)
    with pytest.raises(SyncDecisionRefused) as caught:
        discard_run(run.pk, reason="wrong", actor=central(), at=AT)
    assert caught.value.facts["rule"] == "under_way"


def test_a_killed_worker_goes_on_where_it_was(
    registers_running: Registers, monkeypatch: pytest.MonkeyPatch
) -> None:
    registers_running.edit('surname = "', 'surname = "X')
    run = pu(HOLDS_ALL)
    accept_run(run.pk, reason="all changed their names", actor=central(), at=AT)
    monkeypatch.setattr(sync_decisions, "STAGE", 10)
    decision = SyncDecision.objects.get()
    assert sync_decisions._stage(decision, actor=JOB, at=AT) == 10
    assert carry_out_decisions(actor=JOB, at=AT) == decision.total - 10
    decision.refresh_from_db()
    assert (decision.done, decision.left_out) == (decision.total, 0)
    assert Entry.objects.filter(type="person.changed").count() == decision.total


@pytest.mark.parametrize("kind", [*BAD_WEATHER, "partial", "empty"])
@pytest.mark.parametrize("register", ["hsa", "pu"])
def test_no_fault_of_a_register_makes_anybody_missing_or_dead(
    registers_running: Registers, register: str, kind: str
) -> None:
    """POR-8, POR-14, decision 9: a sync for each fault; nobody is on a basis list for it."""
    before = everything()
    registers_running.show(register, kind)
    for day in range(RULES.complete_reads + 1):
        (hsa if register == "hsa" else pu)(at=AT + timedelta(days=day))
    assert not Employment.objects.filter(missing_since__isnull=False).exists()
    assert (
        not Person.objects.exclude(personal_identity_number=RUT)
        .filter(pu_missing_since__isnull=False)
        .exists()
    )
    kept = ("registration_status", "surname", "given_name", "protected_identity")
    assert [[row[name] for name in kept] for row in before[0]] == [
        [row[name] for name in kept] for row in everything()[0]
    ]


def test_a_run_that_was_superseded_stops_and_writes_nothing_more(registers_running: Registers) -> None:
    registers_running.edit(DEATH, DEAD)
    taken: list[SyncRun] = []

    def another_begins(done: int, total: int) -> None:
        if not taken:
            taken.append(SyncRun.objects.create(register="pu", started_at=AT))
            SyncRun.objects.filter(state="running").exclude(pk=taken[0].pk).update(
                state="incomplete", ended_at=AT, failure="superseded"
            )

    run = sync_pu(actor=JOB, at=AT, rules=replace(RULES, chunk=10), progress=another_begins)
    assert (run.state, run.failure) == ("incomplete", "superseded")
    assert person(ASA).registration_status == "registered"


def test_former_values_are_forgotten_when_it_is_too_late_to_undo(registers_running: Registers) -> None:
    registers_running.edit('surname = "Lindqvist"', 'surname = "Nyberg"')
    run = pu()
    later = AT + timedelta(days=31)
    pu(at=later)
    change = run.changes.get(is_costly=True)
    assert (change.before, change.after, change.fields) == ({}, {}, ["surname"])
    with pytest.raises(SyncDecisionRefused) as caught:
        undo_run(run.pk, reason="too late", actor=central(), at=later)
    assert caught.value.facts["rule"] == "too_late"


def test_the_database_keeps_a_difference_that_was_acted_on(registers_running: Registers) -> None:
    registers_running.edit(DEATH, DEAD)
    run = pu()
    with pytest.raises(IntegrityError), transaction.atomic():
        run.changes.update(acted_on_at=AT, state="undone")
    with pytest.raises(IntegrityError), transaction.atomic():
        run.changes.update(settled_at=None)


def test_a_reading_that_forgot_somebody_is_not_whole(registers_running: Registers) -> None:
    """Whoever reads may forget to say that something went wrong: the figures say it."""
    reading = sync_run.start("pu", rules=RULES, at=AT)
    reading.asked, reading.read = 54, 53
    reading.absent.append(person(NOAH).pk)
    run = sync_run.finish(reading, actor=JOB, at=AT)
    assert (run.state, run.failure, person(NOAH).pu_missed_reads) == ("incomplete", "pu.incomplete", 0)
