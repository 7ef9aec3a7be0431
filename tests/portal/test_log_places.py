"""What people write in addresses is in no log: portal.log names routes."""

import io
import logging
from collections.abc import Iterator
from logging.config import DictConfigurator
from typing import Any

import pytest
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path

from portal import urls
from portal.log_places import NOWHERE
from tests.portal.conftest import LogIn
from tests.scenarios import Scene

NUMBER = "198504129803"


def broken(_request: HttpRequest, value: str) -> HttpResponse:
    del value
    raise RuntimeError("the inside of the machine")


urlpatterns = [*urls.urlpatterns, path("status/broken/<str:value>", broken, name="broken")]
handler404, handler500 = urls.handler404, urls.handler500


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What an installation's own handler writes, with the filters that the settings give it."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    configurator = DictConfigurator({"version": 1})
    logs: Any = settings.LOGGING
    for name in logs["handlers"]["stderr"]["filters"]:
        handler.addFilter(configurator.configure_filter(dict(logs["filters"][name])))
    logging.getLogger("django").addHandler(handler)
    yield written
    logging.getLogger("django").removeHandler(handler)


@pytest.mark.parametrize(
    ("address", "told"),
    [
        (f"/status/test/{NUMBER}.pem", "Not Found: status-specimen"),
        (f"/proof/{NUMBER}/{'a' * 64}/", "Not Found: proof"),
        (f"/c/v1/{NUMBER}?q={NUMBER}", f"Not Found: {NOWHERE}"),
    ],
)
def test_a_strangers_404_names_the_route(scene: Scene, log: io.StringIO, address: str, told: str) -> None:
    assert Client().get(address).status_code == 404
    assert log.getvalue().splitlines() == [told]


def test_a_403_and_a_404_behind_the_login_name_the_route(
    scene: Scene, log_in: LogIn, log: io.StringIO
) -> None:
    log_in(scene.cast.cia).get(f"/central/protocols/{NUMBER}.pdf")
    log_in(scene.cast.alva).get(f"/people/{NUMBER}/")
    Client(enforce_csrf_checks=True).post(f"/language/?{NUMBER}")
    Client().post(f"/status/chain/{NUMBER}.pem")
    lines = log.getvalue()
    assert NUMBER not in lines
    for told in (": protocol", f"Not Found: {NOWHERE}", "Forbidden (CSRF cookie not set.): language"):
        assert told in lines
    assert "Method Not Allowed (POST): status-chain" in lines


@override_settings(ROOT_URLCONF="tests.portal.test_log_places")
def test_a_500_names_the_route(scene: Scene, log_in: LogIn, log: io.StringIO) -> None:
    browser = log_in(scene.cast.alva)
    browser.raise_request_exception = False
    assert browser.get(f"/status/broken/{NUMBER}").status_code == 500
    assert "Internal Server Error: broken" in log.getvalue()
    assert NUMBER not in log.getvalue()
