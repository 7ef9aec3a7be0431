"""The pages of roles: give with a look first, take back, decide as the second one, confirm in one sweep."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from directory.appointment_models import RoleAppointment
from directory.models import Employment, Organization, Role, RoleAssignment
from directory.selectors import roles_of
from journal.actor import Actor
from journal.models import Entry
from tests.cast import actor_of
from tests.portal.conftest import LogIn, told
from tests.scenarios import Scene

pytestmark = pytest.mark.django_db
TODAY = datetime.now(tz=UTC).date().isoformat()


@pytest.fixture
def manager(scene: Scene) -> Actor:
    return actor_of(scene.cast.asa, Role.ISSUANCE_MANAGER)


@pytest.fixture
def foreign(scene: Scene) -> Actor:
    return actor_of(Employment.objects.get(hsa_id=scene.cast.doris.identifier), Role.ISSUANCE_MANAGER)


def centre(scene: Scene, employment: Employment) -> Actor:
    """Return a central administrator: Region Syd stands for the central administration here."""
    Organization.objects.filter(pk=employment.organization_id).update(kind="central")
    RoleAssignment.objects.filter(employment=employment).delete()
    everywhere = (str(scene.cast.norr.pk), str(scene.cast.syd.pk))
    return replace(actor_of(employment, Role.CENTRAL_ADMINISTRATOR), organization_ids=everywhere)


def asked(scene: Scene, role: Role, hsa_id: str, **more: str) -> dict[str, str]:
    return {
        "hsa_id": hsa_id, "role": role.value, "organization": str(scene.cast.norr.pk), "valid_from": "",
        "valid_to": "", "trained_on": TODAY, "reason": "begins on Monday", **more,
    }  # fmt: skip


def held(hsa_id: str) -> set[str]:
    return {one.role for one in roles_of(hsa_id, at=datetime.now(tz=UTC))}


def text(browser: Client, url: str, status: int = 200) -> str:
    response = browser.get(url, headers={"Accept-Language": "en"})
    assert response.status_code == status
    return told(response)


def english(browser: Client) -> Client:
    browser.cookies["language"] = "en"
    return browser


def test_a_role_is_given_after_a_look_at_what_it_means(scene: Scene, log_in: LogIn, manager: Actor) -> None:
    """GOV-1, GOV-2."""
    browser, bo = log_in(manager), scene.cast.bo.identifier
    form = asked(scene, Role.REVOCATION_OFFICER, bo.lower())
    shown = browser.post("/roles/give/", form)
    assert shown.status_code == 200
    assert "Bo Ek" in shown.content.decode()
    assert "revocation_officer" not in held(bo)
    done = browser.post("/roles/give/", form | {"confirmed": "yes"})
    assert (done.status_code, done["Location"]) == (302, "/roles/")
    assert "revocation_officer" in held(bo)
    assert "Bo Ek" in text(browser, "/roles/")


def test_what_a_rule_stops_is_told_with_the_rule_and_nothing_is_given(
    scene: Scene, log_in: LogIn, manager: Actor
) -> None:
    browser = log_in(manager)
    wrong = [
        (asked(scene, Role.ID_ADMINISTRATOR, scene.cast.bo.identifier, trained_on=""), 409),
        (asked(scene, Role.REVOCATION_OFFICER, scene.cast.asa.hsa_id), 409),
        (asked(scene, Role.REVOCATION_OFFICER, scene.cast.cia.identifier), 409),
        (asked(scene, Role.REVOCATION_OFFICER, scene.cast.doris.identifier), 422),
        (asked(scene, Role.REVOCATION_OFFICER, scene.cast.erik.hsa_id), 422),
        (asked(scene, Role.CENTRAL_ADMINISTRATOR, scene.cast.bo.identifier), 422),
        (asked(scene, Role.REVOCATION_OFFICER, scene.cast.bo.identifier, reason=" "), 422),
        (
            asked(scene, Role.REVOCATION_OFFICER, scene.cast.bo.identifier)
            | {"organization": str(scene.cast.syd.pk)},
            422,
        ),
    ]
    before = RoleAssignment.objects.count()
    for form, status in wrong:
        assert browser.post("/roles/give/", form | {"confirmed": "yes"}).status_code == status, form
    assert RoleAssignment.objects.count() == before


def test_the_second_person_is_another_one(scene: Scene, log_in: LogIn) -> None:
    """GOV-1: one asks on the page, the same one cannot give, another central administrator can."""
    doris = Employment.objects.get(hsa_id=scene.cast.doris.identifier)
    ines = centre(scene, doris)
    work = Employment.objects.create(
        person=scene.cast.erik.person, organization=scene.cast.syd, hsa_id="SE2321000024-B002"
    )
    olle = centre(scene, work)
    bo, first, second = scene.cast.bo.identifier, log_in(ines), log_in(olle)
    form = asked(scene, Role.ISSUANCE_MANAGER, bo) | {"confirmed": "yes"}
    assert first.post("/roles/give/", form).status_code == 302
    assert "issuance_manager" not in held(bo)
    (waiting,) = RoleAppointment.objects.all()
    url = f"/roles/asked/{waiting.pk}/"
    assert url in text(first, "/roles/")
    shown = text(first, url)
    assert "disabled" in shown
    assert "Någon annan med din roll kan göra det, inte du själv." in shown
    assert first.post(url, {"decision": "approve"}).status_code == 403
    assert "issuance_manager" not in held(bo)
    assert second.post(url, {"decision": "approve"}).status_code == 302
    assert "issuance_manager" in held(bo)


def test_a_request_is_declined_with_a_reason(scene: Scene, log_in: LogIn) -> None:
    ines = centre(scene, Employment.objects.get(hsa_id=scene.cast.doris.identifier))
    browser = log_in(ines)
    form = asked(scene, Role.ISSUANCE_MANAGER, scene.cast.bo.identifier) | {"confirmed": "yes"}
    browser.post("/roles/give/", form)
    url = f"/roles/asked/{RoleAppointment.objects.get().pk}/"
    assert browser.post(url, {"decision": "decline"}).status_code == 422
    assert browser.post(url, {"decision": "decline", "reason": "wrong person"}).status_code == 302
    assert Entry.objects.filter(type="role.declined").count() == 1


def test_a_role_is_taken_back_with_a_reason(scene: Scene, log_in: LogIn, manager: Actor) -> None:
    """GOV-2: leavers' roles go."""
    browser = log_in(manager)
    alva = RoleAssignment.objects.get(employment__hsa_id=scene.cast.alva.identifier)
    url = f"/roles/{alva.pk}/revoke/"
    assert url in text(browser, "/roles/")
    assert browser.post(url, {"reason": ""}).status_code == 422
    assert browser.post(url, {"reason": "has left"}).status_code == 302
    assert held(scene.cast.alva.identifier) == set()
    assert browser.post(url, {"reason": "has left"}).status_code == 409
    assert scene.cast.alva.identifier in text(browser, "/roles/?show=ended")


