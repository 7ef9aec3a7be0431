"""Mina sidor: a card unlocked by its holder, by their mobile eID, and how else it is done (POR-6)."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from authn.evidence import client_key_of
from cards import lifecycle
from cards.identity import SuspicionFacts
from cards.mobile.blocking import block_own_mobile
from cards.mobile.models import MobileEid
from cards.models import Card
from cards.reasons import BlockReason
from cards.states import UnlockState
from cards.unlock_models import Unlock
from tests.cards.mobile.phone import an_active_mobile, an_own_unlock, holder
from tests.cards.test_unlock import certificate_on, signed
from tests.portal.conftest import LogIn
from tests.portal.test_mobile_pages import as_holder
from tests.portal.test_pages import _text
from tests.scenarios import CLIENT, Scene, an_active_card, an_open_unlock

OFFER = "Lås upp med Mobilt SITHS eID"
HOW = "Logga in här med ditt Mobilt SITHS eID och lås upp det själv"


@pytest.fixture
def card(scene: Scene, settings: Settings, tmp_path: Path) -> Card:
    settings.SIGILL_SECRETS = tmp_path
    (tmp_path / "card-master.key").write_bytes(b"the factory and we share this\n")
    return an_active_card(scene)


@pytest.fixture
def mobile(scene: Scene, card: Card) -> MobileEid:
    return an_active_mobile(scene, card)


@pytest.fixture
def browser(scene: Scene, card: Card, mobile: MobileEid, log_in: LogIn) -> Client:
    """Return a browser in which the holder is logged in with their mobile eID."""
    browser = log_in(scene.cast.alva)
    as_holder(
        browser, card, carrier="mobile", card_number="", amr=["hwk", "pin", "oob", "qr"],
        certificate_sha256=mobile.certificate_sha256, evidence_id="the login",
    )  # fmt: skip
    return browser


def begun(browser: Client, card: Card) -> tuple[Unlock, str]:
    """Begin it; return it and its token, as the page shows it."""
    response = browser.post(reverse("own-unlock-begin", args=[card.pk]), follow=True)
    unlock = Unlock.objects.latest("opened_at")
    assert response.redirect_chain == [(reverse("own-unlock", args=[unlock.pk]), 303)]
    return unlock, response.content.decode().split("siths://unlock/1/")[1].split('"')[0]


def claim(scene: Scene, token: str) -> Unlock:
    return lifecycle.claim_unlock(
        token=token,
        client_key=client_key_of(scene.client.key),
        client_name="sigill-eid",
        client_version="1.0",
        actor=CLIENT,
        at=datetime.now(UTC),
    )


def test_the_holder_unlocks_a_card_from_the_offer_to_the_end(
    scene: Scene, card: Card, mobile: MobileEid, browser: Client
) -> None:
    """POR-6, MOB-3: the offer, what will happen, the link, and the steps as the client takes them."""
    url = reverse("own-unlock-begin", args=[card.pk])
    mine = browser.get(reverse("mine"))
    assert OFFER in _text(mine)
    assert f'href="{url}"' in mine.content.decode()
    assert HOW not in _text(mine)
    asked = _text(browser.get(url))
    assert "Du behöver varken kortets PIN- eller PUK-kod" in asked
    assert not Unlock.objects.exists()
    unlock, token = begun(browser, card)
    assert (unlock.mobile, unlock.login_evidence_id) == (mobile, "the login")
    page, status = reverse("own-unlock", args=[unlock.pk]), reverse("own-unlock-status", args=[unlock.pk])
    shown = browser.get(page)
    assert "Påbörjad med Mobilt SITHS eID" in _text(shown)
    assert "Du väljer den nya PIN-koden själv" in _text(shown)
    assert f'hx-get="{status}"' in shown.content.decode()
    assert "<noscript>" in shown.content.decode()
    claim(scene, token)
    assert "Skriv en ny PIN-kod i kortklienten" in _text(browser.get(status))
    assert "siths://unlock" not in browser.get(status).content.decode()
    at = datetime.now(UTC)
    lifecycle.answer_for_card(unlock_id=str(unlock.pk), challenge="0" * 32, actor=CLIENT, at=at)
    unlock.refresh_from_db()
    answer = signed(scene, unlock, certificate_on(card))
    lifecycle.confirm_unlock(unlock_id=str(unlock.pk), answer=answer, actor=CLIENT, at=at)
    done = browser.get(status)
    assert "Kortet är upplåst" in _text(done)
    assert "Använd den nya PIN-koden från och med nu" in _text(done)
    assert "hx-get" not in done.content.decode()
    assert reverse("own-unlock-cancel", args=[unlock.pk]) not in done.content.decode()


def test_it_is_all_there_in_english(card: Card, browser: Client, settings: Settings) -> None:
    browser.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    assert "Unlock with Mobilt SITHS eID" in _text(browser.get(reverse("mine")))
    asked = _text(browser.get(reverse("own-unlock-begin", args=[card.pk])))
    assert "You need no PIN or PUK of the card." in asked
    unlock, _ = begun(browser, card)
    shown = _text(browser.get(reverse("own-unlock", args=[unlock.pk])))
    assert "Begun with a mobile eID" in shown


@pytest.mark.parametrize(
    "amr", [["sc", "pin", "oob", "same"], ["sc", "pin", "oob", "qr"]], ids=["here", "qr"]
)
def test_a_login_with_a_card_is_told_how_and_unlocks_nothing(
    scene: Scene, card: Card, mobile: MobileEid, log_in: LogIn, amr: list[str]
) -> None:
    """POR-6: on this device or scanned; not even where the row says another certificate than the card's."""
    browser = log_in(scene.cast.alva)
    as_holder(browser, card, amr=amr, certificate_sha256=mobile.certificate_sha256, evidence_id="the login")
    shown = _text(browser.get(reverse("mine")))
    assert (OFFER in shown, HOW in shown) == (False, True)
    url = reverse("own-unlock-begin", args=[card.pk])
    for response in (browser.get(url), browser.post(url)):
        assert response.status_code == 409
        assert "Logga in med ditt Mobilt SITHS eID för att låsa upp ett kort själv" in _text(response)
        assert "ID-administratör" in _text(response)
    assert not Unlock.objects.exists()


