"""Alva at her desk with step-up on: a browser, her card, and an act to sign."""

from collections.abc import Mapping
from urllib.parse import urlencode

import pytest
from django.test import Client
from pytest_django import Settings

from tests.authn.conftest import _running_status_service, pki, status_service, trusted
from tests.authn.pki import Holder, Pki
from tests.authn.robot import Robot
from tests.portal.accounts.conftest import Cast, Desk, cast

__all__ = ["_running_status_service", "cast", "pki", "status_service", "trusted"]


class Signer(Desk):
    """A desk where acts are signed."""

    def asked(self, what: str = "Kiruna") -> str:
        """Send the form; return the address of the page that waits."""
        response = self.browser.post("/act/", {"what": what})
        assert response.status_code == 303, response.content
        address: str = response.headers["Location"]
        assert address.startswith("/sign/")
        return address

    def kept(self, address: str) -> Mapping[str, str]:
        kept: Mapping[str, str] = self.browser.session["acts"][address.split("/")[2]]
        return kept

    def card_signs(self, address: str, holder: Holder | None = None) -> tuple[int, str]:
        """Let a card answer; return the status, and the path back or the error code."""
        self.robot = Robot(http=Client())
        token = self.kept(address)["autostart_url"].rsplit("/", 1)[-1]
        assert self.robot.claim(token)[0] == 200
        status, answer = self.robot.respond(self.pki.holder(holder or self.holder))
        if status != 200:
            return status, str(answer["errorCode"])
        assert answer["returnUrl"] == f"http://testserver{address}return/"
        return status, f"{address}return/?" + urlencode({"d": str(answer["d"]), "u": self.robot.u})


@pytest.fixture
def desk(trusted: Pki, cast: Cast, settings: Settings) -> Signer:
    """Return Alva's desk, logged in."""
    settings.ROOT_URLCONF = "tests.portal.signing.urls"
    settings.MIDDLEWARE = [
        "django.contrib.sessions.middleware.SessionMiddleware",
        "portal.middleware.LanguageMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "portal.accounts.middleware.AccountsMiddleware",
        "portal.middleware.ProblemMiddleware",
    ]
    settings.SIGILL_CLIENT_URL = "http://127.0.0.1:8100"
    settings.SIGILL_STEP_UP = True
    desk = Signer(trusted)
    assert desk.log_in() == "/"
    return desk
