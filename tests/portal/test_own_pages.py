"""Mina sidor: what a holder sees and does there, by how they came in (MIN-2, MIN-4, domain.md 2.8)."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.test import Client, RequestFactory
from django.urls import reverse
from pytest_django import Settings

from authn.trust import LOA2, LOA3
from ca.models import Certificate
from cards.block_requests import Received, block_certificate
from cards.errors import CardNotFound, Refused
from cards.identity import SuspicionFacts
from cards.models import Card, CardOrder
from cards.own_blocking import block_own_card
from cards.own_policies import may_block_own
from cards.reasons import BlockReason
from cards.renewal.policies import may_renew_own
from cards.renewal.renewing import report_renewal_suspicion
from cards.reserve_approving import refuse_as_second
from cards.states import CardState
from journal.actor import Actor, ActorKind
from journal.models import Entry
from portal.accounts.middleware import is_poll
from portal.accounts.models import PortalSession
from portal.accounts.sessions import SESSION_ID
from portal.pages.mine.entrance import is_shown
from tests.cards.stock_violations import a_hand_out, an_approved_hand_out
from tests.cards.test_reserve_cards import in_use
from tests.portal.conftest import LogIn
from tests.portal.test_pages import _text
from tests.scenarios import Scene, a_shipped_card, an_active_card, an_open_renewal

MENU = ("own-history", "own-test", "own-reserve")


def holder(card: Card, *, loa: int = 3) -> Actor:
    return Actor(kind=ActorKind.PERSON, identifier=card.hsa_id, person_id=str(card.person_id), loa=loa)


def inside(card: Card, *, loa: str = LOA3) -> Client:
    """Return a browser in which the holder of a card is logged in with it, without a role."""
    browser, now = Client(), datetime.now(UTC)
    session = browser.session
    session.create()
    row = PortalSession.objects.create(
        session_key=session.session_key or "",
        person_id=str(card.person_id),
        evidence_id="",
        certificate_der=b"",
        certificate_sha256="0" * 64,
        card_number=card.card_number or "",
        certificate_hsa_id=card.hsa_id,
        loa=loa,
        amr=["sc", "pin", "oob", "same"],
        auth_time=now,
        last_seen_at=now,
        status_checked_at=now,
    )
    session[SESSION_ID] = str(row.pk)
    session.save()
    browser.cookies[django_settings.SESSION_COOKIE_NAME] = session.session_key or ""
    return browser


def offered(browser: Client) -> dict[str, bool]:
    """Return which of the menu's pages are there."""
    shown = browser.get(reverse("mine")).content.decode()
    return {name: f'href="{reverse(name)}"' in shown for name in MENU}


def a_reserve_card(scene: Scene, *, loa: int) -> Card:
    """Let a reserve card be in use: what its fetching does is tried in test_reserve_cards."""
    card = a_hand_out(scene, loa=loa).card
    Card.objects.filter(pk=card.pk).update(state=CardState.ACTIVE.value, activated_at=scene.at)
    CardOrder.objects.filter(pk=card.order_id).update(state="ACTIVATED", activated_at=scene.at)
    return Card.objects.select_related("order", "person").get(pk=card.pk)


def test_a_holder_blocks_a_card_of_their_own_and_is_logged_out_with_it(scene: Scene) -> None:
    """domain.md 2.8: told what it does, and that it is the last one that works."""
    card = an_active_card(scene)
    browser, url = inside(card), reverse("own-block", args=[card.pk])
    assert url in browser.get(reverse("mine")).content.decode()
    asked = _text(browser.get(url))
    assert "2 certifikat spärras" in asked
    assert "inget annat kort som fungerar" in asked
    assert "loggas ut" in asked
    assert browser.post(url, {"reason": "lost_or_stolen"}).status_code == 422
    assert browser.post(url, {"reason": "employment_ended", "confirmed": "on"}).status_code == 422
    out = browser.post(url, {"reason": "lost_or_stolen", "confirmed": "on"})
    assert out["Location"] == "/login/?ended=card_not_active"
    card.refresh_from_db()
    assert (card.state, card.block_reason) == (CardState.BLOCKED, BlockReason.LOST_OR_STOLEN)
    assert card.blocked_by == card.hsa_id
    assert browser.get(reverse("mine")).status_code == 303
    assert Entry.objects.filter(type="card.blocked").count() == 1


def test_another_card_of_ones_own_is_blocked_and_the_login_goes_on(scene: Scene) -> None:
    """A card that never came is blocked before anybody activates it."""
    working = an_active_card(scene)
    lost = a_shipped_card(scene)
    browser, url = inside(working), reverse("own-block", args=[lost.pk])
    assert "1 annat kort som fungerar" in _text(browser.get(url))
    done = browser.post(url, {"reason": "lost_or_stolen", "confirmed": "on"})
    assert done["Location"] == "/mine/"
    assert "är spärrat" in _text(browser.get("/mine/"))
    lost.refresh_from_db()
    assert lost.state == CardState.BLOCKED