def test_roles_are_confirmed_in_one_sweep(scene: Scene, log_in: LogIn, manager: Actor) -> None:
    """GOV-2."""
    browser = log_in(manager)
    RoleAssignment.objects.filter(employment__hsa_id=manager.identifier).update(
        granted_at=datetime.now(tz=UTC)
    )
    rows = RoleAssignment.objects.filter(
        organization=scene.cast.norr, role__in=["id_administrator", "function_cert_orderer"]
    )
    ids = [str(one.pk) for one in rows]
    form = {"role": ids, "trained_on": TODAY}
    assert browser.post("/roles/confirm/", form).status_code == 422
    assert browser.post("/roles/confirm/", form | {"role": [], "suitable": "on"}).status_code == 422
    assert browser.post("/roles/confirm/", form | {"role": ["x"], "suitable": "on"}).status_code == 404
    assert not rows.filter(confirmed_at__isnull=False).exists()
    assert browser.post("/roles/confirm/", form | {"suitable": "on"}).status_code == 302
    assert rows.filter(confirmed_at__isnull=False).count() == len(ids) == 3


def test_a_manager_of_another_organization_sees_nothing_of_it(
    scene: Scene, log_in: LogIn, foreign: Actor, manager: Actor
) -> None:
    """Scope: not by the list, a filter, an id, or a confirmation."""
    browser = log_in(foreign)
    norr, alva = scene.cast.norr, scene.cast.alva.identifier
    for url in ("/roles/", f"/roles/?organization={norr.pk}", "/roles/?show=due", "/roles/confirm/"):
        found = text(browser, url)
        assert alva not in found
        assert norr.name not in found
    theirs = RoleAssignment.objects.get(employment__hsa_id=alva)
    assert browser.get(f"/roles/{theirs.pk}/revoke/").status_code == 404
    assert browser.post(f"/roles/{theirs.pk}/revoke/", {"reason": "x"}).status_code == 404
    form = {"role": [str(theirs.pk)], "trained_on": TODAY, "suitable": "on"}
    assert browser.post("/roles/confirm/", form).status_code == 404
    assert held(alva) == {"id_administrator"}


