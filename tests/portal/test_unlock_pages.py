"""The pages of an unlocking and of a PUK letter, as an administrator at the desk meets them."""

from pathlib import Path

import pytest
from django.urls import reverse
from pytest_django import Settings

from authn.evidence import client_key_of
from cards import lifecycle
from cards.models import Card
from cards.products import DocumentKind
from cards.puk_letter_models import PukLetter
from cards.unlock_models import Unlock
from journal.models import Entry
from tests.portal.conftest import LogIn
from tests.portal.test_pages import IDENTITY, _text
from tests.scenarios import CLIENT, Scene, a_shipped_card, an_active_card, an_open_unlock


@pytest.fixture
def card(scene: Scene, settings: Settings, tmp_path: Path) -> Card:
    settings.SIGILL_SECRETS = tmp_path
    (tmp_path / "card-master.key").write_bytes(b"the factory and we share this\n")
    return an_active_card(scene)


def test_the_person_page_offers_to_unlock_a_card_in_use_and_nothing_else(
    scene: Scene, card: Card, log_in: LogIn
) -> None:
    other = a_shipped_card(scene)
    shown = log_in(scene.cast.alva).get(reverse("person", args=[card.person_id])).content.decode()
    assert reverse("unlock-card", args=[card.pk]) in shown
    assert reverse("unlock-card", args=[other.pk]) not in shown


def test_the_identity_check_opens_the_unlocking_and_shows_the_link_once(
    scene: Scene, card: Card, log_in: LogIn
) -> None:
    browser, url = log_in(scene.cast.alva), reverse("unlock-card", args=[card.pk])
    assert "Lås upp ett kort" in _text(browser.get(url))
    response = browser.post(url, IDENTITY, follow=True)
    unlock = Unlock.objects.get()
    assert response.redirect_chain[-1][0] == reverse("unlock", args=[unlock.pk])
    assert "siths://unlock/1/" in response.content.decode()
    for page in ("unlock", "unlock-status"):
        seen = log_in(scene.cast.another_administrator).get(reverse(page, args=[unlock.pk]))
        assert seen.status_code == 200
        assert "siths://unlock" not in seen.content.decode()


def test_the_steps_follow_the_client_and_say_why_it_stopped(scene: Scene, card: Card, log_in: LogIn) -> None:
    browser, opened = log_in(scene.cast.alva), an_open_unlock(scene, card)
    url = reverse("unlock-status", args=[opened.unlock.pk])
    unlock = lifecycle.claim_unlock(
        token=opened.token,
        client_key=client_key_of(scene.client.key),
        client_name="sigill-eid",
        client_version="1.0",
        actor=CLIENT,
        at=scene.at,
    )
    lifecycle.abort_unlock(unlock_id=str(unlock.pk), reason="wrongCard", actor=CLIENT, at=scene.at)
    text = _text(browser.get(url))
    assert "Ett annat kort än det här satt i läsaren" in text
    assert "Kontrollera identiteten igen" in text


def test_a_card_that_is_not_in_use_says_why_it_is_not_unlocked(scene: Scene, log_in: LogIn) -> None:
    response = log_in(scene.cast.alva).get(reverse("unlock-card", args=[a_shipped_card(scene).pk]))
    assert response.status_code == 409
    assert "Kortet används inte ännu" in _text(response)


def test_suspicion_unlocks_nothing(scene: Scene, card: Card, log_in: LogIn) -> None:
    response = log_in(scene.cast.alva).post(
        reverse("unlock-card", args=[card.pk]),
        {"act": "suspect", "document_kind": DocumentKind.PASSPORT.value, "document_number": "X1"},
    )
    assert "Lås inte upp kortet" in _text(response)
    assert not Unlock.objects.exists()
    assert Entry.objects.filter(type="identity.suspected").exists()


def test_a_letter_is_ordered_once_and_its_page_shows_no_puk_and_no_address(
    scene: Scene, card: Card, log_in: LogIn
) -> None:
    browser, url = log_in(scene.cast.alva), reverse("puk-letter", args=[card.pk])
    assert url in browser.get(reverse("unlock-card", args=[card.pk])).content.decode()
    page = _text(browser.get(url))
    assert "innehavarens folkbokföringsadress" in page
    assert not any(str(line) in page for line in card.person.address_lines)
    assert browser.post(url).status_code == 302
    assert PukLetter.objects.get().card == card
    again = browser.get(url)
    assert again.status_code == 409
    assert "Ett PUK-brev är på väg" in _text(again)
