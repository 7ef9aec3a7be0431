"""Who finds whom: numbers, HSA-ids and names, within the actor's organizations (domain.md 1.2)."""

import uuid
from datetime import UTC, date, datetime, timedelta

import pytest

from directory import selectors
from directory.errors import PersonNotFound, WrongCheckDigit, WrongLength
from directory.lifecycle import grant_role
from directory.models import Employment, Person, Role
from directory.reach import organization_scope
from directory.selectors import find_people, get_person, people_for_login, roles_of
from journal.actor import Actor, ActorKind
from tests.directory.conftest import Registers
from tests.directory.loaded import AT, JOB, acting, employment, organization, person, read_everybody
from tests.directory.people import ALVA, ASA, BO, CIA, DORIS, ERIK, FRIDA, GOSTA, INES, LINNEA, SARA, ZOE

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _everybody(registers_running: Registers) -> None:
    read_everybody()


def alva() -> Actor:
    return acting(ALVA, Role.ID_ADMINISTRATOR)


def doris() -> Actor:
    return acting(DORIS, Role.ID_ADMINISTRATOR)


def frida() -> Actor:
    return acting(FRIDA, Role.ID_ADMINISTRATOR, may_see_protected=True)


def names(query: str, actor: Actor) -> list[str]:
    return [hit.name for hit in find_people(query, actor=actor)]


@pytest.mark.parametrize(
    "query",
    [ASA, "830830-9908", "8308309908", "19830830-9908", " 830830\u00a09908 ", "SE2321009801-P005",
     "se2321009801-p005", "Åsa", "åsa", "asa", "lindq", "Lindqvist Åsa", "åsa  LIND", "kristina"],
)  # fmt: skip
def test_a_person_is_found_by_number_hsa_id_and_name(query: str) -> None:
    assert names(query, alva()) == ["Åsa Lindqvist"]


def test_a_hit_says_who_it_is_and_where() -> None:
    (hit,) = find_people(ASA, actor=alva())
    assert hit.person_id == str(person(ASA).pk)
    assert hit.detail == "19830830-9908 · Sjuksköterska · Akutmottagningen · Region Norr"


def test_accents_fold_and_the_letters_after_z_do_not_when_written() -> None:
    assert names("elise", alva()) == ["Zoë D'Angelo-Müller"]
    assert names("muller", alva()) == ["Zoë D'Angelo-Müller"]
    assert names("oberg", alva()) == ["Henrik Öberg"]
    assert names("öberg", alva()) == ["Henrik Öberg"]
    assert names("åberg", alva()) == []


def test_only_the_beginning_of_a_name_is_searched() -> None:
    assert names("indqvist", alva()) == []


@pytest.mark.parametrize("query", ["", " ", "å", "-", "%", "_", "a%", "*"])
def test_a_query_that_says_too_little_finds_nobody(query: str) -> None:
    assert names(query, alva()) == []


def test_hits_come_in_the_order_of_a_swedish_telephone_book() -> None:
    everyone = [hit.name.split()[-1] for hit in find_people("an", actor=JOB, limit=50)]
    assert everyone
    found = Person.objects.filter(surname__in=["Zetterlund", "Ålund", "Äng", "Österberg", "Andersson"])
    assert list(found.order_by("surname").values_list("surname", flat=True).distinct()) == [
        "Andersson", "Zetterlund", "Ålund", "Äng", "Österberg"
    ]  # fmt: skip


def test_no_more_than_the_limit_is_given() -> None:
    assert len(find_people("an", actor=JOB, limit=3)) == 3


def test_a_mistyped_number_says_what_is_wrong() -> None:
    with pytest.raises(WrongCheckDigit):
        find_people("830830-9909", actor=alva())
    with pytest.raises(WrongLength):
        find_people("830830", actor=alva())


@pytest.mark.parametrize(
    "query", [ASA, "830830-9908", "SE2321009801-P005", "Åsa", "lindqvist", "berg", "alva"]
)
def test_doris_gets_nothing_of_region_norr(query: str) -> None:
    """Scope: another organization's administrator sees nothing, by no key."""
    norr = {str(one.person_id) for one in Employment.objects.filter(organization=organization("Region Norr"))}
    syd = {str(one.person_id) for one in Employment.objects.filter(organization=organization("Region Syd"))}
    assert {hit.person_id for hit in find_people(query, actor=doris(), limit=100)} <= syd
    assert not {hit.person_id for hit in find_people(query, actor=doris(), limit=100)} & (norr - syd)


def test_doris_may_open_nobody_of_region_norr_and_cannot_tell_from_nobody_at_all() -> None:
    with pytest.raises(PersonNotFound) as foreign:
        get_person(str(person(ASA).pk), actor=doris())
    with pytest.raises(PersonNotFound) as unknown:
        get_person(str(uuid.uuid4()), actor=doris())
    with pytest.raises(PersonNotFound):
        get_person("no-uuid", actor=doris())
    assert str(foreign.value) == str(unknown.value)
    assert foreign.value.facts == unknown.value.facts


def test_somebody_in_both_regions_is_seen_from_both_by_each_ones_employment() -> None:
    (from_norr,) = find_people(LINNEA, actor=alva())
    (from_syd,) = find_people(LINNEA, actor=doris())
    assert from_norr.person_id == from_syd.person_id
    assert (from_norr.organization_name, from_syd.organization_name) == ("Region Norr", "Region Syd")
    assert find_people("SE2321009900-P004", actor=alva()) == []


