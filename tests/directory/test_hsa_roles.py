"""Roles that HSA gives, beside those of the portal: HSA-2, GOV-1; a fault of HSA takes nobody's role."""

from datetime import datetime, timedelta

import pytest

from directory.configuration import SyncRules
from directory.hsa_client import AdminCommission
from directory.hsa_roles import RoleReading, roles_named, sync_roles
from directory.lifecycle import grant_role, revoke_role
from directory.models import Employment, Role, RoleAssignment, Unit
from directory.reach import scope_of
from directory.roles import HSA_ROLES, TWO_PEOPLE, UNSCOPED_ROLES
from directory.selectors import roles_of
from journal.actor import Actor
from journal.models import Entry
from portal.accounts.people import role_choices
from tests.directory.conftest import Registers
from tests.directory.loaded import AT, acting, employment, person, read_everybody
from tests.directory.people import ALVA, BO, CIA, DORIS, GUN

pytestmark = pytest.mark.django_db
JOB = Actor.system("directory.sync_roles")
RULES = SyncRules(pause=timedelta(0))
WITHOUT_BO = (
    r'\[\[commission\]\]\nhsa_id = "SE2321009801-P002"\n',
    '[[commission]]\nhsa_id = "SE2321009801-P030"\n',
)


@pytest.fixture(autouse=True)
def _everybody(registers_running: Registers) -> None:
    read_everybody()
    # A handful is enough, and each reading asks about everybody.
    Employment.objects.exclude(person__personal_identity_number__in=[ALVA, BO, CIA, DORIS, GUN]).delete()


def read(times: int = 1, *, rules: SyncRules = RULES, after: timedelta = timedelta(0)) -> RoleReading:
    readings = [
        sync_roles(actor=JOB, at=AT + after + timedelta(days=day), rules=rules) for day in range(times)
    ]
    return readings[-1]


def held(number: str, at: datetime = AT + timedelta(days=30)) -> list[tuple[str, str]]:
    return [(one.role, one.source) for one in roles_of(employment(number).hsa_id, at=at)]


def test_hsa_gives_what_one_person_may_give_and_nothing_that_takes_two() -> None:
    """GOV-1: Gun is issuance manager according to HSA; that is for two people here to say."""
    reading = read()
    assert (reading.given, reading.lapsed, reading.failure) == (4, 0, "")
    assert [held(one) for one in (ALVA, BO, CIA, DORIS)] == [
        [("id_administrator", "hsa")],
        [("function_cert_orderer", "hsa")],
        [("auditor", "hsa")],
        [("id_administrator", "hsa")],
    ]
    assert held(GUN) == []
    assert not HSA_ROLES & (TWO_PEOPLE | UNSCOPED_ROLES)
    assert Entry.objects.filter(type="role.granted").count() == 4
    assert read().given == 0


def test_both_sources_stand_side_by_side_and_are_one_choice_at_login() -> None:
    read()
    work = employment(ALVA)
    grant_role(
        employment=work, role=Role.ID_ADMINISTRATOR, organization=work.organization, valid_from=AT,
        may_see_protected=True, actor=Actor.system("test"), at=AT,
    )  # fmt: skip
    assert sorted(held(ALVA)) == [("id_administrator", "hsa"), ("id_administrator", "portal")]
    (choice,) = role_choices(person(ALVA), certificate_hsa_id="", at=AT + timedelta(days=1))
    assert choice.may_see_protected


def test_a_role_lapses_after_three_answers_without_it_and_not_before(registers_running: Registers) -> None:
    read()
    registers_running.edit(*WITHOUT_BO)
    assert read(2).lapsed == 0
    assert held(BO) == [("function_cert_orderer", "hsa")]
    assert read(after=timedelta(days=5)).lapsed == 1
    assert held(BO) == []


def test_an_answer_with_it_begins_the_count_anew(registers_running: Registers) -> None:
    read()
    before = registers_running.people.read_text()
    registers_running.edit(*WITHOUT_BO)
    read(2)
    registers_running.people.write_text(before)
    read()
    registers_running.edit(*WITHOUT_BO)
    assert read(2).lapsed == 0


@pytest.mark.parametrize("kind", ["down", "soap_fault", "malformed", "503", "403"])
def test_a_fault_of_hsa_takes_nobodys_role(registers_running: Registers, kind: str) -> None:
    """Decision 9: absence in a register is not an error in a register."""
    read()
    registers_running.show("hsa", kind)
    reading = read(4)
    assert reading.failure.startswith("hsa.")
    assert (reading.read, reading.lapsed) == (0, 0)
    assert held(BO) == [("function_cert_orderer", "hsa")]
    assert not RoleAssignment.objects.filter(missed_reads__gt=0).exists()


