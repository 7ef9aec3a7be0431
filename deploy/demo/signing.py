"""Signs an act as a person does: the page names the link, the card client signs, the browser comes back."""

from urllib.parse import parse_qs, urlsplit

from client import flows
from client.configuration import Configuration
from deploy.demo.browser import Browser, Page, PageRefused

WAITS = "/sign/"
"""Where a form leads whose act must be signed first."""


def start_link(page: Page) -> str:
    """Return the link on a page that the card client opens; raises ``PageRefused`` without one."""
    for found in page.document.xpath("//a/@href"):
        address = str(found)
        named = str(parse_qs(urlsplit(address).query).get("url", [address])[0])
        if named.startswith("siths://"):
            return named
    raise PageRefused(f"{page.path} gives no link to the card client: {page.complaint()}")


def signed(browser: Browser, page: Page, *, pin: str, card_number: str, configuration: Configuration) -> Page:
    """Return the page after the act: signed first, where ``page`` waits for that; else ``page`` itself."""
    if not page.path.startswith(WAITS):
        return page
    back = flows.log_in(start_link(page), pin=pin, card_number=card_number, configuration=configuration)
    return browser.open(back)