def scope(organization_id: str) -> tuple[str, ...]:
    return organization_scope(organization_id, role=Role.ID_ADMINISTRATOR.value, at=AT)


def test_the_agent_sees_those_it_acts_for_and_not_the_other_way_round() -> None:
    assert names("ågren", alva()) == ["Östen Ågren"]
    assert scope(str(organization("Fjällhälsan Vård AB").pk)) == (
        str(organization("Fjällhälsan Vård AB").pk),
    )
    assert set(scope(str(organization("Region Norr").pk))) == {
        str(organization("Region Norr").pk),
        str(organization("Fjällhälsan Vård AB").pk),
    }
    assert scope(str(uuid.uuid4())) == ()


def test_the_central_administration_reaches_everybody() -> None:
    ines = acting(INES, Role.CENTRAL_ADMINISTRATOR)
    assert len(ines.organization_ids) == 5
    assert names(ASA, ines) == ["Åsa Lindqvist"]


@pytest.mark.parametrize(("number", "role"), [(BO, Role.FUNCTION_CERT_ORDERER), (CIA, Role.AUDITOR)])
def test_roles_that_do_not_search_find_nobody(number: str, role: Role) -> None:
    """The matrix of domain.md 1.2."""
    assert find_people(ASA, actor=acting(number, role)) == []


@pytest.mark.parametrize("number", [ERIK, SARA])
@pytest.mark.parametrize("key", ["number", "hsa_id"])
def test_a_protected_person_is_found_by_a_whole_number_and_with_the_right_only(number: str, key: str) -> None:
    query = number if key == "number" else employment(number).hsa_id
    assert [hit.person_id for hit in find_people(query, actor=frida())] == [str(person(number).pk)]
    assert find_people(query, actor=alva()) == []
    syd = acting(DORIS, Role.ID_ADMINISTRATOR, may_see_protected=True)
    assert find_people(query, actor=syd) == []


@pytest.mark.parametrize("query", ["Erik", "Sandberg", "erik sandberg", "Sara", "Hjort"])
def test_a_protected_person_is_found_by_name_by_nobody(query: str) -> None:
    protected = {str(person(ERIK).pk), str(person(SARA).pk)}
    for actor in (frida(), alva(), JOB, acting(INES, Role.CENTRAL_ADMINISTRATOR, may_see_protected=True)):
        assert not protected & {hit.person_id for hit in find_people(query, actor=actor, limit=100)}


def test_a_protected_person_is_opened_only_with_the_right() -> None:
    assert get_person(str(person(ERIK).pk), actor=frida()) == person(ERIK)
    assert get_person(str(person(ERIK).pk), actor=JOB) == person(ERIK)
    with pytest.raises(PersonNotFound):
        get_person(str(person(ERIK).pk), actor=alva())


@pytest.mark.parametrize(("number", "role"), [(BO, Role.FUNCTION_CERT_ORDERER), (CIA, Role.AUDITOR)])
def test_roles_that_do_not_search_open_nobody_but_themselves(number: str, role: Role) -> None:
    """The matrix of domain.md 1.2."""
    actor = acting(number, role)
    with pytest.raises(PersonNotFound):
        get_person(person(ASA).pk, actor=actor)
    assert get_person(person(number).pk, actor=actor) == person(number)


def test_everybody_may_see_themselves() -> None:
    erik = Actor(kind=ActorKind.PERSON, identifier="x", person_id=str(person(ERIK).pk))
    assert get_person(person(ERIK).pk, actor=erik) == person(ERIK)


def test_people_log_in_by_number_unless_they_have_died() -> None:
    assert people_for_login(ASA) == person(ASA)
    assert people_for_login("19830830-9908") == person(ASA)
    assert people_for_login(GOSTA) is None
    assert people_for_login("") is None


def test_an_employment_holds_between_its_days_in_swedish_time() -> None:
    work = employment(ASA)
    Employment.objects.filter(pk=work.pk).update(starts_on=date(2026, 11, 1), ends_on=date(2026, 11, 30))

    def holds(*when: int) -> bool:
        return bool(selectors.employments_of(person(ASA), at=datetime(*when, tzinfo=UTC)))

    assert holds(2026, 11, 30, 22, 59)
    assert not holds(2026, 11, 30, 23, 0)  # midnight in Sweden
    assert holds(2026, 10, 31, 23, 0)
    assert not holds(2026, 10, 31, 22, 59)


def test_roles_end_with_the_employment() -> None:
    """GOV-2: leavers' roles go."""
    work = employment(ALVA)
    grant_role(
        employment=work,
        role=Role.ID_ADMINISTRATOR,
        organization=work.organization,
        valid_from=AT,
        actor=JOB,
        at=AT,
    )
    assert [held.role for held in roles_of(work.hsa_id.lower(), at=AT)] == ["id_administrator"]
    Employment.objects.filter(pk=work.pk).update(ends_on=date(2026, 11, 22))
    assert roles_of(work.hsa_id, at=AT + timedelta(days=1))
    assert roles_of(work.hsa_id, at=AT + timedelta(days=2)) == []


def test_a_search_costs_the_same_number_of_queries_for_one_hit_and_many(
    django_assert_num_queries: object,
) -> None:
    with django_assert_num_queries(2):  # type: ignore[operator]
        find_people("an", actor=JOB, limit=50)
    with django_assert_num_queries(2):  # type: ignore[operator]
        find_people(ZOE, actor=JOB)
