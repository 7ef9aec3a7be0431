"""Takes a picture of each page of a running demo, going through it as people do: card, client, PIN."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.sync_api import Browser, FloatRect, Page, sync_playwright

_CHROMIUM: Final = "/usr/bin/chromium"
_ARGUMENTS: Final = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync")
_WIDE: Final = (1360, 900)
_NARROW: Final = (390, 844)
_TALLEST: Final = 1800
_PATIENCE: Final = 30_000
_HOLDER: Final = "198107229976"
_NEW_PIN: Final = "482905"


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """Where the demo runs, and who logs in to it."""

    portal: str
    card_number: str
    pin: str

    @classmethod
    def read(cls, home: Path, *, role: str = "id_administrator") -> "Demo":
        """Read demo.json and choose somebody with the role."""
        told = json.loads((home / "demo.json").read_text(encoding="utf-8"))
        person = next(one for one in told["people"] if role in one["roles"])
        return cls(portal=told["portal"].rstrip("/"), card_number=person["card_number"], pin=person["pin"])


@dataclass(slots=True)
class Camera:
    """Takes pictures into a folder and says which."""

    folder: Path
    say: Callable[[str], object]

    def take(self, page: Page, name: str) -> None:
        """Take the page, of a long one its beginning, in as few colours as show no difference."""
        page.wait_for_load_state("load")
        page.evaluate("document.fonts.ready")
        path = self.folder / f"{name}.png"
        height = min(int(page.evaluate("document.documentElement.scrollHeight")), _TALLEST)
        clip: FloatRect = {"x": 0, "y": 0, "width": _width(page), "height": height}
        page.screenshot(path=path, full_page=True, clip=clip, animations="disabled")
        with Image.open(path) as taken:
            few = taken.convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
            few.save(path, optimize=True)
        self.say(f"{name}.png")


def _width(page: Page) -> int:
    return page.viewport_size["width"] if page.viewport_size else _WIDE[0]


def take_all(
    *, home: Path, folder: Path, holder: str = _HOLDER, say: Callable[[str], object] = print
) -> None:
    """Go through the demo and write a picture of each page.

    The demo is used as it runs: somebody without a card (``holder``, a personal number) gets one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    demo, camera = Demo.read(home), Camera(folder=folder, say=say)
    with _browser() as browser:
        page = _new_page(browser)
        _public_pages(page, demo, camera)
        _log_in(page, demo, camera)
        camera.take(page, "today")
        person = _order(page, camera, holder)
        _activate(page, demo, camera, person)
        _block(page, camera)
        _lists_and_problems(page, demo, camera, person)
        _dark_and_narrow(browser, page, demo, camera, person)
        _auditors_pages(browser, Demo.read(home, role="auditor"), camera)
        _orderers_pages(browser, Demo.read(home, role="function_cert_orderer"), camera)


@contextmanager
def _browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_CHROMIUM, args=list(_ARGUMENTS))
        yield browser
        browser.close()


def _new_page(browser: Browser, *, size: tuple[int, int] = _WIDE, scheme: str = "light") -> Page:
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
        locale="sv-SE",
        timezone_id="Europe/Stockholm",
    )
    context.set_default_timeout(_PATIENCE)
    return context.new_page()


def _public_pages(page: Page, demo: Demo, camera: Camera) -> None:
    for path, name in (("/login/", "login"), ("/status/", "status"), ("/accessibility/", "accessibility")):
        page.goto(demo.portal + path)
        camera.take(page, name)


def _log_in(page: Page, demo: Demo, camera: Camera) -> None:
    page.goto(f"{demo.portal}/login/")
    page.click("form[action='/login/oob/start'] button")
    page.wait_for_selector(".code")
    camera.take(page, "login-waiting")
    page.click("main .btn-primary")
    _insert(page, demo.card_number)
    page.wait_for_selector("input[name=pin]")
    camera.take(page, "client-login")
    _choose_first(page)
    page.fill("input[name=pin]", demo.pin)
    page.press("input[name=pin]", "Enter")
    page.wait_for_url(f"{demo.portal}/**")
    if page.url.endswith("/role/"):
        camera.take(page, "role")
        page.click("main .btn-primary")
    page.wait_for_load_state("load")


def _insert(page: Page, card_number: str) -> None:
    """Put the card into a reader of the client's page, unless it lies in one."""
    page.wait_for_load_state("load")
    if page.locator(f"[data-card='{card_number}']").count():
        return
    while page.locator("form[action='/remove'] button").count() and not page.locator(".reader.empty").count():
        page.locator("form[action='/remove'] button").first.click()
        page.wait_for_load_state("load")
    page.click(f"button[name=card][value='{card_number}']")
    page.wait_for_selector(f"[data-card='{card_number}']")


def _choose_first(page: Page) -> None:
    choices = page.locator("input[name=certificate][type=radio]")
    if choices.count():
        choices.first.check()


def _order(page: Page, camera: Camera, holder: str) -> str:
    page.fill("#search-query", "Lin")
    page.press("#search-query", "Enter")
    page.wait_for_selector("main h1")
    camera.take(page, "search")
    page.fill("#search-query", holder)
    page.press("#search-query", "Enter")
    page.wait_for_selector(".person h1")
    person = page.url
    if page.locator("main a[href$='/order/']").count():
        page.click("main .person a[href$='/order/']")
        camera.take(page, "order-choose")
        page.click("button[value=confirm]")
        page.wait_for_selector("button[value=place]")
        camera.take(page, "order-confirm")
        page.click("button[value=place]")
        page.wait_for_url("**/orders/**")
        camera.take(page, "order")
        page.wait_for_selector("a[href*='/activate/']")
        camera.take(page, "order-shipped")
    page.goto(person)
    camera.take(page, "person-card-sent")
    return person


