"""Giving and taking roles: who may, for whom, and what the database itself refuses (GOV-1, GOV-2)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from directory.errors import RoleNotHeld, RoleRefused
from directory.lifecycle import grant_role, record_protected_opening, revoke_role
from directory.models import Employment, Organization, Role, RoleAssignment
from directory.roles import GRANTERS, OPERATIVE_ROLES
from directory.selectors import roles_of
from journal.actor import Actor
from journal.models import Entry
from journal.personal import whole_contents
from tests.directory.conftest import Registers
from tests.directory.loaded import AT, JOB, acting, employment, organization, person, read_everybody
from tests.directory.people import ALVA, ASA, BO, CIA, DORIS, ERIK, FRIDA, GUN, HENRIK, INES, LINNEA

pytestmark = pytest.mark.django_db
LATER = AT + timedelta(days=30)
TRAINED = AT.date()


@pytest.fixture(autouse=True)
def _everybody(registers_running: Registers) -> None:
    read_everybody()


def grant(
    number: str,
    role: Role,
    *,
    actor: Actor = JOB,
    to: str = "",
    trained_on: date | None = TRAINED,
    **more: datetime | bool,
) -> RoleAssignment:
    work = employment(number)
    facts = {"organization": organization(to) if to else work.organization, "valid_from": AT, **more}
    return grant_role(
        employment=work,
        role=role,
        trained_on=trained_on,
        actor=actor,
        at=AT,
        **facts,  # type: ignore[arg-type]
    )


def gun() -> Actor:
    return acting(GUN, Role.ISSUANCE_MANAGER)


def held(number: str, at: datetime = AT) -> list[str]:
    return [one.role for one in roles_of(employment(number).hsa_id, at=at)]


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(RoleRefused) as caught:
        act()
    return caught.value.facts["rule"]


def test_training_comes_before_work() -> None:
    """GOV-2: nobody becomes ID administrator without a training, or with one older than a year."""
    day = AT.date()
    wrong: list[tuple[date | None, str]] = [
        (None, "training_missing"),
        (day + timedelta(days=1), "training_in_future"),
        (day - timedelta(days=366), "training_too_old"),
    ]
    for trained_on, rule in wrong:
        with pytest.raises(RoleRefused) as caught:
            grant(ASA, Role.ID_ADMINISTRATOR, actor=gun(), trained_on=trained_on)
        assert caught.value.facts["rule"] == rule
    assert not RoleAssignment.objects.exists()
    assert grant(ASA, Role.REVOCATION_OFFICER, actor=gun(), trained_on=None).trained_on is None
    day -= timedelta(days=365)
    assert grant(ASA, Role.ID_ADMINISTRATOR, actor=gun(), trained_on=day).trained_on == day


def test_an_issuance_manager_gives_and_takes_a_role_and_both_are_recorded() -> None:
    assignment = grant(ASA, Role.ID_ADMINISTRATOR, actor=gun())
    assert held(ASA) == ["id_administrator"]
    assert (assignment.granted_by, assignment.source) == (gun().identifier, "portal")
    revoke_role(assignment, reason="left", actor=gun(), at=LATER)
    assert held(ASA, LATER - timedelta(seconds=1)) == ["id_administrator"]
    assert held(ASA, LATER) == []
    kinds = Entry.objects.filter(type__startswith="role.").order_by("id")
    assert [entry.type for entry in kinds] == ["role.granted", "role.revoked"]
    event = whole_contents([kinds[1]])[kinds[1].pk]["event"]
    assert (event["person_id"], event["reason"]) == (str(person(ASA).pk), "left")
    assert event["organization_id"] == str(organization("Region Norr").pk)


def test_a_role_begins_and_ends_at_its_times() -> None:
    grant(ASA, Role.ID_ADMINISTRATOR, valid_from=AT + timedelta(days=1), valid_to=LATER)
    assert held(ASA, AT) == []
    assert held(ASA, AT + timedelta(days=1)) == ["id_administrator"]
    assert held(ASA, LATER) == []


def test_nobody_gives_themselves_a_role() -> None:
    assert refused(lambda: grant(GUN, Role.ID_ADMINISTRATOR, actor=gun())) == "own_role"


def test_nobody_gives_a_role_to_their_own_other_employment() -> None:
    mine, other = Employment.objects.filter(person=person(LINNEA)).order_by("hsa_id")
    linnea = replace(acting(LINNEA, Role.ISSUANCE_MANAGER), organization_ids=(str(other.organization_id),))
    assert linnea.identifier == mine.hsa_id
    rule = refused(
        lambda: grant_role(
            employment=other, role=Role.ID_ADMINISTRATOR, organization=other.organization, valid_from=AT,
            actor=linnea, at=AT,
        )
    )  # fmt: skip
    assert rule == "own_role"


def test_nobody_takes_their_own_role() -> None:
    mine = grant(GUN, Role.ID_ADMINISTRATOR)
    assert refused(lambda: revoke_role(mine, reason="x", actor=gun(), at=AT)) == "own_role"
    assert held(GUN) == ["id_administrator"]


@pytest.mark.parametrize("role", list(Role))
def test_an_id_administrator_gives_no_role(role: Role) -> None:
    actor = acting(ALVA, Role.ID_ADMINISTRATOR)
    assert refused(lambda: grant(ASA, role, actor=actor)) == "not_a_granter"
    assert not RoleAssignment.objects.exists()


@pytest.mark.parametrize("granter", list(Role))
@pytest.mark.parametrize("role", list(Role))
def test_only_the_granting_roles_of_the_matrix_give_a_role(granter: Role, role: Role) -> None:
    """The oracle is the table of domain.md 1.2 in words, not the one in roles.py."""
    central, manager, deputy = Role.CENTRAL_ADMINISTRATOR, Role.ISSUANCE_MANAGER, Role.DEPUTY_ISSUANCE_MANAGER
    appointed_by = {
        manager: {central},
        deputy: {central, manager},
        Role.ID_ADMINISTRATOR: {manager, deputy},
        Role.FUNCTION_CERT_ORDERER: {manager, deputy},
        Role.REVOCATION_OFFICER: {manager, deputy},
    }
    assert (granter in GRANTERS[role]) == (granter in appointed_by.get(role, {central}))


def test_a_role_is_not_given_outside_the_givers_scope() -> None:
    assert refused(lambda: grant(DORIS, Role.REVOCATION_OFFICER, actor=gun())) == "out_of_scope"
    theirs = grant(DORIS, Role.ID_ADMINISTRATOR)
    assert refused(lambda: revoke_role(theirs, reason="x", actor=gun(), at=AT)) == "out_of_scope"


def test_the_right_to_protected_people_comes_from_the_issuance_manager_only() -> None:
    henrik = acting(HENRIK, Role.DEPUTY_ISSUANCE_MANAGER)
    rule = refused(lambda: grant(ASA, Role.ID_ADMINISTRATOR, actor=henrik, may_see_protected=True))
    assert rule == "protected_needs_issuance_manager"
    assert grant(ASA, Role.ID_ADMINISTRATOR, actor=gun(), may_see_protected=True).may_see_protected


def test_central_roles_are_for_the_central_administration_only() -> None:
    assert refused(lambda: grant(ASA, Role.CENTRAL_ADMINISTRATOR)) == "central_roles_are_central"
    assert refused(lambda: grant(INES, Role.ID_ADMINISTRATOR)) == "central_roles_are_central"


@pytest.mark.parametrize(
    "role", sorted(OPERATIVE_ROLES - {Role.CENTRAL_ADMINISTRATOR, Role.VALIDATION_SPECIALIST})
)
def test_an_auditor_gets_no_operative_role_and_the_other_way_round(role: Role) -> None:
    grant(CIA, Role.AUDITOR)
    assert refused(lambda: grant(CIA, role)) == "auditor_is_alone"
    grant(BO, role)
    assert refused(lambda: grant(BO, Role.AUDITOR)) == "auditor_is_alone"


def test_an_auditor_is_alone_over_all_employments_of_a_person() -> None:
    first, second = Employment.objects.filter(person=person(LINNEA)).order_by("hsa_id")
    grant_role(
        employment=first, role=Role.AUDITOR, organization=first.organization, valid_from=AT, actor=JOB, at=AT
    )
    rule = refused(
        lambda: grant_role(
            employment=second, role=Role.ID_ADMINISTRATOR, organization=second.organization, valid_from=AT,
            actor=JOB, at=AT,
        )
    )  # fmt: skip
    assert rule == "auditor_is_alone"


def test_one_may_become_auditor_after_the_operative_role_has_ended() -> None:
    grant(BO, Role.ID_ADMINISTRATOR, valid_to=LATER)
    assert (
        refused(lambda: grant(BO, Role.AUDITOR, valid_from=LATER - timedelta(seconds=1)))
        == "auditor_is_alone"
    )
    grant(BO, Role.AUDITOR, valid_from=LATER)
    assert held(BO, LATER) == ["auditor"]


def _row(work: Employment, role: str, **more: object) -> RoleAssignment:
    return RoleAssignment.objects.create(
        employment=work, role=role, organization=work.organization, granted_by="x", granted_at=AT,
        **{"valid_from": AT, **more},
    )  # fmt: skip


def test_the_database_itself_refuses_an_auditor_with_an_operative_role() -> None:
    _row(employment(CIA), "auditor")
    with pytest.raises(IntegrityError, match="auditor"), transaction.atomic():
        _row(employment(CIA), "id_administrator")
    late = _row(employment(BO), "id_administrator", valid_from=LATER)
    _row(employment(BO), "auditor", valid_to=LATER)
    with pytest.raises(IntegrityError, match="auditor"), transaction.atomic():
        RoleAssignment.objects.filter(pk=late.pk).update(valid_from=AT)
    _row(employment(ASA), "id_administrator")
    _row(employment(ASA), "revocation_officer")


@pytest.mark.parametrize(
    "columns",
    [
        {"role": "emperor"},
        {"valid_to": AT},
        {"source": "rumour"},
        {"revoked_by": "x"},
        {"revoked_at": AT, "valid_to": LATER},
        {"revoked_at": AT, "revoked_by": "x"},
    ],
)
def test_the_database_refuses_rows_that_make_no_sense(columns: dict[str, object]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        _row(employment(ASA), **{"role": "id_administrator", **columns})  # type: ignore[arg-type]


def test_the_same_role_is_not_held_twice() -> None:
    grant(ASA, Role.ID_ADMINISTRATOR)
    assert refused(lambda: grant(ASA, Role.ID_ADMINISTRATOR)) == "already_held"
    assert refused(lambda: grant(ASA, Role.ID_ADMINISTRATOR, valid_to=LATER)) == "already_held"


def test_a_role_does_not_end_before_it_begins() -> None:
    assert refused(lambda: grant(ASA, Role.ID_ADMINISTRATOR, valid_to=AT)) == "ends_before_it_starts"


def test_an_employment_that_hsa_has_lost_gets_no_role() -> None:
    Employment.objects.filter(pk=employment(ASA).pk).update(missing_since=AT)
    assert refused(lambda: grant(ASA, Role.ID_ADMINISTRATOR)) == "employment_missing"


def test_a_role_is_taken_once() -> None:
    assignment = grant(ASA, Role.ID_ADMINISTRATOR)
    revoke_role(assignment, reason="x", actor=gun(), at=AT + timedelta(seconds=1))
    with pytest.raises(RoleNotHeld):
        revoke_role(assignment, reason="x", actor=gun(), at=AT + timedelta(seconds=2))


def test_a_role_that_has_not_begun_never_will_when_taken() -> None:
    assignment = grant(ASA, Role.ID_ADMINISTRATOR, valid_from=LATER)
    revoke_role(assignment, reason="mistake", actor=gun(), at=AT)
    assert held(ASA, LATER + timedelta(seconds=1)) == []


def test_the_opening_of_a_protected_person_is_recorded_with_its_reason() -> None:
    frida = acting(FRIDA, Role.ID_ADMINISTRATOR, may_see_protected=True)
    record_protected_opening(person(ERIK), reason="orders a card", page="person", actor=frida, at=AT)
    (entry,) = Entry.objects.filter(type="person.protected_opened")
    assert whole_contents([entry])[entry.pk]["event"] == {
        "person_id": str(person(ERIK).pk),
        "organization_id": str(person(ERIK).employments.get().organization_id),
        "page": "person",
        "reason": "orders a card",
    }


def test_the_first_roles_are_granted_once(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("bootstrap_roles")
    call_command("bootstrap_roles")
    assert capsys.readouterr().out == "11 roles granted, 0 held already.\n0 roles granted, 11 held already.\n"
    cast = {
        ALVA: "id_administrator", BO: "function_cert_orderer", CIA: "auditor", DORIS: "id_administrator",
        FRIDA: "id_administrator", GUN: "issuance_manager", INES: "central_administrator",
    }  # fmt: skip
    far = AT + timedelta(days=3650)
    assert {number: held(number, far) for number in cast} == {number: [role] for number, role in cast.items()}
    (fridas,) = roles_of(employment(FRIDA).hsa_id, at=far)
    (alvas,) = roles_of(employment(ALVA).hsa_id, at=far)
    assert (fridas.may_see_protected, alvas.may_see_protected) == (True, False)


def test_the_first_roles_need_their_people() -> None:
    RoleAssignment.objects.all().delete()
    Employment.objects.all().delete()
    Organization.objects.filter(name="Region Norr").update(hsa_id="SE2321009801-0002")
    with pytest.raises(CommandError, match="run sync hsa first"):
        call_command("bootstrap_roles")