def test_more_than_the_cap_are_held(registers_running: Registers) -> None:
    read()
    registers_running.edit(r"\[\[commission\]\].*", "")
    tight = SyncRules(pause=timedelta(0), cap_persons=3, cap_per_mille=0)
    reading = read(4, rules=tight)
    assert (reading.lapsed, reading.held) == (0, 4)
    assert held(BO) == [("function_cert_orderer", "hsa")]


def test_what_was_taken_back_in_the_portal_stays_away_until_hsa_was_without_it(
    registers_running: Registers,
) -> None:
    read()
    manager = acting(GUN, Role.ISSUANCE_MANAGER)
    bos = RoleAssignment.objects.get(employment=employment(BO))
    revoke_role(bos, reason="misuse", actor=manager, at=AT + timedelta(hours=1))
    assert read(2, after=timedelta(days=1)).given == 0
    assert held(BO) == []
    before = registers_running.people.read_text()
    registers_running.edit(*WITHOUT_BO)
    read(after=timedelta(days=4))
    registers_running.people.write_text(before)
    assert read(after=timedelta(days=5)).given == 1


def test_hsa_does_not_make_an_auditor_of_somebody_at_work() -> None:
    """An auditor has no operative role, whatever the source."""
    work = employment(CIA)
    grant_role(
        employment=work, role=Role.REVOCATION_OFFICER, organization=work.organization, valid_from=AT,
        actor=Actor.system("test"), at=AT,
    )  # fmt: skip
    assert read().refused == 1
    assert held(CIA) == [("revocation_officer", "portal")]


OWN = "SE2321009801-0001"


@pytest.mark.parametrize(
    ("code", "units", "named"),
    [
        ("ID_ADMINISTRATOR", [(OWN.lower(), True)], {(Role.ID_ADMINISTRATOR, "")}),
        ("ID_ADMINISTRATOR", [(OWN, False)], set()),
        ("ID_ADMINISTRATOR", [], set()),
        ("ID_ADMINISTRATOR", [("SE2321009801-1002", False)], set()),
        ("ID_ADMINISTRATOR", [("se2321009801-1002", True)], {(Role.ID_ADMINISTRATOR, "SE2321009801-1002")}),
        ("ISSUANCE_MANAGER", [("SE2321009801-1002", True)], set()),
        ("FUNCTION_CERT_ORDERER", [("SE2321009801-1002", True)], set()),
        ("ID_ADMINISTRATOR", [("SE2321009900-0001", True)], set()),
        ("CENTRAL_ADMINISTRATOR", [(OWN, True)], set()),
        ("ISSUANCE_MANAGER", [(OWN, True)], set()),
        ("EMPEROR", [(OWN, True)], set()),
    ],
)
def test_a_commission_counts_for_the_own_organization_or_a_unit_of_it_with_all_below(
    code: str, units: list[tuple[str, bool]], named: set[tuple[Role, str]]
) -> None:
    commission = AdminCommission(
        hsa_id="x", scope_code="SITHS", property_code=code, commission_hsa_id="x", organization_number="x",
        units=tuple(units),
    )  # fmt: skip
    known = {unit.hsa_id.upper(): unit for unit in Unit.objects.all()}
    hsa_ids = {unit.pk: unit.hsa_id for unit in known.values()} | {None: ""}
    found = roles_named([commission], employment(ALVA), known)
    assert {(role, hsa_ids[unit_id]) for role, unit_id in found} == named


def test_a_commission_for_a_unit_gives_a_role_for_it_which_lapses_as_others(
    registers_running: Registers,
) -> None:
    """domain.md 1.2, HSA-2: sector.unitHsaId with its flag is the scope."""
    alvas = r'(hsa_id = "SE2321009801-P001"\nproperty = "ID_ADMINISTRATOR"\nunit = )"[^"]*"'
    registers_running.edit(alvas, r'\1"SE2321009801-1001"')
    assert read().given == 4
    given = RoleAssignment.objects.get(employment=employment(ALVA))
    assert given.unit is not None
    assert given.unit.name == "Norrby sjukhus"
    scope = scope_of(given, at=AT)
    assert (scope.organization_ids, len(scope.unit_ids)) == ((), 4)
    assert read().given == 0
    registers_running.edit(alvas, r'\1"SE2321009801-1002"')
    assert read().given == 1
    assert read(2, after=timedelta(days=2)).lapsed == 1
    assert [
        one.unit.name for one in roles_of(employment(ALVA).hsa_id, at=AT + timedelta(days=9)) if one.unit
    ] == ["Akutmottagningen"]
