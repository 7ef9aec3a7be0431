"""A tab of a browser that somebody watches: what it complains of, what axe finds, and its keyboard."""

import re
from pathlib import Path
from typing import Any

from axe_playwright_python.base import AXE_FILE_PATH
from playwright.sync_api import BrowserContext, Locator, Page, Request, Response

AXE = Path(AXE_FILE_PATH).read_text(encoding="utf-8")
REPORT_VIOLATIONS = (
    "document.addEventListener('securitypolicyviolation', (event) =>"
    " console.error('CSP: ' + event.violatedDirective + ' ' + event.blockedURI));"
)
REFUSED = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d")
"""Chromium's word for a page that says no in an orderly way."""


class Watched:
    """What every visitor's tab has: ``numbers`` may stand in no address, ``complaints`` has to stay empty."""

    __slots__ = ()

    page: Page
    numbers: list[str]
    may_be_refused: bool
    may_be_cut_off: bool
    complaints: list[str]

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
        self.tab_to(target).press("Enter")  # unlike the keyboard's, it waits for the page that follows
