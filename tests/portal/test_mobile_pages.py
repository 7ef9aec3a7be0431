"""Mobilt SITHS eID on Mina sidor: listed, made after a second login, blocked; and what it logs in to."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from authn.evidence import Purpose
from authn.models import AuthnOrder
from cards.mobile.blocking import block_own_mobile
from cards.mobile.making import OpenedMobile
from cards.mobile.models import MobileEid
from cards.mobile.terms import current_mobile_terms
from cards.models import Card
from cards.reasons import BlockReason
from portal.accounts import sessions
from portal.accounts.ended_sessions import end_for_certificates
from portal.accounts.models import EndReason, PortalSession, SignedAct
from portal.signing.acts import Act, ActKind
from portal.signing.errors import SignatureUnfit
from portal.signing.step_up import second_login
from tests.cards.mobile.phone import Phone, an_active_mobile, claimed, holder, opened
from tests.portal.conftest import LogIn
from tests.portal.test_pages import _text
from tests.portal.test_paper_log import block_form
from tests.scenarios import WORKER, Scene, an_active_card

TERMS = {"version": current_mobile_terms().version, "accepted": "on"}
NEW = "/mine/mobile/new/"


def as_holder(browser: Client, card: Card, **columns: object) -> PortalSession:
    """Let the login of a browser be the holder's, with their card and no role, or as told."""
    row = PortalSession.objects.get(session_key=browser.cookies["sigill"].value)
    facts = {
        "person_id": str(card.person_id),
        "card_number": card.card_number,
        "role": "",
        "hsa_id": "",
        "role_assignment_id": "",
        "organization_id": "",
        "organization_ids": [],
        "amr": ["sc", "pin", "oob", "same"],
        **columns,
    }
    PortalSession.objects.filter(pk=row.pk).update(**facts)
    row.refresh_from_db()
    return row


@pytest.fixture
def card(scene: Scene) -> Card:
    return an_active_card(scene)


def test_a_holder_is_asked_to_log_in_once_more_and_nothing_is_made_before(
    scene: Scene, card: Card, log_in: LogIn, settings: Settings
) -> None:
    """MOB-4: also where signatures of acts are turned off; the order asks for `enrol`, by the card alone."""
    browser = log_in(scene.cast.alva)
    as_holder(browser, card)
    assert "Skapa ett Mobilt SITHS eID" in _text(browser.get("/mine/mobile/"))
    assert "godkänner" in _text(browser.get(NEW))
    assert browser.post(NEW, {"version": TERMS["version"]}).status_code == 422
    assert not AuthnOrder.objects.exists()
    for step_up in (True, False):
        settings.SIGILL_STEP_UP = step_up
        response = browser.post(NEW, TERMS)
        assert response.status_code == 303
        assert response.headers["Location"].startswith("/sign/")
        assert "Skapa ett Mobilt SITHS eID" in _text(browser.get(response.headers["Location"]))
    order = AuthnOrder.objects.latest("created_at")
    assert (order.purpose, order.flow) == (Purpose.ENROL, "same-device")
    assert (order.wanted_carriers, order.wanted_loa) == (["card"], ["http://id.sambi.se/loa/loa3"])
    assert "Åsa Lindqvist" in order.visible_text
    assert not MobileEid.objects.exists()


@pytest.mark.parametrize(
    "login",
    [
        {"amr": ["sc", "pin", "oob", "qr"]},
        {"amr": ["sc", "pin", "oob", "code"]},
        {"amr": ["hwk", "pin", "oob", "qr"], "carrier": "mobile", "card_number": ""},
        {"card_number": ""},
    ],
    ids=["scanned", "typed", "mobile", "no card"],
)
def test_only_a_card_on_this_device_makes_one(
    scene: Scene, card: Card, log_in: LogIn, login: dict[str, object]
) -> None:
    """MOB-4: a login that can be relayed or told on, or a phone, makes no other."""
    mobile = an_active_mobile(scene, card)
    browser = log_in(scene.cast.alva)
    as_holder(browser, card, certificate_sha256=mobile.certificate_sha256, **login)
    MobileEid.objects.filter(pk=mobile.pk).update(valid_until=timezone.now() + timedelta(days=9))
    for response in (browser.get(NEW), browser.post(NEW, TERMS)):
        assert response.status_code == 409
        assert "Logga in med ditt kort på den här enheten" in _text(response)
    assert not AuthnOrder.objects.exists()


