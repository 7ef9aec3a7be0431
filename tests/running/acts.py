"""What people do in front of the pages with a card in their hand, in either language."""

from playwright.sync_api import expect

from client import flows
from client.errors import PinBlocked, WrongPin
from client.virtual_readers import VirtualReaders
from deploy.demo.browser import Browser as HttpBrowser
from deploy.demo.main_job import LOST
from deploy.demo.signing import start_link
from portal.pages.parts import grouped
from tests.running.installation import Installation, eventually
from tests.running.visitor import Visitor


def type_new_pin(client: Visitor, pin: str) -> None:
    """Type a PIN of one's own twice."""
    client.page.locator("#again").wait_for()
    client.page.locator("#pin").fill(pin)
    client.page.locator("#again").fill(pin)


def fetch_to_card(visitor: Visitor, card_number: str, *, pin: str) -> None:
    """Fetch new certificates to a card from the live steps of a renewal, in the card client."""
    client = visitor.opens_client(heading=visitor.say.client("renewal.title"))
    client.insert(card_number)
    client.page.locator("#pin").wait_for()
    client.look()
    client.type_pin(pin)
    client.page.get_by_role("heading", name=visitor.say.client("renewal.done")).wait_for()
    client.page.close()


def log_in_to_own_pages(own: Visitor, card_number: str, *, pin: str) -> None:
    """Log in as somebody without a role, with the card, and open one's own pages."""
    own.start_login()
    own.insert(card_number)
    own.choose_certificate_of(card_number)
    own.type_pin(pin)
    own.page.wait_for_url("**/role/")
    own.go("/mine/")
    expect(own.page.get_by_role("heading", name=own.say("Own pages"), level=1)).to_be_visible()
    own.look()


def block_own(own: Visitor, card_number: str) -> None:
    """Block a card of one's own as lost, from its row."""
    page = own.page
    page.locator("li.own-row", has_text=grouped(card_number)).locator("a[href$='/block/']").click()
    page.locator("select[name=reason]").select_option(LOST)
    page.locator("input[name=confirmed]").check()
    own.look()
    page.get_by_role("button", name=own.say("Block your card")).click()


def opens_the_door(installation: Installation, card_number: str, *, pin: str) -> None:
    """See that a card logs in with this PIN."""
    browser = HttpBrowser(installation.portal)
    started = browser.submit(browser.open("/login/"), action="/login/oob/start")
    configuration = installation.configuration
    back = flows.log_in(start_link(started), pin=pin, card_number=card_number, configuration=configuration)
    landed = browser.open(back)
    assert not landed.path.startswith("/login/"), landed.complaint()


def lock(installation: Installation, card_number: str) -> None:
    """Type wrong PINs until the card locks."""
    configuration = installation.configuration
    VirtualReaders(configuration).insert(card_number, reader=0)
    with flows.open_hardware(configuration) as hardware, hardware.card(card_number) as card:

        def is_locked() -> bool:
            try:
                card.log_in("000001")
            except WrongPin:
                return False
            except PinBlocked:
                return True
            raise AssertionError("a wrong PIN opened the card")

        eventually(is_locked)
