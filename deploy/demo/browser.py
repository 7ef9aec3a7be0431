"""A browser small enough to read: opens pages, fills in their forms, follows what they answer."""

from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import requests
from lxml import html

PAGE_SECONDS = 30.0


class PageRefused(Exception):
    """The portal answered with an error page; the message is what the page says."""


@dataclass(slots=True)
class Page:
    """A page as it came: its address after redirects and its parsed content."""

    url: str
    status: int
    document: html.HtmlElement

    @property
    def path(self) -> str:
        """Return the path of the page's address."""
        return urlsplit(self.url).path

    def text(self, selector: str) -> str:
        """Return the text of the first element that an XPath finds, on one line; empty if none."""
        found = self.document.xpath(selector)
        return " ".join(found[0].text_content().split()) if found else ""

    def link(self, part: str) -> str:
        """Return the first link whose address holds ``part``; raises ``PageRefused`` when none does."""
        for found in self.document.xpath("//a/@href"):
            address = str(found)
            if part in address:
                return urljoin(self.url, address)
        raise PageRefused(f"{self.path} has no link with {part}: {self.complaint()}")

    def complaint(self) -> str:
        """Return what the page says is wrong, or its heading."""
        return self.text("//*[@role='alert']") or self.text("//main") or self.text("//h1")


class Browser:
    """One person's browser, with cookies of its own."""

    def __init__(self, base_url: str, *, language: str = "sv") -> None:
        self.base_url = base_url
        self._session = requests.Session()
        self._session.headers["Accept-Language"] = language
        # The server ends a connection that was idle for two seconds: never ask in the moment when it does.
        self._session.headers["Connection"] = "close"

    def open(self, address: str) -> Page:
        """Open a page; raises ``PageRefused`` for an error page."""
        return self._page(self._session.get(urljoin(self.base_url, address), timeout=PAGE_SECONDS))

    def submit(
        self,
        page: Page,
        values: dict[str, str | list[str]] | None = None,
        *,
        action: str = "",
        button: tuple[str, str] | None = None,
    ) -> Page:
        """Send the page's form as a person would: what it holds, with ``values`` on top, by ``button``.

        ``action`` picks the form whose address ends so; otherwise the last form in ``main`` is meant.
        """
        form = self._form(page, action)
        sent: list[tuple[str, str]] = [
            (name, value) for name, value in form.form_values() if name not in (values or {})
        ]
        for name, value in (values or {}).items():
            sent += [(name, item) for item in (value if isinstance(value, list) else [value])]
        if button:
            sent.append(button)
        target = urljoin(page.url, form.action or "")
        answer = self._session.post(
            target, data=sent, headers={"Referer": page.url, "Origin": self.base_url}, timeout=PAGE_SECONDS
        )
        return self._page(answer)

    def _form(self, page: Page, action: str) -> html.FormElement:
        forms = [
            form
            for form in page.document.xpath("//form")
            if (not action and form.xpath("ancestor::main"))
            or (action and (form.get("action") or "").endswith(action))
        ]
        if not forms:
            raise PageRefused(f"{page.path} has no form to send: {page.complaint()}")
        return forms[-1]

    @staticmethod
    def _page(answer: requests.Response) -> Page:
        document = html.document_fromstring(answer.content or b"<html></html>")
        page = Page(answer.url, answer.status_code, document)
        if answer.status_code >= requests.codes.bad_request:
            raise PageRefused(f"{page.path} answered {answer.status_code}: {page.complaint()}")
        return page
