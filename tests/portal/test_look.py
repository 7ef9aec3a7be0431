"""Every state of every page in a real browser: no accessibility violation, nothing wider than 320 pixels."""

from collections.abc import Iterator
from socketserver import ThreadingMixIn
from threading import Thread
from typing import Final
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from axe_playwright_python.base import AXE_FILE_PATH
from django.conf import settings
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.handlers.wsgi import WSGIHandler
from django.test import override_settings
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.portal.specimens import SPECIMENS
from tests.running.chromium import launched

pytestmark = pytest.mark.browser

WIDE: Final[ViewportSize] = {"width": 1360, "height": 900}
NEEDS_A_DATABASE = {
    "portal.accounts.middleware.AccountsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
}


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """Serve the specimens, with the real headers and without a database."""
    middleware = [name for name in settings.MIDDLEWARE if name not in NEEDS_A_DATABASE]
    with override_settings(ROOT_URLCONF="tests.portal.specimens", MIDDLEWARE=middleware, DEBUG=True):
        server = make_server("127.0.0.1", 0, StaticFilesHandler(WSGIHandler()), _Server, _Quiet)
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as chromium:
        yield chromium


def _open(browser: Browser, site: str, name: str, *, scheme: str = "light") -> Page:
    context = browser.new_context(viewport=WIDE, color_scheme=scheme, reduced_motion="reduce")
    page = _watched(context.new_page())
    _go(page, site, name)
    return page


def _watched(page: Page) -> Page:
    page.complaints = []
    page.on("console", lambda said: page.complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    return page


def _go(page: Page, site: str, name: str) -> None:
    answer = page.goto(f"{site}/specimen/{name}")
    assert answer is not None
    assert answer.status == 200


@pytest.fixture(scope="module")
def watched(browser: Browser) -> Iterator[Page]:
    """One page that visits all, with axe on each: the strict policy forbids a script tag."""
    context = browser.new_context(viewport=WIDE, color_scheme="light", reduced_motion="reduce")
    context.add_init_script(path=AXE_FILE_PATH)
    yield _watched(context.new_page())
    context.close()


@pytest.mark.parametrize("name", sorted(SPECIMENS))
def test_a_page_has_no_accessibility_violation_and_obeys_the_policy(
    watched: Page, site: str, name: str
) -> None:
    """Light on a wide screen, then dark on the narrowest, as the same page is switched and made narrow."""
    page = watched
    page.goto("about:blank")
    page.complaints.clear()
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.set_viewport_size(WIDE)
    _go(page, site, name)
    found = {"light, 1360": _violations(page)}
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    page.set_viewport_size({"width": 320, "height": 900})
    page.wait_for_selector("html[data-bs-theme=dark]", state="attached")
    found["dark, 320"] = _violations(page)
    # Fragments that ask for news find no login here; all else that the browser says is a fault.
    complaints = [one for one in page.complaints if "Failed to load" not in one and "Status Error" not in one]
    assert {at: told for at, told in found.items() if told} == {}
    assert complaints == []


def _violations(page: Page) -> list[str]:
    """Return what axe finds on a page as it is now, and by how much it is too wide."""
    found: list[str] = page.evaluate(
        "async () => (await axe.run()).violations.map(one => one.id + ' ' + one.nodes[0].html)"
    )
    too_wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    return [*found, f"{too_wide} pixels too wide"] if too_wide > 0 else found


def test_slash_reaches_the_search_box_and_stays_a_slash_in_a_field(browser: Browser, site: str) -> None:
    page = _open(browser, site, "today")
    page.keyboard.press("/")
    field = page.locator("#search-query")
    expect(field).to_be_focused()
    page.keyboard.type("a/b")
    expect(field).to_have_value("a/b")
    page.context.close()


def test_the_first_tab_stop_skips_to_the_content(browser: Browser, site: str) -> None:
    page = _open(browser, site, "today")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    page.context.close()


def test_a_block_page_starts_at_the_harmless_button(browser: Browser, site: str) -> None:
    page = _open(browser, site, "block")
    expect(page.locator(":focus")).to_have_text("Avbryt")  # the focus comes with the first frame
    page.context.close()


def test_a_form_with_errors_starts_at_the_list_of_them(browser: Browser, site: str) -> None:
    page = _open(browser, site, "block-errors")
    expect(page.locator(":focus")).to_have_attribute("role", "alert")
    page.context.close()


def test_the_theme_follows_the_system_until_it_is_switched_and_is_remembered(
    browser: Browser, site: str
) -> None:
    page = _open(browser, site, "today", scheme="dark")
    root = page.locator("html")
    expect(root).to_have_attribute("data-bs-theme", "dark")
    page.click("[data-switch-theme]")
    expect(root).to_have_attribute("data-bs-theme", "light")
    page.reload()
    expect(root).to_have_attribute("data-bs-theme", "light")
    page.context.close()


def test_the_warning_before_a_time_out_can_be_answered_by_keyboard(browser: Browser, site: str) -> None:
    """WCAG 2.2.1."""
    page = browser.new_page()
    page.clock.install()
    page.goto(f"{site}/specimen/today")
    page.clock.fast_forward(13 * 60 * 1000 + 2000)
    page.wait_for_selector("#timeout[open]")
    expect(page.locator(":focus")).to_have_text("Fortsätt vara inloggad")
    page.route("**/session/extend/", lambda route: route.fulfill(status=204))
    page.keyboard.press("Enter")
    page.wait_for_selector("#timeout:not([open])", state="attached")
    page.close()
