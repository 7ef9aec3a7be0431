"""The main job in a browser: order, production, activation, login, block, seen from outside (issue 2)."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from client import flows
from client.errors import LinkInvalid, ServerRefused
from client.picture import link_in_picture
from deploy.demo.cast import ALVA, HOLDER, Member
from deploy.demo.main_job import IDENTITY_DOCUMENT, LOST
from tests.running.aftermath import Aftermath
from tests.running.installation import Installation, eventually
from tests.running.visitor import Visitor, visiting
from tests.running.words import LANGUAGES

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_whole_main_job(
    installation: Installation, chromium: Browser, aftermath: Aftermath, language: str
) -> None:
    """POR-1, POR-2, REV-1, T21: an administrator, a holder, a card from order to block."""
    orders_before = len(installation.ask("orders", hsa_id=HOLDER.hsa_id))
    is_looked_at = language == "sv"  # axe judges what is built, which is the same in both languages
    with visiting(chromium, installation, language=language, is_looked_at=is_looked_at) as alva:
        _log_in_by_keyboard(alva, ALVA)
        _find_by_keyboard(alva, HOLDER)
        person = alva.page.url
        _order(alva)
        _follow_production(alva)
        card_number = _activate(alva, HOLDER)
        aftermath.one_order_and_one_card(HOLDER, orders_before=orders_before)
        outsiders = aftermath.one_certificate_for_each_key(HOLDER)
        assert [outsider.openssl_verify() for outsider in outsiders] == ["OK", "OK"]

        with visiting(chromium, installation, language=language, is_looked_at=is_looked_at) as holder:
            _the_holder_logs_in(holder, HOLDER, card_number)

        alva.page.goto(person)
        _block_by_keyboard(alva)
        assert [outsider.openssl_ocsp() for outsider in outsiders] == ["revoked", "revoked"]
        _log_out(alva)
    aftermath.revoked_everywhere(HOLDER)
    aftermath.everything_once(HOLDER)


def test_a_blocked_card_opens_no_door_and_ends_the_session_it_opened(
    installation: Installation, chromium: Browser, aftermath: Aftermath
) -> None:
    """REV-1, T15: who is logged in with the card is out without a click, and does not come in again."""
    with (
        visiting(chromium, installation, may_be_refused=True) as alva,
        visiting(chromium, installation, may_be_refused=True) as holder,
    ):
        alva.log_in(ALVA)
        _find_by_keyboard(alva, HOLDER)
        person = alva.page.url
        _order(alva)
        _follow_production(alva)
        card_number = _activate(alva, HOLDER)
        _the_holder_logs_in(holder, HOLDER, card_number)
        alva.page.goto(person)
        _block_by_keyboard(alva)

        ended = eventually(lambda: installation.ask("sessions_ended", card_number=card_number))
        assert [one["reason"] in {"card_not_active", "certificate_revoked"} for one in ended] == [True]
        holder.go("/role/")
        expect(holder.page).to_have_url(re.compile("/login/"))
        holder.start_login()
        holder.insert(card_number)
        holder.choose_certificate_of(card_number)
        holder.type_pin(HOLDER.pin)
        expect(holder.page.get_by_role("heading", name="Det gick inte")).to_be_visible()
        holder.go("/login/")
        expect(holder.page.get_by_role("alert")).to_contain_text("Du är inte inloggad")
        holder.look()


def test_a_holder_scans_with_another_device_by_keyboard(
    installation: Installation, chromium: Browser, tmp_path: Path
) -> None:
    """T21, AUT-3, MIN-1: the other device reads the code off this screen; own pages open by it."""
    card_number = installation.member_card(ALVA)
    with visiting(chromium, installation, may_be_refused=True) as holder:
        holder.go("/login/")
        holder.press(holder.page.get_by_role("button", name="Kort eller Mobilt SITHS eID på en annan enhet"))
        screen = holder.page.locator("#scan")
        screen.locator("svg").wait_for()
        holder.look()

        def is_scanned() -> bool:
            """Read the frame of this second; one that changed, or was too old when it came, is read again."""
            picture = tmp_path / "code.png"
            screen.screenshot(path=picture)
            try:
                link = link_in_picture(picture)
                flows.log_in(
                    link.text,
                    pin=ALVA.pin,
                    card_number=card_number,
                    configuration=installation.configuration,
                )
            except (LinkInvalid, ServerRefused):
                return False
            return True

        eventually(is_scanned, why="the code is scanned")
        holder.page.wait_for_url("**/mine/")
        expect(holder.page.get_by_text("via QR-kod")).to_be_visible()
        holder.look()


def test_the_key_pages_in_english(
    installation: Installation, chromium: Browser, aftermath: Aftermath
) -> None:
    """POR-7: English is complete: no Swedish word on the way through the pages."""
    with visiting(chromium, installation, language="en", may_be_refused=True) as alva:
        alva.page.context.clear_cookies()
        alva.go("/login/")
        alva.page.get_by_role("button", name="Switch to English").click()
        expect(alva.page.get_by_role("heading", name="Log in")).to_be_visible()
        _speaks_english(alva)
        alva.log_in(ALVA)
        _speaks_english(alva)
        for path in ("/orders/", "/people/search/", "/status/", "/accessibility/"):
            alva.go(path)
            _speaks_english(alva)
        _find_by_keyboard(alva, HOLDER)
        _speaks_english(alva)
        alva.page.get_by_role("link", name="Order a card").first.click()
        expect(alva.page.get_by_role("heading", name="Order a card for")).to_be_visible()
        _speaks_english(alva)
        alva.page.get_by_role("button", name="Continue").click()
        expect(alva.page.get_by_role("button", name="Place the order")).to_be_visible()
        _speaks_english(alva)
        alva.go("/nowhere/")
        _speaks_english(alva)


BLOCKED = {"sv": "är spärrat", "en": "is blocked"}
SWEDISH = re.compile(r"[åäö]|\b(och|inte|kortet|eller|som|för|med|till|är)\b", re.IGNORECASE)


def _speaks_english(visitor: Visitor) -> None:
    """Look at every text of the page but for names and places, which are data."""
    visitor.look()
    assert visitor.page.locator("html").get_attribute("lang") == "en"
    texts = visitor.page.locator(
        "h1, h2, h3, th, dt, label, legend, button, nav a, .tag, .btn, p, small, .notice"
    ).all_inner_texts()
    names = re.compile(r"[ÅÄÖ]\S*|[A-Z]\S*[åäöé]\S*|\S*\d\S*")  # Åsa, Älvdalens; addresses and numbers
    found = [text for text in texts if SWEDISH.search(names.sub("", text))]
    assert [text for text in found if text != "Byt till svenska"] == []


# --- what they do -----------------------------------------------------------------------------------


def _log_in_by_keyboard(visitor: Visitor, member: Member) -> None:
    page, say = visitor.page, visitor.say
    visitor.go("/")
    expect(page).to_have_url(re.compile("/login/"))
    visitor.look()
    visitor.press(page.get_by_role("button", name=re.compile(f"^{say('Card on this device')}")))
    page.get_by_text(re.compile("^\\d{4}$")).wait_for()
    visitor.look()
    code = page.locator("dd.code").inner_text()
    visitor.press(page.get_by_role("link", name=say("Open the card client")))
    page.locator("aside").wait_for()
    card = visitor.installation.member_card(member)
    if not page.locator(f"[data-card='{card}']").count():
        visitor.press(page.locator(f"button[name=card][value='{card}']"))
    page.locator("#pin").wait_for()
    visitor.look()
    assert page.locator("dd .code").inner_text() == code
    visitor.choose_certificate_of(card)
    visitor.tab_to(page.locator("#pin"))
    page.keyboard.type(member.pin)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{visitor.installation.portal}/")
    expect(page.locator("header .who")).to_contain_text(say("ID administrator"))
    visitor.look()


def _find_by_keyboard(visitor: Visitor, member: Member) -> None:
    page = visitor.page
    page.keyboard.press("/")
    expect(page.locator("#search-query")).to_be_focused()
    page.keyboard.type(f"{member.number[:8]}-{member.number[8:]}")
    page.keyboard.press("Enter")
    page.wait_for_url("**/people/*-*/")
    expect(page.get_by_role("heading", level=1)).to_contain_text(member.name.split()[-1])
    visitor.look()


def _order(visitor: Visitor) -> None:
    page, say = visitor.page, visitor.say
    page.get_by_role("link", name=say("Order a card")).first.click()
    expect(page.get_by_role("heading", name=say("Order a card for %(name)s", name=""))).to_be_visible()
    visitor.look()
    page.locator("input[name=product][value='7C1']").check()
    page.get_by_role("button", name=say("Continue")).click()
    place = page.get_by_role("button", name=say("Place the order"))
    place.wait_for()
    visitor.look()
    place.click()
    page.wait_for_url("**/orders/*-*/")
    expect(page.get_by_role("status").first).to_contain_text(
        say("The card is ordered. You can follow the production here.")
    )


def _follow_production(visitor: Visitor) -> None:
    """See the production go on by itself: nobody touches the page."""
    page = visitor.page
    activate = page.locator("#next-act")
    activate.wait_for()
    expect(page.locator("#production .steps li.done")).to_have_count(4)
    visitor.look()
    activate.click()


def _activate(visitor: Visitor, member: Member) -> str:
    """Check the identity, let the holder choose a PIN in the client, and see the receipt."""
    page, say = visitor.page, visitor.say
    page.wait_for_url("**/activate/")
    visitor.look()
    for step in page.locator("input[name=steps]").all():
        step.check()
    page.get_by_label(say("Kind of document")).select_option(IDENTITY_DOCUMENT["document_kind"])
    page.locator("input[name=document_number]").fill(IDENTITY_DOCUMENT["document_number"])
    page.locator("input[name=document_valid_to]").fill(IDENTITY_DOCUMENT["document_valid_to"])
    page.get_by_role("button", name=say("Continue to the card")).click()
    visitor.sign(ALVA)
    page.wait_for_url("**/activations/*/")
    visitor.look()
    card_number = "".join(re.findall(r"\d", page.locator(".page-head .mono").inner_text()))
    with page.context.expect_page() as opened:
        page.get_by_role("link", name=say("Open the card client")).click()
    _holder_chooses_pin(visitor, opened.value, card_number, member)
    receipt = page.get_by_role("link", name=say("Show the receipt"))
    receipt.wait_for()
    expect(page.locator("#visit .steps li.done")).to_have_count(6)
    visitor.look()
    receipt.click()
    expect(page.get_by_role("heading", name=say("Receipt for an eID card"))).to_be_visible()
    expect(page.locator("article.document")).to_contain_text(card_number)
    visitor.look()
    opened.value.close()
    return card_number


def _holder_chooses_pin(visitor: Visitor, client: Page, card_number: str, member: Member) -> None:
    own, say = visitor.in_tab(client), visitor.say.client
    client.get_by_role("heading", name=say("activation.title")).wait_for()
    own.insert(card_number)
    client.locator("#again").wait_for()
    own.look()
    client.locator("#pin").fill(member.pin)
    client.locator("#again").fill(member.pin)
    client.get_by_role("checkbox").check()
    client.get_by_role("button", name=say("activation.submit")).click()
    client.get_by_role("heading", name=say("activation.done")).wait_for()
    expect(client.locator(".steps .done")).to_have_count(6)
    own.look()


def _the_holder_logs_in(visitor: Visitor, member: Member, card_number: str) -> None:
    """See that the new card opens the door, and that somebody without a role is told so."""
    visitor.start_login()
    visitor.insert(card_number)
    visitor.choose_certificate_of(card_number)
    visitor.type_pin(member.pin)
    visitor.page.wait_for_url("**/role/")
    expect(visitor.page.get_by_text(visitor.say("You have no role here."))).to_be_visible()
    visitor.look()


def _block_by_keyboard(visitor: Visitor) -> None:
    page, say = visitor.page, visitor.say
    visitor.press(page.locator("main a[href$='/block/']").first)
    cancel = page.get_by_role("link", name=say("Cancel"))
    expect(cancel).to_be_focused()  # danger starts at the harmless button
    visitor.look()
    reason = visitor.tab_to(page.locator("select[name=reason]"))
    page.keyboard.type(say("Lost or stolen card")[0])
    expect(reason).to_have_value(LOST)
    visitor.tab_to(page.locator("input[name=confirmed]"))
    page.keyboard.press("Space")
    visitor.press(page.get_by_role("button", name=say("Block card %(number)s", number="").strip()))
    page.wait_for_url("**/people/*-*/")
    expect(page.get_by_role("status").first).to_contain_text(BLOCKED[say.language])
    # The ledger, OCSP, the list and its delta: by itself. Three of them would be a moment that passes.
    expect(page.locator(".landing").first.locator("li.done")).to_have_count(4)
    visitor.look()


def _log_out(visitor: Visitor) -> None:
    visitor.page.get_by_role("button", name=visitor.say("Log out")).click()
    expect(visitor.page).to_have_url(re.compile("/login/"))
    eventually(lambda: visitor.page.locator("h1").count(), why="the login page")
    visitor.look()
