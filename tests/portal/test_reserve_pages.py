"""A reserve card on its way to its holder: two administrators, then the holder's own pages (CRD-4, MIN-4)."""

from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from cards.activation import OpenedActivation
from cards.envelope_code import envelope_code
from cards.models import Activation, Card
from cards.reserve_models import ReserveHandOut
from tests.cards.stock_violations import a_box, a_hand_out, a_place, an_approved_hand_out
from tests.portal.conftest import LogIn
from tests.portal.test_pages import IDENTITY, _text
from tests.scenarios import (
    Scene,
    a_claimed_activation,
    a_written_activation,
    an_activation_with_keys,
    an_active_card,
    card_number,
)

ONE = card_number(500)


@pytest.fixture(autouse=True)
def _master_key(settings: Settings, tmp_path: Path) -> None:
    settings.SIGILL_SECRETS = tmp_path
    (tmp_path / "card-master.key").write_bytes(b"the factory and we share this\n")


def test_an_envelope_is_handed_out_from_the_persons_page(scene: Scene, log_in: LogIn) -> None:
    a_box(scene, a_place(scene))
    browser, person_id = log_in(scene.cast.alva), scene.cast.asa.person_id
    url = reverse("reserve-hand-out", args=[person_id])
    assert url in browser.get(reverse("person", args=[person_id])).content.decode()
    assert "De sju stegen" in _text(browser.get(url))
    envelope = {"card_number": ONE, "employment": scene.cast.asa.hsa_id, "months": "6"}
    wrong = browser.post(url, {**IDENTITY, **envelope, "card_number": "123"})
    assert (wrong.status_code, ReserveHandOut.objects.count()) == (422, 0)
    done = browser.post(url, {**IDENTITY, **envelope}, follow=True)
    assert "En annan administratör godkänner" in _text(done)
    assert "Godkänn som andra person" in _text(done)
    assert "Det krävs en annan person" in _text(done)
    assert ReserveHandOut.objects.get().state == "AWAITING_SECOND"


def test_the_second_person_approves_and_the_first_cannot(scene: Scene, log_in: LogIn) -> None:
    hand_out = a_hand_out(scene)
    url = reverse("reserve-approve", args=[hand_out.pk])
    assert log_in(scene.cast.alva).post(url, IDENTITY).status_code == 403
    second = log_in(scene.cast.another_administrator)
    assert url in second.get(reverse("stock")).content.decode()
    assert "Godkänn ett reservkort" in _text(second.get(url))
    assert second.post(url, {**IDENTITY, "steps": []}).status_code == 422
    done = second.post(url, IDENTITY, follow=True)
    assert "Godkänt" in _text(done)
    hand_out.refresh_from_db()
    assert hand_out.state == "READY"
    assert log_in(scene.cast.doris).get(url).status_code == 404


def test_a_suspicion_gives_no_card_and_alarms_at_either_step(scene: Scene, log_in: LogIn) -> None:
    """CRD-6: also before there is a card, and when the card is discarded with it."""
    a_box(scene, a_place(scene))
    first, second = log_in(scene.cast.alva), log_in(scene.cast.another_administrator)
    url = reverse("reserve-hand-out", args=[scene.cast.asa.person_id])
    told = first.post(url, {**IDENTITY, "steps": [], "act": "suspect"}, follow=True)
    assert "Avbrutet på misstanke" in _text(told)
    assert (ReserveHandOut.objects.count(), Card.objects.count()) == (0, 0)
    assert "Misstänkt identitetshandling: Åsa Lindqvist" in _text(second.get("/"))
    envelope = {"card_number": ONE, "employment": scene.cast.asa.hsa_id, "months": "6"}
    first.post(url, {**IDENTITY, **envelope})
    hand_out = ReserveHandOut.objects.get()
    assert "Misstänkt identitetshandling: Åsa Lindqvist" in _text(first.get("/")), (
        "one of two clears up nothing"
    )
    second.post(reverse("reserve-approve", args=[hand_out.pk]), {**IDENTITY, "act": "suspect"})
    hand_out.refresh_from_db()
    assert (hand_out.state, hand_out.card.state) == ("REFUSED", "DISCARDED")
    assert "Misstänkt identitetshandling: Åsa Lindqvist" in _text(first.get("/"))


