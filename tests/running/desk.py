"""An ID administrator at work over HTTP: every act may be tried again, as a person would after a fault."""

from collections.abc import Callable
from dataclasses import dataclass

import requests

from client import flows
from client.activation import Activation, Step
from client.errors import ServerRefused, ServerUnreachable
from client.links import parse_link
from client.virtual_readers import VirtualReaders
from deploy.demo.browser import Browser, Page, PageRefused
from deploy.demo.cast import ALVA, Member
from deploy.demo.main_job import IDENTITY_DOCUMENT, LOST
from deploy.demo.signing import signed, start_link
from tests.running.installation import Installation, eventually

PRODUCT = "7C1"
GONE = (requests.ConnectionError, requests.ReadTimeout)
"""What a browser meets while the portal is being started again."""
AWAY = {"revocationUnavailable", "notFound"}
"""What the card client is told when a card's status was not to be had, or its answer came too late."""


@dataclass(slots=True)
class Desk:
    """One administrator, logged in."""

    installation: Installation
    browser: Browser
    member: Member = ALVA

    @classmethod
    def of(cls, installation: Installation, member: Member = ALVA) -> "Desk":
        """Log a member in with their card, through the client, and take their only role."""
        browser = Browser(installation.portal)
        started = browser.submit(browser.open("/login/"), action="/login/oob/start")
        back = flows.log_in(
            start_link(started),
            pin=member.pin,
            card_number=installation.member_card(member),
            configuration=installation.configuration,
        )
        assert browser.open(back).path == "/"
        return cls(installation, browser, member)

    # --- single acts: each is one form of one page --------------------------------------------------

    def person(self, member: Member) -> Page:
        """Find a person by personal number and open their page."""
        found = self.browser.submit(self.browser.open("/"), {"q": member.number}, action="/people/search/")
        assert found.path.startswith("/people/"), found.complaint()
        return found

    def order(self, person: str) -> Page:
        """Order a card on a person's page and return the order's page. Raises ``PageRefused``."""
        choose = self.browser.open(f"{person}order/")
        confirm = self.browser.submit(choose, {"product": PRODUCT}, button=("step", "confirm"))
        return self.browser.submit(confirm, button=("step", "place"))

    def open_activation(self, address: str) -> str:
        """Check the identity and return the link that the card client opens. Raises ``PageRefused``."""
        form = self.browser.open(address)
        steps = [str(value) for value in form.document.xpath("//input[@name='steps']/@value")]
        values: dict[str, str | list[str]] = {**IDENTITY_DOCUMENT, "steps": steps}
        asked = self.browser.submit(form, values, button=("act", "open"))
        return start_link(self.signed(asked))

    def signed(self, page: Page) -> Page:
        """Sign the act that a page waits for, by the card that the person logged in with."""
        return signed(
            self.browser,
            page,
            pin=self.member.pin,
            card_number=self.installation.member_card(self.member),
            configuration=self.installation.configuration,
        )

    def block(self, address: str) -> Page:
        """Block a card as lost and return the page that follows. Raises ``PageRefused``."""
        form = self.browser.open(address)
        return self.browser.submit(form, {"reason": LOST, "confirmed": "on"})

    # --- with patience: until it is done, whatever dies meanwhile -----------------------------------

    def patiently(self, act: Callable[[], Page | str | None]) -> Page | str:
        """Try an act until it gives something; only a portal that is away, or says so, may stop it."""

        def tried() -> Page | str | None:
            try:
                return act()
            except GONE:
                return None
            except PageRefused as refusal:
                if "answered 503" not in str(refusal):
                    raise
                return None

        return eventually(tried, why=getattr(act, "__name__", "an act at the desk"))

    def link(self, person: str, part: str) -> str:
        """Wait until the person's page offers a link and return its address."""

        def offered() -> str | None:
            links = links_of(self.browser.open(person), part)
            return links[0] if links else None

        return str(self.patiently(offered))

    def has_ordered(self, person: str) -> None:
        """Order a card; if the answer was lost, the page shows whether the order is there."""

        def ordered() -> str | None:
            page = self.browser.open(person)
            if not links_of(page, "/order/"):
                return page.path
            try:
                return self.order(person).path
            except PageRefused as refusal:
                if "answered 409" not in str(refusal):
                    raise
                return None  # the order whose answer was lost went through after the page was opened

        self.patiently(ordered)

    def has_blocked(self, person: str) -> None:
        """Block the card of a person who has one; if the answer was lost, the page shows it."""

        def blocked() -> str | None:
            addresses = links_of(self.browser.open(person), "/block/")
            if not addresses:
                return person
            page = self.block(addresses[0])
            return page.path if "/block/" not in page.path else None

        self.patiently(blocked)

    def activates(self, person: str, *, pin: str, at_step: Callable[[Step], None] = lambda _: None) -> None:
        """Activate the card that waits; where the client cannot go on, begin again at the desk."""

        def activated() -> str | None:
            addresses = links_of(self.browser.open(person), "/activate/")
            if not addresses:
                return person
            try:
                self.completes(self.open_activation(addresses[0]), pin=pin, at_step=at_step)
            except ServerUnreachable:
                return None  # the claim's answer was lost: only that may end a link
            except ServerRefused as refusal:
                if refusal.facts["status"] != "503" and refusal.facts.get("error_code") not in AWAY:
                    raise
                return None
            return person

        self.patiently(activated)

    def completes(self, link: str, *, pin: str, at_step: Callable[[Step], None] = lambda _: None) -> None:
        """Walk through an activation in the client, going on whenever the portal was away."""
        configuration = self.installation.configuration
        with flows.open_hardware(configuration) as hardware:
            activation = Activation(parse_link(link), configuration=configuration, hardware=hardware)
            VirtualReaders(configuration).insert(activation.card_number, reader=0)

            def completed() -> bool:
                try:
                    activation.complete(pin, report=at_step)
                except ServerUnreachable:
                    return False
                return True

            eventually(completed, why="the activation is complete")

    def makes_active_card(self, holder: Member) -> str:
        """Get a person a new active card, nothing going wrong, and return the person's address."""
        person = self.person(holder).path
        self.has_blocked(person)
        self.has_ordered(person)
        self.link(person, "/activate/")
        self.activates(person, pin=holder.pin)
        return person


def links_of(page: Page, part: str) -> list[str]:
    """Return the addresses in the page's own content that end with ``part``."""
    return [str(address) for address in page.document.xpath("//main//a/@href") if address.endswith(part)]