def test_a_weaker_card_makes_none(scene: Scene, card: Card, log_in: LogIn) -> None:
    """MOB-4, MIN-4."""
    browser = log_in(scene.cast.alva)
    as_holder(browser, card, loa="http://id.sambi.se/loa/loa2")
    assert browser.get(NEW).status_code == 403


def test_nobody_elses_is_shown_or_touched(scene: Scene, card: Card, log_in: LogIn) -> None:
    """Alva administers the holder's region, Doris another: on own pages neither sees it."""
    mobile, under_way = an_active_mobile(scene, card), opened(scene, card).mobile
    for actor in (scene.cast.alva, scene.cast.doris):
        browser = log_in(actor)
        for name in ("own-mobile", "own-mobile-status", "own-mobile-block"):
            assert browser.get(reverse(name, args=[mobile.pk])).status_code == 404
        for name in ("own-mobile-cancel", "own-mobile-approve"):
            assert browser.post(reverse(name, args=[under_way.pk])).status_code == 404
        blocked = {"reason": "lost_or_stolen", "confirmed": "on"}
        assert browser.post(reverse("own-mobile-block", args=[mobile.pk]), blocked).status_code == 404
        assert "Du har inget Mobilt SITHS eID" in _text(browser.get("/mine/mobile/"))
    assert set(MobileEid.objects.values_list("state", flat=True)) == {"ACTIVE", "OPENED"}


def test_the_code_is_shown_to_the_browser_that_made_it_alone(scene: Scene, card: Card, log_in: LogIn) -> None:
    """MOB-5: another login of the same person sees how it goes, and no code, and approves no phone."""
    start = opened(scene, card)
    mobile = start.mobile
    MobileEid.objects.filter(pk=mobile.pk).update(expires_at=timezone.now() + timedelta(minutes=9))
    browser = log_in(scene.cast.alva)
    as_holder(browser, card)
    page = browser.get(reverse("own-mobile", args=[mobile.pk])).content.decode()
    assert "siths://mobile/" not in page
    assert 'id="scan"' not in page
    claimed(scene, OpenedMobile(mobile=mobile, token=start.token), Phone())
    MobileEid.objects.filter(pk=mobile.pk).update(expires_at=timezone.now() + timedelta(minutes=9))
    assert "phone-digits" not in browser.get(reverse("own-mobile", args=[mobile.pk])).content.decode()
    assert browser.post(reverse("own-mobile-approve", args=[mobile.pk])).status_code == 409
    mobile.refresh_from_db()
    assert (mobile.state, mobile.approved_at) == ("CLAIMED", None)
    assert browser.post(reverse("own-mobile-cancel", args=[mobile.pk])).status_code == 303
    mobile.refresh_from_db()
    assert (mobile.state, mobile.abort_reason) == ("ABORTED", "userCancel")


def test_blocking_the_one_at_hand_logs_out(scene: Scene, card: Card, log_in: LogIn) -> None:
    """MOB-3: at once, and by its holder."""
    mobile = an_active_mobile(scene, card)
    browser = log_in(scene.cast.alva)
    row = as_holder(
        browser, card, carrier="mobile", card_number="", certificate_sha256=mobile.certificate_sha256
    )
    address = reverse("own-mobile-block", args=[mobile.pk])
    assert "Du är inloggad med det" in _text(browser.get(address))
    assert browser.post(address, {"reason": "lost_or_stolen"}).status_code == 422
    done = browser.post(address, {"reason": "lost_or_stolen", "confirmed": "on"})
    assert done.headers["Location"] == "/login/?ended=certificate_revoked"
    row.refresh_from_db()
    assert row.end_reason == EndReason.CERTIFICATE_REVOKED