def test_nobody_blocks_anybody_elses_card_here_nor_a_stronger_one_than_their_login(scene: Scene) -> None:
    card, at = an_active_card(scene), scene.at
    stranger = Actor(kind=ActorKind.PERSON, identifier="x", person_id=scene.cast.alva.person_id, loa=3)
    for actor in (stranger, Actor(kind=ActorKind.PERSON, identifier="", person_id="")):
        with pytest.raises(CardNotFound):
            block_own_card(card_id=str(card.pk), reason=BlockReason.DEFECTIVE, actor=actor, at=at)
    weak = may_block_own(card, actor=holder(card, loa=2), at=at)
    assert weak is not None
    assert weak.code == "login_too_weak"
    with pytest.raises(Refused) as refused:
        block_own_card(
            card_id=str(card.pk), reason=BlockReason.WRONGLY_ISSUED, actor=holder(card), at=scene.at
        )
    assert refused.value.refusal.code == "reason_not_for_holders"
    block_own_card(card_id=str(card.pk), reason=BlockReason.DEFECTIVE, actor=holder(card), at=at)
    again = may_block_own(Card.objects.get(pk=card.pk), actor=holder(card), at=at)
    assert again is not None
    assert again.code == "card_blocked"


def test_an_ordinary_card_opens_all_of_the_own_pages(scene: Scene) -> None:
    """MIN-4: cards, certificates, history, the test, new certificates, blocking."""
    card = an_active_card(scene)
    browser = inside(card)
    assert offered(browser) == dict.fromkeys(MENU, True)
    shown = _text(browser.get(reverse("mine")))
    assert "Förnya certifikaten" in shown
    assert "Certifikat för underskrift" in shown
    history = _text(browser.get(reverse("own-history")))
    assert "Kort aktiverat" in history
    assert "Alva" not in history  # what was done, not who of the staff did it
    tested = _text(browser.get(reverse("own-test")))
    assert "Kortet fungerar" in tested
    assert (card.card_number or "")[-3:] in tested


@pytest.mark.parametrize(("loa", "is_open"), [(LOA3, True), (LOA2, False)])
def test_a_card_that_we_do_not_know_opens_by_its_level_alone(
    scene: Scene, loa: str, *, is_open: bool
) -> None:
    """MIN-4: at level 2 it could be a reserve card of somewhere else, and gets what such a one gets."""
    card = an_active_card(scene)
    browser = inside(card, loa=loa)
    PortalSession.objects.update(card_number="")
    assert offered(browser)["own-history"] is is_open
    assert ((card.card_number or "")[-3:] in _text(browser.get(reverse("mine")))) is is_open


def test_a_suspicion_at_the_desk_is_not_told_to_whom_it_is_about(scene: Scene) -> None:
    card = an_active_card(scene)
    told = set(Entry.objects.values_list("type", flat=True))
    assert "identity.checked" in told
    shown = _text(inside(card).get(reverse("own-history")))
    assert "Identitet" not in shown


def test_the_block_of_one_certificate_is_told_to_its_holder(scene: Scene) -> None:
    card = an_active_card(scene)
    one = Certificate.objects.filter(carrier_id=str(card.pk)).order_by("pk")[0]
    when = Received(at=scene.at)
    block_certificate(
        certificate_id=one.pk, reason=BlockReason.REPLACED, received=when, actor=scene.cast.alva, at=scene.at
    )
    assert "Spärrbegäran registrerad" in _text(inside(card).get(reverse("own-history")))


def test_a_reserve_card_not_approved_is_not_told_to_whom_it_may_be_about(scene: Scene) -> None:
    """A suspicion refuses it as well."""
    order = a_hand_out(scene)
    refuse_as_second(order, reason="suspicion", actor=scene.cast.another_administrator, at=scene.at)
    shown = _text(inside(an_active_card(scene)).get(reverse("own-history")))
    assert "Reservkort utlämnat" in shown
    assert "inte godkänt" not in shown


def test_a_reserve_card_of_level_three_opens_what_an_ordinary_one_does(
    scene: Scene, settings: Settings, tmp_path: Path
) -> None:
    """MIN-4, the second way in."""
    settings.SIGILL_SECRETS = tmp_path
    (tmp_path / "card-master.key").write_bytes(b"the factory and we share this\n")
    an_approved_hand_out(scene)
    card = in_use(scene)
    assert offered(inside(card)) == dict.fromkeys(MENU, True)
    history = _text(inside(card).get(reverse("own-history")))
    assert ("Reservkort utlämnat" in history, "Reservkort godkänt" in history) == (True, True)
    assert may_renew_own(card, actor=holder(card), at=scene.at) is None