def test_nobody_elses_card_or_unlocking_is_there(
    scene: Scene, card: Card, mobile: MobileEid, browser: Client, log_in: LogIn
) -> None:
    """Alva administers the holder's region, Doris another; Erik has a mobile eID's login of his own."""
    unlock = an_own_unlock(scene, card, mobile).unlock
    strangers = [log_in(scene.cast.alva), log_in(scene.cast.doris)]
    as_holder(
        browser, card, person_id=str(scene.cast.erik.person_id), carrier="mobile", card_number="",
        certificate_sha256=mobile.certificate_sha256, evidence_id="the login",
    )  # fmt: skip
    for stranger in (*strangers, browser):
        begin = reverse("own-unlock-begin", args=[card.pk])
        assert (stranger.get(begin).status_code, stranger.post(begin).status_code) == (404, 404)
        for name in ("own-unlock", "own-unlock-status"):
            assert stranger.get(reverse(name, args=[unlock.pk])).status_code == 404
        assert stranger.post(reverse("own-unlock-cancel", args=[unlock.pk])).status_code == 404
    assert Unlock.objects.get().state == UnlockState.OPENED


def test_the_link_is_shown_to_the_browser_that_began_it_alone(
    scene: Scene, card: Card, browser: Client, log_in: LogIn
) -> None:
    """Another login of the same person, with the card, sees how it goes, and may end it."""
    unlock, token = begun(browser, card)
    other = log_in(scene.cast.doris)
    as_holder(other, card)
    for name in ("own-unlock", "own-unlock-status"):
        seen = other.get(reverse(name, args=[unlock.pk]))
        assert seen.status_code == 200
        assert token not in seen.content.decode()
    response = other.post(reverse("own-unlock-cancel", args=[unlock.pk]), follow=True)
    assert "Upplåsningen avslutades" in _text(response)
    unlock.refresh_from_db()
    assert (unlock.state, unlock.abort_reason) == (UnlockState.ABORTED, "userCancel")


def test_a_login_of_level_two_sees_and_ends_no_unlocking_of_another_card(
    scene: Scene, card: Card, browser: Client, log_in: LogIn
) -> None:
    """MIN-4."""
    unlock, _ = begun(browser, card)
    weak = log_in(scene.cast.doris)
    as_holder(weak, card, card_number="", loa="http://id.sambi.se/loa/loa2")
    assert weak.get(reverse("own-unlock", args=[unlock.pk])).status_code == 404
    assert weak.post(reverse("own-unlock-cancel", args=[unlock.pk])).status_code == 404
    assert weak.post(reverse("own-unlock-begin", args=[card.pk])).status_code == 404
    assert HOW not in _text(weak.get(reverse("mine")))