def test_those_who_give_no_roles_see_none(scene: Scene, log_in: LogIn) -> None:
    for actor in (scene.cast.alva, scene.cast.bo, scene.cast.cia):
        browser = log_in(actor)
        assert [browser.get(url).status_code for url in ("/roles/", "/roles/give/", "/roles/confirm/")] == [
            403, 403, 403
        ]  # fmt: skip


def test_a_protected_person_is_in_no_list_by_name(scene: Scene, log_in: LogIn, manager: Actor) -> None:
    """Protected identities are masked in lists also for those who may open them."""
    actor_of(scene.cast.erik, Role.REVOCATION_OFFICER)
    open_eyed = replace(manager, may_see_protected=True)
    for url in ("/roles/", "/roles/confirm/", "/help/"):
        assert scene.cast.erik.person.surname not in text(log_in(open_eyed), url)


def test_everybody_sees_who_can_help_step_by_step(scene: Scene, log_in: LogIn, manager: Actor) -> None:
    """GOV-3, GOV-4: ID administrator, deputy, issuance manager; of one's own organization."""
    actor_of(Employment.objects.get(hsa_id=scene.cast.alva.identifier), Role.DEPUTY_ISSUANCE_MANAGER)
    found = text(log_in(scene.cast.bo), "/help/")
    places = [found.index(name) for name in ("Alva Berg, Gun Ek", "Alva Berg</li>", "Åsa Lindqvist")]
    assert places == sorted(places)
    assert "Doris" not in found
    assert "Åsa" not in text(log_in(scene.cast.doris), "/help/")


def test_a_role_ends_with_its_last_day_in_sweden(scene: Scene, log_in: LogIn, manager: Actor) -> None:
    day = datetime.now(tz=UTC).date() + timedelta(days=40)
    form = asked(scene, Role.REVOCATION_OFFICER, scene.cast.bo.identifier, valid_to=day.isoformat())
    assert log_in(manager).post("/roles/give/", form | {"confirmed": "yes"}).status_code == 302
    given = RoleAssignment.objects.get(role="revocation_officer")
    assert given.valid_to is not None
    assert day < given.valid_to.date() + timedelta(days=1) <= day + timedelta(days=1)


def test_the_last_day_of_the_calendar_is_a_last_day(scene: Scene, log_in: LogIn, manager: Actor) -> None:
    form = asked(scene, Role.REVOCATION_OFFICER, scene.cast.bo.identifier, valid_to="9999-12-31")
    assert log_in(manager).post("/roles/give/", form | {"confirmed": "yes"}).status_code == 302
