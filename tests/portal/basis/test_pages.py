"""The pages of readings and basis lists, with the right person and with Doris."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from cards.basis import block_card_on_basis
from cards.models import Card
from directory.basis_decisions import Chosen, carry_out, decide
from directory.basis_models import BasisDecision, BasisSubject
from directory.models import Employment, Person, Role, RoleAssignment, SyncRun
from directory.sync_decisions import carry_out_decisions
from directory.sync_models import SyncChange, SyncDecision
from journal.actor import Actor
from journal.models import Entry
from portal.accounts.models import PortalSession
from tests.cast import actor_of
from tests.portal.conftest import LogIn, logged_in
from tests.scenarios import Scene, a_pending_order, an_active_card

JOB = Actor.system("decisions")


def text(response: object) -> str:
    content = response.content.decode()  # type: ignore[attr-defined]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", content))


@pytest.fixture
def dead(scene: Scene) -> Card:
    """Return the active card of somebody who has died."""
    card = an_active_card(scene)
    Person.objects.filter(pk=card.person_id).update(registration_status="deceased")
    return card


def digest_of(response: object) -> str:
    found = re.search(r'name="digest" value="([^"]+)"', response.content.decode())  # type: ignore[attr-defined]
    assert found is not None
    return found.group(1)


def decided(browser: Client, card: Card, **more: str) -> object:
    """Choose the card, look at the preview, and decide."""
    shown = browser.post("/basis/card/", {"row": str(card.pk)})
    return browser.post(
        "/basis/card/",
        {
            "row": str(card.pk),
            "step": "decide",
            "digest": digest_of(shown),
            "reason": "Told by the family",
            "confirmed": "on",
            **more,
        },
    )


def test_a_card_is_listed_looked_at_decided_and_blocked(scene: Scene, dead: Card, log_in: LogIn) -> None:
    """POR-11: list with evidence, preview of what is revoked, decision, result row by row."""
    alva = log_in(scene.cast.alva)
    listed = text(alva.get("/basis/"))
    assert "Åsa Lindqvist" in listed
    assert "Avliden" in listed
    shown = alva.post("/basis/card/", {"row": str(dead.pk)})
    assert shown.status_code == 200
    assert "certifikat spärras. Det kan inte ångras." in text(shown)
    assert BasisDecision.objects.count() == 0
    answer = decided(alva, dead)
    decision = BasisDecision.objects.get()
    assert answer["Location"] == reverse("basis-decision", args=[decision.pk])  # type: ignore[index]
    page = alva.get(reverse("basis-decision", args=[decision.pk]))
    assert "0 av 1 rader klara" in text(page)
    assert 'hx-trigger="every 2s"' in page.content.decode()
    carry_out(BasisSubject.CARD, block_card_on_basis, actor=JOB, at=scene.at)
    done = alva.get(reverse("basis-decision-progress", args=[decision.pk]))
    assert "1 av 1 rader klara" in text(done)
    assert "hx-trigger" not in done.content.decode()
    dead.refresh_from_db()
    assert dead.state == "BLOCKED"
    assert "Åsa" not in text(alva.get("/basis/card/")).replace("Åsa Lindqvist har", "")


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"digest": "another list"}, "Listan har ändrats"),
        ({"confirmed": ""}, "Kryssa för"),
        ({"reason": " "}, "Skriv varför"),
    ],
)
def test_a_decision_without_reason_or_tick_or_over_another_list_is_not_taken(
    scene: Scene,
    dead: Card,
    log_in: LogIn,
    more: dict[str, str],
    told: str,
) -> None:
    answer = decided(log_in(scene.cast.alva), dead, **more)
    assert answer.status_code == 422  # type: ignore[attr-defined]
    assert told in text(answer)
    assert BasisDecision.objects.count() == 0


def test_doris_sees_and_decides_nothing_of_another_organization(
    scene: Scene,
    dead: Card,
    log_in: LogIn,
) -> None:
    """F16."""
    doris, alva = log_in(scene.cast.doris), log_in(scene.cast.alva)
    assert "Åsa" not in text(doris.get("/basis/"))
    assert "(0)" in text(doris.get("/basis/"))
    assert doris.post("/basis/card/", {"row": str(dead.pk)}).status_code == 302
    decided(alva, dead)
    decision = BasisDecision.objects.get()
    for view in ("basis-decision", "basis-decision-progress"):
        assert doris.get(reverse(view, args=[decision.pk])).status_code == 404
    assert doris.post(reverse("basis-decision", args=[decision.pk]), {"act": "approve"}).status_code == 404
    assert "Told" not in text(doris.get("/basis/card/"))


def test_a_large_decision_waits_for_somebody_else(scene: Scene, dead: Card, log_in: LogIn) -> None:
    chosen = Chosen(
        subject_id=dead.pk,
        person_id=dead.person_id,
        organization_id=dead.organization_id,
        ground="deceased",
        weight=26,
    )
    decision = decide(BasisSubject.CARD, [chosen], reason="dead", actor=scene.cast.alva, at=scene.at)
    url = reverse("basis-decision", args=[decision.pk])
    alva, gun = log_in(scene.cast.alva), log_in(scene.cast.another_administrator)
    assert "Den som beslutade kan inte också godkänna." in text(alva.get(url))
    alva.post(url, {"act": "approve"})
    assert carry_out(BasisSubject.CARD, block_card_on_basis, actor=JOB, at=scene.at) == 0
    gun.post(url, {"act": "approve"})
    assert carry_out(BasisSubject.CARD, block_card_on_basis, actor=JOB, at=scene.at) == 1


def test_a_manager_takes_an_unused_role_by_the_list(scene: Scene, log_in: LogIn) -> None:
    """POR-13."""
    manager = actor_of(scene.cast.asa, Role.ISSUANCE_MANAGER)
    browser = log_in(manager)
    listed = text(browser.get("/basis/role/"))
    assert "Alva Berg" in listed
    assert "inte använd sedan dess" in listed
    mine = RoleAssignment.objects.get(employment__hsa_id=scene.cast.alva.identifier)
    shown = browser.post("/basis/role/", {"row": str(mine.pk)})
    assert "Ta bort 1 roll" in text(shown)
    assert browser.get("/basis/order/").status_code == 200
    assert log_in(scene.cast.alva).get("/basis/role/").status_code == 403


def test_an_order_that_will_soon_be_removed_is_shown(scene: Scene, log_in: LogIn) -> None:
    order = a_pending_order(scene)
    type(order).objects.filter(pk=order.pk).update(placed_at=scene.at - timedelta(days=50))
    shown = text(log_in(scene.cast.alva).get("/basis/order/"))
    assert "Tas bort inom en vecka" in shown
    assert "Åsa Lindqvist" in shown
    assert "Åsa" not in text(log_in(scene.cast.doris).get("/basis/order/"))


@pytest.fixture
def central(scene: Scene) -> Client:
    """Return the browser of a central administrator, whose role reaches every organization."""
    employment = Employment.objects.get(hsa_id=scene.cast.another_administrator.identifier)
    actor = actor_of(employment, Role.CENTRAL_ADMINISTRATOR)
    return logged_in(replace(actor, organization_ids=(str(scene.cast.norr.pk), str(scene.cast.syd.pk))))


def a_held_run(scene: Scene, *, kind: str = "name") -> SyncRun:
    """Return a run with one difference that waits."""
    run = SyncRun.objects.create(
        register="pu",
        state="quarantined",
        started_at=scene.at,
        ended_at=scene.at,
        asked=10,
        read=10,
        held=1,
    )
    SyncChange.objects.create(
        run=run,
        person=scene.cast.asa.person,
        kind=kind,
        is_costly=True,
        fields=["surname"],
        before={"surname": "Lindqvist"},
        after={"surname": "Nyberg"},
        digest="d",
        state="waiting",
    )
    return run


def test_what_waits_is_shown_and_decided_by_the_central_administration(
    scene: Scene,
    central: Client,
) -> None:
    """Decision 9: the difference first, then somebody with the right role, with a reason."""
    run = a_held_run(scene)
    assert "1 skillnad väntar på beslut" in text(central.get("/central/registers/"))
    url = reverse("register-run", args=[run.pk])
    shown = text(central.get(url))
    assert "Lindqvist → Nyberg" in shown
    assert "Ett nytt kort behövs." in shown
    refused = central.post(url, {"kind": "accept", "reason": "asked the register"})
    assert (refused.status_code, SyncDecision.objects.count()) == (422, 0)
    central.post(url, {"kind": "accept", "reason": "asked the register", "confirmed": "on"})
    assert "0 av 1 rader klara" in text(central.get(reverse("register-run-progress", args=[run.pk])))
    carry_out_decisions(actor=JOB, at=scene.at)
    assert Person.objects.get(pk=scene.cast.asa.person_id).surname == "Nyberg"
    after = text(central.get(url))
    assert "Godtagen" in after
    assert "asked the register" in after
    central.post(url, {"kind": "undo", "reason": "they were wrong", "confirmed": "on"})
    carry_out_decisions(actor=JOB, at=scene.at)
    assert Person.objects.get(pk=scene.cast.asa.person_id).surname == "Lindqvist"
    kinds = [entry.type for entry in Entry.objects.filter(type__startswith="directory.sync_dec")]
    assert kinds.count("directory.sync_decided") == 2


def test_a_protected_person_is_unnamed_among_the_differences(
    scene: Scene,
    central: Client,
) -> None:
    run = a_held_run(scene)
    Person.objects.filter(pk=scene.cast.asa.person_id).update(
        protected_identity=True, search_key="", address_lines=[]
    )
    shown = text(central.get(reverse("register-run", args=[run.pk])))
    assert "Skyddade uppgifter" in shown
    assert "Nyberg" not in shown
    assert "Åsa" not in shown


def test_a_reading_is_asked_for_once_and_shows_its_progress(scene: Scene, central: Client) -> None:
    central.post("/central/registers/", {"register": "hsa", "preview": "1"})
    central.post("/central/registers/", {"register": "hsa", "preview": "0"})
    run = SyncRun.objects.get()
    assert (run.state, run.is_preview) == ("requested", True)
    SyncRun.objects.filter(pk=run.pk).update(
        state="running", asked=200, read=50, heartbeat_at=run.started_at + timedelta(seconds=30)
    )
    page = central.get("/central/registers/")
    assert '<progress id="p-hsa" max="200" value="50">' in page.content.decode()
    fragment = central.get("/central/registers/hsa/progress/")
    assert "Läser HSA: 50 av 200" in text(fragment)
    SyncRun.objects.filter(pk=run.pk).update(state="complete", ended_at=scene.at)
    assert "Klart." in text(central.get("/central/registers/hsa/progress/"))
    assert central.get("/central/registers/nobody/progress/").status_code == 200


def test_a_page_that_shows_progress_by_itself_keeps_nobody_logged_in(
    scene: Scene,
    dead: Card,
    log_in: LogIn,
) -> None:
    alva = log_in(scene.cast.alva)
    decided(alva, dead)
    url = reverse("basis-decision-progress", args=[BasisDecision.objects.get().pk])
    earlier = datetime.now(tz=UTC) - timedelta(minutes=5)
    PortalSession.objects.update(last_seen_at=earlier)
    assert alva.get(url, headers={"HX-Request": "true"}).status_code == 200
    assert PortalSession.objects.get().last_seen_at == earlier
    alva.get("/basis/")
    assert PortalSession.objects.get().last_seen_at > earlier


@pytest.mark.parametrize("who", ["alva", "doris", "bo", "cia"])
def test_readings_are_for_the_central_administration(scene: Scene, log_in: LogIn, who: str) -> None:
    run = a_held_run(scene)
    browser = log_in(getattr(scene.cast, who))
    url = reverse("register-run", args=[run.pk])
    assert browser.get("/central/registers/").status_code == 403
    assert browser.get(url).status_code == 404
    assert browser.post(url, {"kind": "accept", "reason": "me", "confirmed": "on"}).status_code == 404
    assert not SyncDecision.objects.exists()
