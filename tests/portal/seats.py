"""People of the cast in a browser on this test's own server: each with a session, all in one language."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.conf import settings
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, Page

from tests.running.watched import Watched
from tests.running.words import Words


@dataclass(slots=True)
class Seat(Watched):
    """One person's browser; ``go`` names a page as ``reverse`` does."""

    address: str
    page: Page
    say: Words
    numbers: list[str] = field(default_factory=list)
    may_be_refused: bool = True
    may_be_cut_off: bool = False
    complaints: list[str] = field(default_factory=list)

    def look(self) -> None:
        """Let axe look at the page as it stands, in one language: its rules are the same in both."""
        if self.say.language == "sv":
            Watched.look(self)

    def go(self, view: str, *arguments: object, query: str = "") -> None:
        """Open a page by its name."""
        self.page.goto(f"{self.address}{reverse(view, args=arguments)}{query}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """The server of one test, a browser, and the language that is spoken in it."""

    address: str
    chromium: Browser
    say: Words

    @contextmanager
    def seat(self, login: Client | None = None) -> Iterator[Seat]:
        """Let somebody sit down with a login, or without; in the end nothing may have been complained of."""
        locale = "sv-SE" if self.say.language == "sv" else "en-GB"
        context = self.chromium.new_context(locale=locale, reduced_motion="reduce")
        self.say.choose_in(context, self.address)
        if login is not None:
            cookie = login.cookies[settings.SESSION_COOKIE_NAME].value
            context.add_cookies(
                [{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": self.address}]
            )
        seat = Seat(self.address, context.new_page(), self.say)
        seat.watch(context)
        try:
            yield seat
        except BaseException as error:
            error.add_note(f"{seat.page.url}\n{seat.page.locator('body').aria_snapshot()}")
            raise
        finally:
            context.close()
        assert not seat.complaints, "\n".join(seat.complaints)