def test_a_blocked_mobile_ends_the_sessions_that_it_opened(scene: Scene, card: Card, log_in: LogIn) -> None:
    """MOB-3, T15: at the next request by the register, and without one by the worker."""
    mobile = an_active_mobile(scene, card)
    browser = log_in(scene.cast.alva)
    login = {"carrier": "mobile", "card_number": "", "certificate_sha256": mobile.certificate_sha256}
    row = as_holder(browser, card, **login)
    assert sessions.why_over(row, at=timezone.now()) is None
    block_own_mobile(
        mobile_id=str(mobile.pk), reason=BlockReason.DEFECTIVE, actor=holder(card), at=scene.later(seconds=1)
    )
    assert sessions.why_over(row, at=timezone.now()) is EndReason.CERTIFICATE_REVOKED
    assert end_for_certificates([mobile.certificate_id], actor=WORKER, at=timezone.now()) == 1
    assert browser.get("/mine/").status_code == 303


def test_a_session_by_a_mobile_has_no_role(scene: Scene, card: Card, log_in: LogIn) -> None:
    """POR-3, MIN-4: the database says so too."""
    browser = log_in(scene.cast.alva)
    row = PortalSession.objects.get(session_key=browser.cookies["sigill"].value)
    with pytest.raises(IntegrityError), transaction.atomic():
        PortalSession.objects.filter(pk=row.pk).update(carrier="mobile", card_number="")
    as_holder(browser, card, carrier="mobile", card_number="", certificate_sha256="1" * 64)


def test_the_desk_sees_a_mobile_and_blocks_it_and_doris_does_not(
    scene: Scene, card: Card, log_in: LogIn
) -> None:
    """POR-2, POR-15: on the person's page, by its certificate."""
    mobile = an_active_mobile(scene, card)
    address = reverse("block-certificate", args=[mobile.certificate_id])
    desk = log_in(scene.cast.alva)
    page = desk.get(reverse("person", args=[card.person_id]))
    assert address in page.content.decode()
    assert "Telefon" in _text(page)
    assert log_in(scene.cast.doris).get(address).status_code == 404
    assert "Telefon" in _text(desk.get(address))
    assert "i en telefon" in _text(desk.get(reverse("block-person", args=[card.person_id])))
    response = desk.post(address, block_form(scene))
    mobile.refresh_from_db()
    assert (response.status_code, mobile.state) == (302, "BLOCKED")


def test_a_second_login_is_spent_once_by_whom_it_is_of(
    scene: Scene, card: Card, log_in: LogIn, rf: RequestFactory
) -> None:
    """MOB-4: replayed, in another session, or for another act: nothing is done."""
    row, at = as_holder(log_in(scene.cast.alva), card), timezone.now()
    act = Act(kind=ActKind.MOBILE_MAKE, text="Ett", facts={"card_id": str(card.pk)})
    request, actor = rf.post(NEW), replace(holder(card), credential=str(row.pk))
    request.signed_act = SignedAct.objects.create(  # type: ignore[attr-defined] # as the replay leaves it
        kind=act.kind.value,
        content=act.content(),
        facts_hash=act.facts_hash,
        evidence_id="the evidence",
        session=row,
        person_id=row.person_id,
        signed_at=at,
    )
    other = replace(act, facts={"card_id": "another"})
    for wrong, who, when in (
        (other, actor, at),
        (act, replace(actor, credential="another session"), at),
        (act, actor, at + timedelta(minutes=6)),
    ):
        with pytest.raises(SignatureUnfit), second_login(request, wrong, actor=who, at=when):
            pass
    with second_login(request, act, actor=actor, at=at) as (doer, login):
        assert (doer.evidence_id, login.person_id) == ("the evidence", str(card.person_id))
    with pytest.raises(SignatureUnfit), second_login(request, act, actor=actor, at=at):
        pass