def test_a_suspicion_is_taken_though_another_approved_meanwhile(scene: Scene, log_in: LogIn) -> None:
    """CRD-6: the form was open when somebody else decided; the alarm is not lost to that."""
    hand_out = an_approved_hand_out(scene)
    second = log_in(scene.cast.another_administrator)
    url = reverse("reserve-approve", args=[hand_out.pk])
    told = second.post(url, {**IDENTITY, "steps": [], "act": "suspect"}, follow=True)
    assert "Avbrutet på misstanke" in _text(told)
    assert "Misstänkt identitetshandling: Åsa Lindqvist" in _text(second.get("/"))


def test_a_suspicion_before_a_card_is_cleared_up_when_both_have_identified(
    scene: Scene, log_in: LogIn
) -> None:
    """CRD-6: the first alone could be who is suspected."""
    a_box(scene, a_place(scene))
    first, second = log_in(scene.cast.alva), log_in(scene.cast.another_administrator)
    url = reverse("reserve-hand-out", args=[scene.cast.asa.person_id])
    first.post(url, {**IDENTITY, "steps": [], "act": "suspect"})
    first.post(url, {**IDENTITY, "card_number": ONE, "employment": scene.cast.asa.hsa_id, "months": "6"})
    assert "Misstänkt identitetshandling" in _text(first.get("/"))
    second.post(reverse("reserve-approve", args=[ReserveHandOut.objects.get().pk]), IDENTITY)
    assert "Misstänkt identitetshandling" not in _text(first.get("/"))


def test_the_second_person_says_no(scene: Scene, log_in: LogIn) -> None:
    hand_out = a_hand_out(scene)
    url = reverse("reserve-approve", args=[hand_out.pk])
    log_in(scene.cast.another_administrator).post(url, {"act": "refuse"})
    hand_out.refresh_from_db()
    assert (hand_out.state, hand_out.card.state) == ("REFUSED", "DISCARDED")


def test_the_holder_activates_with_the_code_and_no_login(scene: Scene) -> None:
    an_approved_hand_out(scene)
    browser, url = Client(), reverse("own-reserve")
    asked = _text(browser.get(url))
    assert ("Hämta certifikat till ditt reservkort" in asked, "Aktivera" in asked) == (True, False)
    assert "ett kort som redan används behåller den det har" in asked, "the PIN, at a re-fill"
    assert url in browser.get("/login/").content.decode()
    wrong = browser.post(url, {"card_number": ONE, "code": "1"})
    assert wrong.status_code == 422
    assert "Nummer och kod hör inte ihop" in _text(wrong)
    code = envelope_code(ONE)
    live = browser.post(url, {"card_number": ONE, "code": code}, follow=True)
    shown = live.content.decode()
    assert "siths://activate/1/" in shown
    assert (code in shown, "Åsa" in _text(live)) == (False, False)
    assert "Till personen" not in _text(live)
    assert "titta bort" not in _text(live)
    assert Client().get(reverse("own-reserve-status")).headers["HX-Refresh"] == "true"
    token = shown.split("siths://activate/1/")[1].split('"')[0]
    opened = OpenedActivation(activation=Activation.objects.get(), token=token)
    scene.at = opened.activation.opened_at
    claimed = a_claimed_activation(scene, opened)
    an_active_card(scene, a_written_activation(scene, an_activation_with_keys(scene, claimed)))
    done = _text(browser.get(reverse("own-reserve-status")))
    assert "Kortet är klart" in done
    assert "Till personen" not in done
    assert Card.objects.get().state == "ACTIVE"
