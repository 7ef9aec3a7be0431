"""Two people of the central administration approve the plan that they were shown, and nobody else does."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings

from ca.ceremony.consequence import consequence_for
from ca.ceremony.models import CeremonyPlan
from ca.ceremony.planning import plan_ceremony
from ca.ceremony.proposal import propose
from ca.ceremony.script import read_script
from ca.ceremony.states import PlanState
from ca.models import Issuer
from directory.models import Role
from journal.actor import Actor
from journal.models import Entry
from portal.pages.central.issuers import issuers_page
from tests.authority import the_authority
from tests.cast import actor_of
from tests.portal.conftest import LogIn
from tests.scenarios import Scene

REVOKE = b"""
title = "Person HSA-id 3 is compromised"

[[steps]]
act = "revoke_issuer"
issuer = "person_hsa_id_3"
reason = "cACompromise"
"""


@pytest.fixture
def plan(scene: Scene, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> CeremonyPlan:
    the_authority()
    home = tmp_path_factory.mktemp("home")
    (home / "ceremony").mkdir()
    (home / "ceremony" / "protocol.json").write_text(
        json.dumps(
            {
                "environment": settings.SIGILL_ENVIRONMENT,
                "hierarchy": settings.SIGILL_HIERARCHY,
                "policy_arc": settings.SIGILL_POLICY_ARC,
                "name_prefix": settings.SIGILL_NAME_PREFIX,
            }
        )
    )
    settings.SIGILL_HOME = home
    return propose(
        plan_ceremony(read_script(REVOKE), at=scene.at), actor=Actor.system("key_ceremony"), at=scene.at
    )


@pytest.fixture
def ines(scene: Scene) -> Actor:
    return actor_of(scene.cast.asa, Role.CENTRAL_ADMINISTRATOR)


@pytest.fixture
def nils(scene: Scene) -> Actor:
    return actor_of(scene.cast.alva_herself, Role.CENTRAL_ADMINISTRATOR)


def approve(browser: Client, plan: CeremonyPlan, **changes: str) -> int:
    data = {"act": "approve", "plan_sha256": plan.plan_sha256} | changes
    status: int = browser.post(f"/central/ceremonies/{plan.pk}/", data).status_code
    return status


def test_two_people_approve_in_the_portal_and_one_cannot_do_both(
    scene: Scene, plan: CeremonyPlan, ines: Actor, nils: Actor, log_in: LogIn
) -> None:
    """Domain.md 7.3: dual control."""
    assert scene.at
    first = log_in(ines)
    shown = first.get(f"/central/ceremonies/{plan.pk}/").content.decode()
    assert plan.plan_sha256 in shown
    assert "Spärra" in shown
    assert approve(first, plan) == 302
    assert approve(first, plan) == 403
    assert "disabled" in first.get(f"/central/ceremonies/{plan.pk}/").content.decode()
    assert approve(log_in(nils), plan) == 302
    plan.refresh_from_db()
    assert plan.state == PlanState.APPROVED.value
    assert {plan.first_approver, plan.second_approver} == {ines.person_id, nils.person_id}
    assert Entry.objects.filter(type="ceremony.approved").count() == 2


def test_another_plan_than_the_one_shown_is_not_approved(
    plan: CeremonyPlan, ines: Actor, log_in: LogIn
) -> None:
    assert approve(log_in(ines), plan, plan_sha256="0" * 64) == 403
    plan.refresh_from_db()
    assert plan.state == PlanState.PROPOSED.value


def test_both_see_the_whole_consequence_of_a_revocation(
    scene: Scene, plan: CeremonyPlan, ines: Actor, log_in: LogIn
) -> None:
    shown = log_in(ines).get(f"/central/ceremonies/{plan.pk}/").content.decode()
    one = consequence_for(Issuer.objects.get(pk="person_hsa_id_3"), at=scene.at)
    for text in (
        f"{one.live_certificates} certifikat",
        "Inloggningar",
        "Det kan inte ångras",
        *one.status_addresses,
    ):
        assert text in shown, text


@pytest.mark.parametrize("who", ["alva", "doris", "bo", "cia"])
def test_to_everybody_else_there_is_no_ceremony(
    scene: Scene, plan: CeremonyPlan, log_in: LogIn, who: str
) -> None:
    browser = log_in(getattr(scene.cast, who))
    assert browser.get(f"/central/ceremonies/{plan.pk}/").status_code == 404
    assert approve(browser, plan) == 404
    assert browser.get("/central/issuers/").status_code == 403
    assert browser.get("/central/protocols/first.json").status_code == 403
    assert "/central/" not in browser.get("/").content.decode()


def test_the_list_shows_issuers_what_waits_and_protocols(
    plan: CeremonyPlan, ines: Actor, log_in: LogIn
) -> None:
    browser = log_in(ines)
    shown = browser.get("/central/issuers/").content.decode()
    assert plan.title in shown
    assert "person_hsa_id_3" in shown
    assert "/central/issuers/" in browser.get("/").content.decode(), "it stands in the menu"
    fetched = browser.get("/central/protocols/first.json")
    assert fetched.status_code == 200
    assert b"hierarchy" in b"".join(fetched.streaming_content)


@pytest.mark.parametrize(
    "name", ["../../secrets/hsm-pin", "..%2F..%2Fdb", "20261122T010203Z-aaaaaaaaaaaa", "second"]
)
def test_no_other_file_is_given_as_a_protocol(
    plan: CeremonyPlan, ines: Actor, log_in: LogIn, name: str
) -> None:
    assert plan.pk
    assert log_in(ines).get(f"/central/protocols/{name}.json").status_code == 404


def test_one_person_may_withdraw_and_nothing_was_done(plan: CeremonyPlan, ines: Actor, log_in: LogIn) -> None:
    answer = log_in(ines).post(f"/central/ceremonies/{plan.pk}/", {"act": "withdraw"})
    assert answer.status_code == 302
    plan.refresh_from_db()
    assert plan.state == PlanState.WITHDRAWN.value
    assert not Issuer.objects.filter(revoked_at__isnull=False).exists()


@pytest.mark.django_db
def test_the_first_ceremony_has_the_time_that_its_protocol_tells(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    told = {"finished_at": "2026-11-22T02:10:46Z"}
    monkeypatch.setattr("portal.pages.central.issuers.recorded_protocol", lambda _environment: told)
    monkeypatch.setattr("portal.pages.central.issuers.protocol_file", lambda _environment: tmp_path)
    held = issuers_page(at=datetime(2026, 11, 23, tzinfo=UTC)).ceremonies
    assert [one.at for one in held] == [datetime(2026, 11, 22, 2, 10, 46, tzinfo=UTC)] * 2
    told.clear()
    assert [one.at for one in issuers_page(at=datetime(2026, 11, 23, tzinfo=UTC)).ceremonies] == [None] * 2
