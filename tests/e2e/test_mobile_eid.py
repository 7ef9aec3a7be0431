"""Mobilt SITHS eID in a browser, by keyboard, with the real client in the place of the phone's app."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from client.enrolling import Enrolment
from client.errors import LinkInvalid, ServerRefused
from client.flows import log_in
from client.links import LinkKind
from client.phones import Phone, Phones
from client.picture import link_in_picture
from deploy.demo.cast import ALVA
from tests.running.installation import Installation, eventually
from tests.running.visitor import Visitor, visiting

pytestmark = pytest.mark.browser
CODE = "750284"


def test_a_holder_makes_a_mobile_eid_logs_in_with_it_and_blocks_it(
    installation: Installation, chromium: Browser, tmp_path: Path
) -> None:
    """MOB-1 to MOB-6, MIN-3, AUT-9: terms, second login, code, phone; login on own pages; block, and out."""
    phone = Phones(installation.configuration).get_new("alva")
    with (
        visiting(chromium, installation, may_be_refused=True) as card,
        visiting(chromium, installation, may_be_refused=True) as scanned,
    ):
        card.log_in(ALVA)
        _makes(card, phone, tmp_path)
        _logs_in(scanned, phone, tmp_path)
        _may_not_make_another(scanned)
        _blocks(card)
        # Within a second the session that it opened is over, and it opens none again.
        scanned.go("/mine/")
        scanned.page.wait_for_url("**/login/**")
        scanned.press(scanned.page.locator("form[action='/login/oob/scan'] button"))
        screen = scanned.page.locator("#scan")
        eventually(lambda: _is_refused(screen, phone, tmp_path), why="the blocked one is refused as such")


def _makes(card: Visitor, phone: Phone, folder: Path) -> None:
    card.go("/mine/mobile/")
    card.look()
    card.press(card.page.get_by_role("link", name=card.say("Make a mobile eID")))
    card.page.wait_for_url("**/mine/mobile/new/")
    card.press(card.page.get_by_role("button", name=card.say("Log in once more")))
    expect(card.page.get_by_text(card.say("Accept the terms to go on.")).first).to_be_visible()
    card.look()
    card.page.locator("input[name=accepted]").press("Space")
    card.press(card.page.get_by_role("button", name=card.say("Log in once more")))
    card.sign(ALVA)
    screen = card.page.locator("#scan")
    screen.locator("svg").wait_for()
    card.look()
    picture = folder / "make.png"
    card.page.screenshot(path=picture, full_page=True)
    link = link_in_picture(picture)
    assert link.kind is LinkKind.MOBILE
    enrolment = Enrolment(link, phone=phone)
    expect(card.page.locator("#phone-digits")).to_have_text(enrolment.digits)
    card.look()
    card.press(card.page.locator("#approve-mobile"))
    enrolment.complete(CODE)
    expect(card.page.get_by_text(card.say("The mobile eID is in use"))).to_be_visible()
    card.look()
    with pytest.raises(ServerRefused):
        Enrolment(link, phone=phone)


def _logs_in(visitor: Visitor, phone: Phone, folder: Path) -> None:
    visitor.go("/login/")
    visitor.press(visitor.page.locator("form[action='/login/oob/scan'] button"))
    screen = visitor.page.locator("#scan")
    screen.locator("svg").wait_for()
    eventually(lambda: _is_scanned(screen, phone, folder), why="the phone scans the code")
    visitor.page.wait_for_url("**/mine/")
    expect(visitor.page.get_by_text(visitor.say("with a mobile eID")).first).to_be_visible()
    visitor.look()


def _may_not_make_another(visitor: Visitor) -> None:
    """MOB-4, MIN-4: it takes a card, and there is none to be tested."""
    visitor.go("/mine/mobile/")
    expect(visitor.page.get_by_role("button", name=visitor.say("Make a mobile eID"))).to_be_disabled()
    expect(visitor.page.get_by_role("link", name=visitor.say("Test the card"))).to_have_count(0)
    visitor.look()


def _blocks(card: Visitor) -> None:
    card.go("/mine/mobile/")
    card.press(card.page.locator("li.own-row a[href$='/block/']"))
    card.look()
    card.page.locator("select[name=reason]").select_option("lost_or_stolen")
    card.page.locator("input[name=confirmed]").press("Space")
    card.press(card.page.get_by_role("button", name=card.say("Block your mobile eID")))
    card.page.wait_for_url("**/mine/mobile/")
    expect(card.page.get_by_text(card.say("The mobile eID is blocked.")).first).to_be_visible()


def _is_scanned(screen: Locator, phone: Phone, folder: Path) -> bool:
    """Read the frame of this second; one that changed, or was too old when it came, is read again."""
    try:
        _scans(screen, phone, folder)
    except (LinkInvalid, ServerRefused):
        return False
    return True


def _is_refused(screen: Locator, phone: Phone, folder: Path) -> bool:
    """Tell whether the service refused the certificate; a frame that was too old is scanned again."""
    try:
        _scans(screen, phone, folder)
    except LinkInvalid:
        return False
    except ServerRefused as refusal:
        return refusal.facts["error_code"] in {"certificateRevoked", "cardNotActive"}
    raise AssertionError("a blocked mobile eID logged somebody in")


def _scans(screen: Locator, phone: Phone, folder: Path) -> None:
    screen.locator("svg").wait_for()
    picture = folder / "code.png"
    screen.screenshot(path=picture)
    log_in(link_in_picture(picture).text, pin=CODE, configuration=phone.configuration)
