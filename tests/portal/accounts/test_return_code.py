"""Login by return code: where the card client cannot open the browser that waits (authn.md section 5)."""

import pytest
from django.test import Client
from pytest_django import Settings

from authn.evidence import return_code, user_challenge_of
from directory.models import Role
from journal.models import Entry
from tests.portal.accounts.conftest import Cast, Desk, failed_with


def signed(desk: Desk) -> str:
    """Let the card sign, and no browser come back; return the digits that the client shows."""
    desk.sign(desk.start())
    return return_code(user_challenge_of(desk.robot.u))


def typed(browser: Client, code: str) -> str:
    return browser.post("/login/oob/code", {"code": code}).headers["Location"]


def test_the_digits_open_the_holders_own_pages_and_no_role(desk: Desk, cast: Cast) -> None:
    """They can be told on, so the login is marked, and no role is chosen after it, by no address.

    APP-1: what a client in a virtual desktop (VDI) has, which cannot open the browser outside it.
    """
    code = signed(desk)
    assert 'name="code"' in desk.browser.get("/login/").content.decode(), "after the card has signed too"
    before = desk.browser.session.session_key
    assert typed(desk.browser, f"{code[:4]} {code[4:]}") == "/mine/"
    assert desk.browser.session.session_key != before
    assert desk.row().amr == ["sc", "pin", "oob", "code"]
    assert "returkod" in desk.browser.get("/mine/").content.decode()
    for path in ("/", "/role/"):
        assert desk.browser.get(path).headers["Location"].startswith("/mine/")
    desk.browser.post("/role/", {"role": str(cast.assignment.pk)})
    assert desk.row().role == ""


def test_an_installation_names_the_roles_that_may(desk: Desk, cast: Cast, settings: Settings) -> None:
    settings.SIGILL_RETURN_CODE_ROLES = (Role.AUDITOR.value,)
    assert typed(desk.browser, signed(desk)) == "/role/"
    assert str(cast.assignment.pk) not in desk.browser.get("/role/").content.decode()
    assert desk.browser.post("/role/", {"role": str(cast.assignment.pk)}).status_code == 400
    desk.browser.post("/logout/")
    settings.SIGILL_RETURN_CODE_ROLES = (Role.ID_ADMINISTRATOR.value,)
    assert typed(desk.browser, signed(desk)) == "/"
    assert desk.row().role == Role.ID_ADMINISTRATOR.value
    assert "code" in desk.row().amr


def test_three_wrong_codes_end_the_login_and_each_is_told(desk: Desk) -> None:
    code = signed(desk)
    wrong = f"{(int(code) + 1) % 10**8:08d}"
    hints = [failed_with(typed(desk.browser, wrong)) for _ in range(3)]
    assert hints == ["returnCodeWrong", "returnCodeWrong", "returnCodeSpent"]
    assert Entry.objects.filter(type="session.login_refused").count() == 3
    assert failed_with(typed(desk.browser, code)) == "expired"
    assert not desk.is_in()


def test_only_the_browser_that_started_may_type_them(desk: Desk) -> None:
    """T4, T16: the digits are worth nothing in another browser, and no form of another site sends them."""
    code = signed(desk)
    assert failed_with(typed(Client(), code)) == "expired"
    guarded = Client(enforce_csrf_checks=True)
    guarded.cookies = desk.browser.cookies
    assert guarded.post("/login/oob/code", {"code": code}).status_code == 403
    assert typed(desk.browser, code) == "/mine/"


@pytest.mark.parametrize("code", ["", "1" * 100_000, "\x00", "\ud83d"])
def test_what_is_no_code_is_wrong_and_no_fault(desk: Desk, code: str) -> None:
    signed(desk)
    assert failed_with(typed(desk.browser, code.encode("utf-8", "replace").decode())) == "returnCodeWrong"