def _sign(page: Page, demo: Demo, camera: Camera) -> None:
    """Sign what the administrator is about to do with their card."""
    page.wait_for_selector(".signed-text")
    camera.take(page, "signing")
    page.click("main .btn-primary")
    _insert(page, demo.card_number)
    page.wait_for_selector("input[name=pin]")
    camera.take(page, "client-signing")
    _choose_first(page)
    page.fill("input[name=pin]", demo.pin)
    page.press("input[name=pin]", "Enter")


def _activate(page: Page, demo: Demo, camera: Camera, person: str) -> None:
    page.click("main a[href*='/activate/']")
    page.wait_for_selector("input[name=steps]")
    camera.take(page, "identity-check")
    for step in page.locator("input[name=steps]").all():
        step.check()
    page.select_option("select[name=document_kind]", "driving_licence")
    page.fill("input[name=document_number]", "900318989005")
    page.fill("input[name=document_valid_to]", "2031-05-31")
    page.click("button[value=open]")
    _sign(page, demo, camera)
    page.wait_for_url("**/activations/**")
    camera.take(page, "activation-waiting")
    live = page.url
    with page.context.expect_page() as opened:
        page.click("main a[target=_blank]")
    client = opened.value
    _insert(client, _card_number(page))
    client.wait_for_selector("input[type=password]")
    camera.take(client, "client-activation")
    _type_pins_and_sign(client)
    page.bring_to_front()
    page.wait_for_selector("a[href$='/receipt/']")
    camera.take(page, "activation-done")
    page.goto(f"{live}receipt/")
    camera.take(page, "receipt")
    page.goto(person)
    camera.take(page, "person-card-active")


def _card_number(page: Page) -> str:
    return "".join(letter for letter in page.locator(".page-head .mono").inner_text() if letter.isdigit())


def _type_pins_and_sign(client: Page) -> None:
    """Answer every question of the client until it is done: new PIN twice, then the receipt."""
    for _ in range(6):
        for field in client.locator("input[type=password]").all():
            field.fill(_NEW_PIN)
        for box in client.locator("main input[type=checkbox]").all():
            box.check()
        client.locator("main form button.button[type=submit]").first.click()
        client.wait_for_load_state("load")
        client.locator("main input[type=password]").or_(client.locator("main .big-sign.ok")).first.wait_for()
        if not client.locator("main input[type=password]").count():
            return


def _block(page: Page, camera: Camera) -> None:
    page.click("main a[href*='/block/']")
    page.wait_for_selector("select[name=reason]")
    camera.take(page, "block")
    page.select_option("select[name=reason]", "lost_or_stolen")
    page.fill("textarea[name=note]", "Ringde och hade tappat kortet på bussen.")
    page.check("input[name=confirmed]")
    page.click("main form.main button")
    page.locator(".landing li:not(.done)").first.wait_for(state="detached", timeout=2 * _PATIENCE)
    camera.take(page, "person-card-blocked")


def _lists_and_problems(page: Page, demo: Demo, camera: Camera, person: str) -> None:
    for url, name in (
        (f"{demo.portal}/", "today-after"),
        (f"{demo.portal}/orders/", "orders"),
        (f"{person}?all=1", "person-all-cards"),
        (f"{demo.portal}/nowhere/", "not-found"),
    ):
        page.goto(url)
        camera.take(page, name)


def _dark_and_narrow(browser: Browser, page: Page, demo: Demo, camera: Camera, person: str) -> None:
    cookies = page.context.cookies()
    for size, scheme, suffix in ((_WIDE, "dark", "dark"), (_NARROW, "light", "narrow")):
        other = _new_page(browser, size=size, scheme=scheme)
        other.context.add_cookies(cookies)  # type: ignore[arg-type] # what one context gives, another takes
        for url, name in (
            (person, "person"),
            (f"{demo.portal}/", "today"),
            (f"{demo.portal}/orders/", "orders"),
        ):
            other.goto(url)
            camera.take(other, f"{name}-{suffix}")


def _auditors_pages(browser: Browser, demo: Demo, camera: Camera) -> None:
    """Read the journal as the auditor: search, an event with its proof, the journal's state, two heads."""
    page = _new_page(browser)
    _log_in(page, demo, Camera(folder=camera.folder, say=lambda _name: None))
    camera.take(page, "journal")
    page.goto(f"{demo.portal}/journal/?action=cards")
    camera.take(page, "journal-search")
    page.click(".entries a:has-text('spärrade kort')")
    page.wait_for_selector(".tree")
    camera.take(page, "journal-event")
    event = page.url
    page.goto(f"{demo.portal}/journal/intact/")
    camera.take(page, "journal-intact")
    page.click("table a[href*='/compare/'] >> nth=-1")
    page.wait_for_selector("#verdict")
    camera.take(page, "journal-compare")
    cookies = page.context.cookies()
    for size, scheme, suffix in ((_WIDE, "dark", "dark"), (_NARROW, "light", "narrow")):
        other = _new_page(browser, size=size, scheme=scheme)
        other.context.add_cookies(cookies)  # type: ignore[arg-type] # what one context gives, another takes
        for url, name in ((f"{demo.portal}/journal/", "journal"), (event, "journal-event")):
            other.goto(url)
            camera.take(other, f"{name}-{suffix}")


def _orderers_pages(browser: Browser, demo: Demo, camera: Camera) -> None:
    """Look at the function certificates as the one who orders them."""
    page = _new_page(browser)
    _log_in(page, demo, Camera(folder=camera.folder, say=lambda _name: None))
    camera.take(page, "function-certificates")
