"""Debian's Chromium as every test of a page has it: its switches, and how long one waits for it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, expect, sync_playwright

from tests.running.installation import PATIENCE

PATIENCE_MS = PATIENCE * 1000
CHROMIUM = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip

# Playwright's own five seconds are soon over on a busy machine; whoever asks for less says so at the place.
expect.set_options(timeout=PATIENCE_MS)


@contextmanager
def launched(*switches: str) -> Iterator[Browser]:
    """Run Chromium for the length of the block; each act on its pages waits as long as ``eventually`` does.

    While it is open its event loop stands in the way of Django's database calls in this thread.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=[*CHROMIUM, *switches])
        # Playwright has no such setting for a whole browser.
        browser.new_context = _patient(browser.new_context)
        browser.new_page = _patient(browser.new_page)
        yield browser
        browser.close()


def _patient(make: Callable[..., Any]) -> Callable[..., Any]:
    def made(**options: object) -> Any:
        opened = make(**options)
        opened.set_default_timeout(PATIENCE_MS)
        return opened

    return made
