"""Enter in a field presses the first button of its form: never the one that refuses, ends or alarms."""

from html.parser import HTMLParser

import pytest
from django.conf import settings
from django.test import Client, override_settings

from tests.portal.specimens import SPECIMENS
from tests.portal.test_look import NEEDS_A_DATABASE

TYPED = {"text", "search", "email", "tel", "password", "number", "date", ""}


class Forms(HTMLParser):
    """Collects, for each form with a field to type in and a choice of acts, the class of its first button."""

    def __init__(self) -> None:
        super().__init__()
        self.first: list[str] = []
        self._buttons: list[str] = []
        self._is_typed = False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attributes}
        if tag == "form":
            self._buttons, self._is_typed = [], False
        elif tag == "input" and told.get("type", "") in TYPED:
            self._is_typed = True
        elif tag == "button" and told.get("type", "submit") == "submit":
            self._buttons.append(told.get("class", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and self._is_typed and len(self._buttons) > 1:
            self.first.append(self._buttons[0])


@pytest.fixture(scope="module")
def browser() -> Client:
    return Client()


@pytest.mark.parametrize("name", sorted(SPECIMENS))
def test_enter_in_a_field_refuses_nobody_and_raises_no_alarm(browser: Client, name: str) -> None:
    middleware = [one for one in settings.MIDDLEWARE if one not in NEEDS_A_DATABASE]
    with override_settings(ROOT_URLCONF="tests.portal.specimens", MIDDLEWARE=middleware):
        shown = browser.get(f"/specimen/{name}")
    forms = Forms()
    forms.feed(shown.content.decode())
    assert [one for one in forms.first if "danger" in one] == []
