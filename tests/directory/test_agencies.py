"""Agents (ombud): who handles what for whom, from when until when (domain.md 1.1)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from directory.agencies import Task, agencies_of, end_agency, give_agency
from directory.errors import AgencyRefused, OrganizationNotFound
from directory.models import Organization, Role
from directory.reach import organization_scope
from journal.actor import Actor
from journal.models import Entry
from tests.scenarios import AT, Scene, a_scene

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene() -> Scene:
    return a_scene()


@pytest.fixture
def central(scene: Scene) -> Actor:
    everywhere = tuple(str(pk) for pk in Organization.objects.values_list("pk", flat=True))
    return replace(scene.cast.alva, role=Role.CENTRAL_ADMINISTRATOR.value, organization_ids=everywhere)


def task(scene: Scene, *, cards: bool = True, functions: bool = False, days: int = 0) -> Task:
    """Let Region Syd handle things for Region Norr."""
    return Task(
        agent_id=str(scene.cast.syd.pk),
        for_cards=cards,
        for_functions=functions,
        valid_from=AT,
        valid_to=AT + timedelta(days=days) if days else None,
    )


def reached(scene: Scene, role: Role, days: int = 1) -> bool:
    """Tell whether a role for Region Syd reaches Region Norr some days later."""
    scope = organization_scope(str(scene.cast.syd.pk), role=role.value, at=AT + timedelta(days=days))
    return str(scene.cast.norr.pk) in scope


@pytest.mark.parametrize(
    ("cards", "functions", "roles"),
    [
        (True, False, {Role.ID_ADMINISTRATOR}),
        (False, True, {Role.FUNCTION_CERT_ORDERER}),
        (
            True,
            True,
            {Role.ID_ADMINISTRATOR, Role.FUNCTION_CERT_ORDERER, Role.ISSUANCE_MANAGER, Role.AUDITOR},
        ),
    ],
)
def test_an_agent_reaches_what_it_is_agent_for(
    scene: Scene,
    central: Actor,
    cards: bool,  # noqa: FBT001 - pytest names it
    functions: bool,  # noqa: FBT001 - pytest names it
    roles: set[Role],
) -> None:
    give_agency(
        str(scene.cast.norr.pk),
        task(scene, cards=cards, functions=functions),
        reason="x",
        actor=central,
        at=AT,
    )
    tried = (Role.ID_ADMINISTRATOR, Role.FUNCTION_CERT_ORDERER, Role.ISSUANCE_MANAGER, Role.AUDITOR)
    assert {role for role in tried if reached(scene, role)} == roles
    backwards = organization_scope(str(scene.cast.norr.pk), role=Role.ID_ADMINISTRATOR.value, at=AT)
    assert backwards == (str(scene.cast.norr.pk),)


def test_an_agent_reaches_it_as_long_as_it_lasts(scene: Scene, central: Actor) -> None:
    give_agency(str(scene.cast.norr.pk), task(scene, days=3), reason="holiday", actor=central, at=AT)
    assert [reached(scene, Role.ID_ADMINISTRATOR, days) for days in (-1, 0, 2, 3)] == [
        False,
        True,
        True,
        False,
    ]


def test_an_agents_task_is_ended_at_once_and_told(scene: Scene, central: Actor) -> None:
    given = give_agency(str(scene.cast.norr.pk), task(scene), reason="agreement", actor=central, at=AT)
    later = AT + timedelta(hours=1)
    end_agency(str(scene.cast.norr.pk), str(given.pk), reason="no agreement", actor=central, at=later)
    assert not reached(scene, Role.ID_ADMINISTRATOR)
    assert agencies_of(scene.cast.norr, at=later) == []
    told = Entry.objects.filter(type__startswith="organization.agency_").values_list("type", flat=True)
    assert sorted(told) == ["organization.agency_ended", "organization.agency_given"]
    with pytest.raises(AgencyRefused) as caught:
        end_agency(str(scene.cast.norr.pk), str(given.pk), reason="again", actor=central, at=later)
    assert caught.value.facts["rule"] == "agent_no_more"


def test_what_is_no_agency_is_refused(scene: Scene, central: Actor) -> None:
    norr = str(scene.cast.norr.pk)
    good = task(scene)

    def rule(wish: Task, *, reason: str = "x", actor: Actor = central) -> str:
        with pytest.raises(AgencyRefused) as caught:
            give_agency(norr, wish, reason=reason, actor=actor, at=AT)
        return caught.value.facts["rule"]

    assert rule(replace(good, agent_id=norr)) == "agent_is_itself"
    assert rule(replace(good, for_cards=False)) == "agent_for_nothing"
    assert rule(replace(good, valid_to=AT)) == "ends_before_it_starts"
    assert rule(good, reason=" ") == "reason_missing"
    assert rule(good, actor=replace(central, role=Role.ISSUANCE_MANAGER.value)) == "not_central"
    give_agency(norr, good, reason="x", actor=central, at=AT)
    assert rule(replace(good, for_functions=True)) == "agent_already"
    with pytest.raises(OrganizationNotFound):
        give_agency(norr, good, reason="x", actor=scene.cast.doris, at=AT)
    Organization.objects.filter(pk=scene.cast.syd.pk).update(kind="central")
    assert rule(good) == "agent_is_itself"
