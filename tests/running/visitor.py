"""Somebody in front of a browser, and somebody who watches over their shoulder what the browser says."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from playwright.sync_api import Browser, Page, expect

from deploy.demo.cast import Member
from deploy.demo.main_job import IDENTITY_DOCUMENT
from tests.running.installation import Installation
from tests.running.watched import Watched
from tests.running.words import Words, in_language


@dataclass(slots=True)
class Visitor(Watched):
    """One person's browser on a running installation; ``page`` is the tab in front of them."""

    installation: Installation
    page: Page
    numbers: list[str]
    may_be_refused: bool = False
    may_be_cut_off: bool = False
    complaints: list[str] = field(default_factory=list)
    say: Words = field(default_factory=lambda: in_language("sv"))
    is_looked_at: bool = True

    def look(self) -> None:
        """Let axe look at the page, unless the same page was looked at in the other language."""
        if self.is_looked_at:
            Watched.look(self)

    def in_tab(self, tab: Page) -> "Visitor":
        """Return the same person in front of another tab of theirs."""
        return replace(self, page=tab)

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

    def opens_client(self, *, heading: str) -> "Visitor":
        """Open the card client from the live steps, in a tab of its own."""
        with self.page.context.expect_page() as opened:
            self.page.locator("#open-client").click()
        client = opened.value
        client.get_by_role("heading", name=heading).wait_for()
        return self.in_tab(client)

    def checks_identity(self, *, act: str) -> None:
        """Tick the seven steps, note the document, and go on."""
        page = self.page
        page.locator("input[name=steps]").first.wait_for()
        for step in page.locator("input[name=steps]").all():
            step.check()
        page.locator("select[name=document_kind]").select_option(IDENTITY_DOCUMENT["document_kind"])
        for name in ("document_number", "document_valid_to"):
            page.locator(f"input[name={name}]").fill(IDENTITY_DOCUMENT[name])
        self.look()
        page.locator(f"button[name=act][value={act}]").click()

    def choose_certificate_of(self, card_number: str) -> None:
        """Choose a certificate of one card where the client offers several."""
        its_own = f"[data-of='{card_number}']"
        # The card shows in its reader before its certificates are read: until then another's are offered.
        self.page.locator(its_own).first.wait_for()
        choices = self.page.locator(f"label{its_own}")
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
    is_looked_at: bool = True,
) -> Iterator[Visitor]:
    """Open a browser of its own for one person; in the end nothing may have been complained of.

    They have chosen their language before: the portal speaks Swedish to whoever has not, the card client as
    the browser does. ``say`` has the words of the pages.
    """
    locale = "sv-SE" if language == "sv" else "en-GB"
    context = browser.new_context(
        locale=locale, timezone_id="Europe/Stockholm", viewport={"width": 1280, "height": 900},
        reduced_motion="reduce",
    )  # fmt: skip
    page = context.new_page()
    numbers: list[str] = installation.ask("all_numbers")
    both = [*numbers, *(number[2:] for number in numbers)]
    visitor = Visitor(installation, page, both, may_be_refused, may_be_cut_off)
    visitor.say, visitor.is_looked_at = in_language(language), is_looked_at
    visitor.say.choose_in(context, installation.portal)
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