def test_a_reserve_card_of_level_two_is_blocked_tested_and_replaced_by_one_that_is_ordered(
    scene: Scene,
) -> None:
    """MIN-4: only "remove", "test" and "fetch new, if one is ordered"; the server says so too."""
    card = a_reserve_card(scene, loa=2)
    ordinary = an_active_card(scene)
    browser = inside(card, loa=LOA2)
    assert offered(browser)["own-history"] is False
    shown = _text(browser.get(reverse("mine")))
    assert "tillitsnivå 2" in shown
    assert "Inget nytt reservkort är beställt" in shown
    assert (ordinary.card_number or "")[-3:] not in shown
    assert browser.get(reverse("own-history"))["Location"] == reverse("mine")
    assert browser.get(reverse("own-test")).status_code == 200
    begun = browser.post(reverse("own-renewal-begin", args=[card.pk]), {"purpose": "renew"})
    assert "ID-administratör" in _text(begun)
    refusal = may_renew_own(card, actor=holder(card, loa=2), at=scene.at)
    assert refusal is not None
    assert refusal.code == "reserve_card_needs_order"
    begun = browser.post(reverse("own-renewal-begin", args=[ordinary.pk]), {"purpose": "signature"})
    assert begun.status_code == 409
    # No role by such a login, by no address.
    assert browser.get("/")["Location"].startswith("/mine/")
    assert browser.get("/role/")["Location"] == "/mine/"
    # Nor is the stronger card ended by it; its own is.
    assert browser.get(reverse("own-block", args=[ordinary.pk])).status_code == 403
    assert browser.get(reverse("own-block", args=[card.pk])).status_code == 200
    # Nor another card of the same level: this way in is about the card at hand.
    Card.objects.filter(pk=ordinary.pk).update(loa=2)
    assert browser.get(reverse("own-block", args=[ordinary.pk])).status_code == 404
    begun = browser.post(reverse("own-renewal-begin", args=[ordinary.pk]), {"purpose": "signature"})
    assert "ID-administratör" in _text(begun)
    assert not is_shown(Card.objects.get(pk=ordinary.pk), PortalSession.objects.get(loa=LOA2))
    a_hand_out(scene, loa=2, first=700)
    assert "Det finns certifikat till ditt reservkort. Hämta dem" in _text(browser.get(reverse("mine")))


def test_a_login_of_level_two_is_told_of_no_other_login_and_ends_none(scene: Scene) -> None:
    """MIN-4: who has the weak card alone does not learn what the holder does, nor log them out."""
    ordinary = an_active_card(scene)
    strong, weak = inside(ordinary), inside(Card(person=ordinary.person, hsa_id=ordinary.hsa_id), loa=LOA2)
    other = PortalSession.objects.get(loa=LOA3)
    end = reverse("own-session-end", args=[other.pk])
    assert str(other.pk) not in weak.get(reverse("mine")).content.decode()
    assert weak.post(end).status_code == 404
    assert str(other.pk) in strong.get(reverse("mine")).content.decode()
    renewal = an_open_renewal(scene, ordinary).renewal
    for name, ask in (("own-renewal", weak.get), ("own-renewal-cancel", weak.post)):
        assert ask(reverse(name, args=[renewal.pk])).status_code == 404
    renewal.refresh_from_db()
    assert renewal.state == "OPENED"


def test_a_suspicion_at_the_desk_is_not_told_on_the_own_pages(scene: Scene, log_in: LogIn) -> None:
    """Who is suspected may be who has the page open: that is for those who look into it."""
    card = an_active_card(scene)
    renewal = an_open_renewal(scene, card).renewal
    report_renewal_suspicion(
        card_id=str(card.pk), facts=SuspicionFacts(), actor=scene.cast.alva, at=scene.later(minutes=1)
    )
    own = _text(inside(card).get(reverse("own-renewal", args=[renewal.pk])))
    assert ("Den avslutades vid disken" in own, "misstänk" in own) == (True, False)
    desk = _text(log_in(scene.cast.alva).get(reverse("renewal", args=[renewal.pk])))
    assert "Id-handlingen misstänktes" in desk


@pytest.mark.parametrize("path", ["/mine/activations/1/receipt/seal/", "/renewals/1/receipt/proof/"])
def test_a_receipt_that_waits_keeps_nobody_logged_in(path: str) -> None:
    asked = RequestFactory()
    assert is_poll(asked.get(path, headers={"hx-request": "true"}))
    assert not is_poll(asked.get(path))
