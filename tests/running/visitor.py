"""Somebody in front of a browser, and somebody who watches over their shoulder what the browser says."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from axe_playwright_python.base import AXE_FILE_PATH
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Request, Response, expect

from deploy.demo.cast import Member
from tests.running.installation import Installation

AXE = Path(AXE_FILE_PATH).read_text(encoding="utf-8")
REPORT_VIOLATIONS = (
    "document.addEventListener('securitypolicyviolation', (event) =>"
    " console.error('CSP: ' + event.violatedDirective + ' ' + event.blockedURI));"
)
PATIENCE_MS = 30_000
expect.set_options(timeout=PATIENCE_MS)
REFUSED = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d")
"""Chromium's word for a page that says no in an orderly way."""


@dataclass(slots=True)
class Visitor:
    """One person's browser on a running installation; ``page`` is the tab in front of them."""

    installation: Installation
    page: Page
    numbers: list[str]
    may_be_refused: bool = False
    may_be_cut_off: bool = False
    complaints: list[str] = field(default_factory=list)

    # --- what is watched ----------------------------------------------------------------------------

    def watch(self, context: BrowserContext) -> None:
        """Note every error that the browser tells of, every 5xx, and every address with a person's number."""
        context.add_init_script(REPORT_VIOLATIONS)
        # Playwright marks the methods that it is given, which slots forbid.
        context.on("request", lambda request: self._see_request(request))  # noqa: PLW0108
        context.on("response", lambda response: self._see_response(response))  # noqa: PLW0108
        context.on("console", lambda message: self._see_console(message.type, message.text))
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))

    def _see_request(self, request: Request) -> None:
        digits = re.sub(r"[-+]", "", request.url)
        self.complaints += [f"{number} in {request.url}" for number in self.numbers if number in digits]

    def _see_response(self, response: Response) -> None:
        if response.status >= 500:
            self.complaints.append(f"{response.status} from {response.url}")

    def _see_console(self, kind: str, text: str) -> None:
        is_expected = (self.may_be_refused and REFUSED.match(text)) or (
            self.may_be_cut_off and ("ERR_" in text or text.startswith("htmx:"))
        )
        if kind == "error" and not is_expected:
            self.complaints.append(text)

    def look(self) -> None:
        """Let axe look at the page as it stands: no violation of any rule."""
        self.page.wait_for_load_state("load")
        self.page.evaluate(AXE)
        result: dict[str, Any] = self.page.evaluate("axe.run()")
        self.complaints += [
            f"axe on {self.page.url}: {rule['id']}: {rule['nodes'][0]['html'][:200]}"
            for rule in result["violations"]
        ]

    # --- the keyboard -------------------------------------------------------------------------------

    def tab_to(self, target: Locator) -> Locator:
        """Press Tab until the target has the focus."""
        target.wait_for()
        for _ in range(80):
            if target.evaluate("element => element === document.activeElement"):
                return target
            self.page.keyboard.press("Tab")
        raise AssertionError(f"no number of tabs leads to {target}")

    def press(self, target: Locator) -> None:
        """Reach a control by Tab and press Enter on it."""
        self.tab_to(target)
        self.page.keyboard.press("Enter")

    # --- what they do -------------------------------------------------------------------------------

    def go(self, path: str) -> None:
        """Open a page of the portal."""
        self.page.goto(f"{self.installation.portal}{path}")

    def insert(self, card_number: str) -> None:
        """Put a card into a reader of the client's page, unless it lies in one."""
        inserted = self.page.locator(f"[data-card='{card_number}']")
        button = self.page.locator(f"button[name=card][value='{card_number}']")
        inserted.or_(button).first.wait_for()
        if not inserted.count():
            button.click()
        inserted.wait_for()

    def take_out_everything(self) -> None:
        """Empty both readers by the buttons of the client's page."""
        buttons = self.page.locator("form[action='/remove'] button")
        for left in range(buttons.count(), 0, -1):
            buttons.first.click()
            expect(buttons).to_have_count(left - 1)

    def start_login(self) -> None:
        """Begin a login and open the client's page in the same tab."""
        self.go("/login/")
        self.page.locator("form[action='/login/oob/start'] button").click()
        self.page.locator("a.btn-primary[href*='/open?']").click()
        self.page.locator("aside").first.wait_for()

    def type_pin(self, pin: str) -> None:
        """Type a PIN into the client's page and send it."""
        field_ = self.page.locator("#pin")
        field_.fill(pin)
        field_.press("Enter")

    def log_in(self, member: Member) -> None:
        """Log in to the only role, with card and PIN, on the client's page."""
        self.start_login()
        self.insert(self.installation.member_card(member))
        self.choose_certificate_of(self.installation.member_card(member))
        self.type_pin(member.pin)
        self.page.wait_for_url(f"{self.installation.portal}/")

    def sign(self, member: Member) -> None:
        """Sign the act that the page waits for, by keyboard, with the card that they logged in with."""
        self.page.wait_for_url("**/sign/*/")
        self.look()
        code = self.page.locator("dd.code").inner_text()
        self.press(self.page.locator("a.btn-primary[href*='/open?']"))
        self.page.locator("aside").first.wait_for()
        card = self.installation.member_card(member)
        self.insert(card)
        self.choose_certificate_of(card)
        self.look()
        assert self.page.locator("dd .code").inner_text() == code
        self.type_pin(member.pin)

    def choose_certificate_of(self, card_number: str) -> None:
        """Choose a certificate of one card where the client offers several."""
        self.page.locator("#pin").wait_for()
        choices = self.page.locator("fieldset.choice label", has_text=f"…{card_number[-4:]}")
        if choices.count():
            choices.first.click()


@contextmanager
def visiting(
    browser: Browser,
    installation: Installation,
    *,
    language: str = "sv",
    may_be_refused: bool = False,
    may_be_cut_off: bool = False,
) -> Iterator[Visitor]:
    """Open a browser of its own for one person; in the end nothing may have been complained of."""
    locale = "sv-SE" if language == "sv" else "en-GB"
    context = browser.new_context(
        locale=locale, timezone_id="Europe/Stockholm", viewport={"width": 1280, "height": 900},
        reduced_motion="reduce",
    )  # fmt: skip
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    numbers: list[str] = installation.ask("all_numbers")
    both = [*numbers, *(number[2:] for number in numbers)]
    visitor = Visitor(installation, page, both, may_be_refused, may_be_cut_off)
    visitor.watch(context)
    try:
        yield visitor
    except BaseException as error:
        for tab in context.pages:
            error.add_note(f"{tab.url}\n{tab.locator('body').aria_snapshot()}")
        raise
    finally:
        context.close()
    assert not visitor.complaints, "\n".join(visitor.complaints)
