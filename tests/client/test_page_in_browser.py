"""The page in Chromium: keyboard only, without a script, read by axe, under its own content policy (T21)."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from axe_playwright_python.base import AXE_FILE_PATH
from playwright.sync_api import Browser, Page, expect

from client import flows
from client.configuration import Configuration
from client.errors import PinBlocked, PinNotAllowed, WrongPin
from client.page.server import PageServer
from client.virtual_readers import VirtualReaders
from tests.client.conftest import PIN, CardInHand
from tests.client.fixture_service import FixtureService
from tests.hsm_sim.cards import make_card
from tests.running.installation import PATIENCE
from tests.running.words import LANGUAGES, in_language

pytestmark = pytest.mark.browser

NEW_PIN = "839164"


@pytest.fixture
def address(configuration: Configuration) -> Iterator[str]:
    server = PageServer(replace(configuration, page_port=0))
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server.address
    server.shutdown()
    server.server_close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(locale="sv-SE", viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    yield opened
    context.close()
    assert complaints == []


def _open(page: Page, address: str, url: str) -> None:
    page.goto(f"{address}/open?url={quote(url)}")


def _violations(page: Page) -> list[str]:
    page.wait_for_load_state("load")  # a heading can be there before the stylesheet is
    page.evaluate(Path(AXE_FILE_PATH).read_text(encoding="utf-8"))
    result: dict[str, Any] = page.evaluate("axe.run()")
    return [
        f"{rule['id']}: {rule['nodes'][0]['html'][:120]} {rule['nodes'][0]['failureSummary']}"
        for rule in result["violations"]
    ]


def test_a_person_logs_in_by_keyboard_alone(
    active_card: CardInHand, service: FixtureService, readers: VirtualReaders, address: str, page: Page
) -> None:
    url, order = service.start_login()
    _open(page, address, url)
    page.get_by_role("heading", name="Sätt i ditt kort").wait_for()
    # A locator's press waits for the page that follows, the keyboard's does not.
    page.get_by_role("button", name="Sätt i Åsa Lindqvists kort").press("Enter")
    page.locator("#pin").wait_for()
    page.locator("#pin:focus").wait_for()  # the field asks for what is next
    page.keyboard.type("000111")
    page.locator("#pin").press("Enter")
    page.get_by_role("alert").get_by_text("4 försök kvar").wait_for()
    page.locator("#pin:focus").wait_for()  # the field is there before it has the focus
    page.keyboard.type(PIN)
    page.locator("#pin").press("Enter")
    page.wait_for_url(f"{order.return_url}?**")
    assert order.answer
    assert service.log[-1] == "return"


def test_what_is_typed_survives_a_card_that_comes(  # noqa: PLR0917 - fixtures
    active_card: CardInHand, card: CardInHand, home: Path, module: Path, service: FixtureService,
    readers: VirtualReaders, address: str, page: Page,
) -> None:  # fmt: skip
    other, _ = make_card(home, module, name="Bo Ek")
    readers.insert(active_card.number, reader=0)
    _open(page, address, service.start_login()[0])
    page.locator("#pin").fill("7492")
    readers.insert(other, reader=1)
    page.get_by_role("article", name="Läsare 2: Bo Ek").wait_for()
    expect(page.locator("#pin")).to_have_value("7492")
    page.get_by_role("group", name="Siffror").get_by_text("0", exact=True).click()
    expect(page.locator("#pin")).to_have_value("74920")


def test_an_activation_shows_its_steps_as_they_happen(
    card: CardInHand, service: FixtureService, readers: VirtualReaders, address: str, page: Page
) -> None:
    may_go_on = threading.Event()
    service.before_call = lambda name: (
        may_go_on.wait(PATIENCE) and None if name == "activation/certificates" else None
    )
    readers.insert(card.number, reader=0)
    url, activation = service.start_activation(card.number, card.admin_key)
    _open(page, address, url)
    page.locator("#pin").fill(PIN)
    page.locator("#again").fill(PIN)
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Aktivera kortet").click()
    page.locator(".steps .now").get_by_text("Certifikat utfärdade").wait_for()
    expect(page.locator(".steps .done")).to_have_count(3)
    may_go_on.set()
    page.get_by_role("heading", name="Kortet är aktivt").wait_for()
    assert activation.state == "active"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_axe_finds_nothing_and_nothing_is_cut_off(  # noqa: PLR0917 - fixtures
    scheme: Any, width: int, active_card: CardInHand, service: FixtureService, readers: VirtualReaders,
    address: str, page: Page,
) -> None:  # fmt: skip
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(address)
    found = _violations(page)
    readers.insert(active_card.number, reader=0)
    _open(page, address, service.start_login()[0])
    page.locator("#pin").fill("000111")
    page.locator("#pin").press("Enter")
    page.get_by_role("alert").wait_for()
    found += _violations(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("button", name="Avbryt").click()
    page.get_by_role("heading", name="Avbrutet").wait_for()
    found += _violations(page)
    _open(page, address, service.start_activation(active_card.number, active_card.admin_key)[0])
    page.locator("#again").wait_for()
    found += _violations(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert found == []


def test_without_a_script_the_page_still_leads_back(
    active_card: CardInHand, service: FixtureService, readers: VirtualReaders, address: str, chromium: Browser
) -> None:
    readers.insert(active_card.number, reader=0)
    context = chromium.new_context(java_script_enabled=False, locale="sv-SE")
    page = context.new_page()
    url, order = service.start_login()
    _open(page, address, url)
    page.locator("#pin").wait_for()
    page.locator("#pin").fill(PIN)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{order.return_url}?**")
    assert order.answer
    context.close()


def test_another_site_can_neither_frame_nor_read_nor_drive_the_page(
    active_card: CardInHand, service: FixtureService, readers: VirtualReaders, address: str, chromium: Browser
) -> None:
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{service.origin}/login/oob/return")  # another origin
    outcome = page.evaluate(
        """async ([address, card]) => {
            let read = "";
            try { read = await (await fetch(address + "/")).text(); } catch { read = "blocked"; }
            try {
                await fetch(address + "/insert", {method: "POST", mode: "no-cors",
                    body: new URLSearchParams({card, reader: "0", token: "x"})});
            } catch {}
            const frame = document.createElement("iframe");
            frame.src = address + "/";
            document.body.append(frame);
            await new Promise((done) => frame.addEventListener("load", done));
            let framed;
            try { framed = frame.contentDocument && frame.contentDocument.title; } catch { framed = null; }
            return [read, framed];
        }""",
        [address, active_card.number],
    )
    assert outcome[0] == "blocked"
    assert not outcome[1]
    assert readers.inserted() == {}
    context.close()


@pytest.fixture
def locked_card(active_card: CardInHand, configuration: Configuration) -> CardInHand:
    """A card in a reader whose PIN was wrong too many times."""
    VirtualReaders(configuration).insert(active_card.number, reader=0)
    with flows.open_hardware(configuration) as hardware, hardware.card(active_card.number) as card:
        for _ in range(4):
            with pytest.raises(WrongPin):
                card.log_in("000001")
        with pytest.raises((WrongPin, PinBlocked)):
            card.log_in("000001")
    return active_card


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_locked_card_is_opened_by_the_puk_of_its_letter(
    locked_card: CardInHand,
    configuration: Configuration,
    address: str,
    chromium: Browser,
    language: str,
) -> None:
    """domain.md 2.6: the holder alone, by keyboard; what is wrong is said, and opens nothing."""
    say = in_language(language).client
    with (
        flows.open_hardware(configuration) as hardware,
        hardware.card(locked_card.number) as card,
        pytest.raises(PinNotAllowed) as refused,
    ):
        card.unlock_with_puk(puk="1234567", pin=NEW_PIN)
    assert refused.value.facts == {"rule": "puk"}, "a digit forgotten costs no try: below, nine are left"
    page = chromium.new_page(locale=language)
    page.goto(address)
    page.get_by_role("link", name=say("puk.open")).focus()
    page.keyboard.press("Enter")
    for puk, pin, again, told in (
        ("00000000", NEW_PIN, NEW_PIN, say("wrongPuk", tries_left="9")),
        ("12345678", NEW_PIN, PIN, say("pinNotAllowed.differs")),
        ("12345678", "123456", "123456", say("pinNotAllowed.trivial")),
        ("12345678", NEW_PIN, NEW_PIN, ""),
    ):
        page.locator("#puk:focus").wait_for()
        for text in (puk, pin, again):
            page.keyboard.type(text)
            page.keyboard.press("Tab")
        with page.expect_navigation():  # what wakes the old page shows the answer there too, for a moment
            page.keyboard.press("Enter")  # the button has the focus
        if told:
            expect(page.get_by_role("alert")).to_have_text(told)
            assert _violations(page) == []
    page.get_by_role("heading", name=say("unlock.done")).wait_for()
    expect(page.get_by_text(say("pin.good"), exact=True)).to_be_visible()
    assert _violations(page) == []
    with flows.open_hardware(configuration) as hardware, hardware.card(locked_card.number) as card:
        card.log_in(NEW_PIN)
    page.goto(f"{address}/puk/1")
    page.get_by_text(say("noCard")).wait_for()
    page.close()