def test_a_mobile_eid_blocked_meanwhile_is_said_where_it_stopped(
    scene: Scene, card: Card, mobile: MobileEid, browser: Client, log_in: LogIn
) -> None:
    """MOB-3, POR-15: this login is over at once; another and the desk are told why it stopped."""
    unlock, _ = begun(browser, card)
    block_own_mobile(
        mobile_id=str(mobile.pk), reason=BlockReason.LOST_OR_STOLEN, actor=holder(card), at=datetime.now(UTC)
    )
    page = reverse("own-unlock", args=[unlock.pk])
    assert browser.get(page)["Location"].startswith("/login/")
    other = log_in(scene.cast.doris)
    as_holder(other, card)
    desk = log_in(scene.cast.alva)
    for seen in (other.get(page), desk.get(reverse("unlock", args=[unlock.pk]))):
        assert "är inte längre i bruk" in _text(seen)
        assert "hx-get" not in seen.content.decode()


def test_a_card_that_cannot_be_unlocked_says_why_in_its_row(
    scene: Scene, card: Card, browser: Client
) -> None:
    url = reverse("own-unlock-begin", args=[card.pk])
    type(card).objects.filter(pk=card.pk).update(valid_until=scene.at.date())
    mine = browser.get(reverse("mine"))
    assert f'href="{url}"' not in mine.content.decode()
    assert OFFER in _text(mine)
    for response in (browser.get(url), browser.post(url)):
        assert response.status_code == 409
        assert "gått ut" in _text(response)


def test_what_took_too_long_is_begun_again(card: Card, browser: Client) -> None:
    unlock, _ = begun(browser, card)
    Unlock.objects.filter(pk=unlock.pk).update(
        opened_at=unlock.opened_at.replace(year=2020), expires_at=unlock.opened_at.replace(year=2021)
    )
    shown = browser.get(reverse("own-unlock", args=[unlock.pk]))
    assert "Börja om, med kortet i läsaren" in _text(shown)
    assert f'href="{reverse("own-unlock-begin", args=[card.pk])}"' in shown.content.decode()
    again, _ = begun(browser, card)
    assert again.pk != unlock.pk


def test_the_desk_sees_who_began_it_and_a_suspicion_is_not_told_on_the_own_pages(
    scene: Scene, card: Card, browser: Client, log_in: LogIn
) -> None:
    unlock, _ = begun(browser, card)
    desk = log_in(scene.cast.alva)
    at_desk = reverse("unlock", args=[unlock.pk])
    assert "Påbörjad med Mobilt SITHS eID" in _text(desk.get(at_desk))
    lifecycle.report_unlock_suspicion(
        card_id=str(card.pk), facts=SuspicionFacts(), actor=scene.cast.alva, at=datetime.now(UTC)
    )
    own = _text(browser.get(reverse("own-unlock", args=[unlock.pk])))
    assert ("Den avslutades vid disken" in own, "misstänk" in own) == (True, False)
    assert "Id-handlingen misstänktes" in _text(desk.get(at_desk))


def test_the_desks_unlocking_is_not_on_the_own_pages(scene: Scene, card: Card, browser: Client) -> None:
    unlock = an_open_unlock(scene, card).unlock
    assert browser.get(reverse("own-unlock", args=[unlock.pk])).status_code == 404
    assert browser.post(reverse("own-unlock-cancel", args=[unlock.pk])).status_code == 404


def test_it_is_told_in_the_holders_history(scene: Scene, card: Card, browser: Client) -> None:
    unlock, token = begun(browser, card)
    claim(scene, token)
    at = datetime.now(UTC)
    lifecycle.answer_for_card(unlock_id=str(unlock.pk), challenge="0" * 32, actor=CLIENT, at=at)
    unlock.refresh_from_db()
    answer = signed(scene, unlock, certificate_on(card))
    lifecycle.confirm_unlock(unlock_id=str(unlock.pk), answer=answer, actor=CLIENT, at=at)
    assert "Kort upplåst" in _text(browser.get(reverse("own-history")))
