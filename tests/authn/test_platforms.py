"""The systems that people log in from: how old one may be, and which ways the login page offers there."""

import pytest
from django.test import Client

from authn import platforms
from authn.hints import FailureHint
from authn.orders import Failed
from authn.platforms import MTLS, OOB, UnknownWay
from client.service import system
from tests.authn.conftest import Service
from tests.authn.robot import Robot

WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/150.0.0.0 Safari/537.36"
ANDROID = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 Chrome/150.0.0.0 Mobile Safari/537.36"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Version/18.5 Mobile Safari"
)
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.5 Safari/605.1.15"
LINUX = "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0"


@pytest.mark.parametrize(
    ("name", "ways"),
    [
        pytest.param("windows", {OOB, MTLS}, id="APP-1"),
        pytest.param("android", {OOB}, id="APP-2"),
        pytest.param("ios", {OOB}, id="APP-3"),
        pytest.param("macos", {OOB, MTLS}, id="APP-4"),
        pytest.param("linux", {OOB, MTLS}, id="APP-5"),
    ],
)
def test_each_system_has_its_ways(name: str, ways: set[str]) -> None:
    """APP-1 to APP-5: out of band everywhere, two-way TLS where a card reader and a browser work together."""
    assert platforms.platforms()[name].ways == ways


@pytest.mark.parametrize(
    ("name", "too_old", "young_enough"),
    [
        ("windows", "6.3", "10.0.10240"),
        ("windows", "9.99", "11"),
        ("android", "8.1", "9"),
        ("ios", "11.4.1", "12.0"),
        ("macos", "10.15.7", "11.0"),
    ],
)
def test_a_client_on_a_system_that_is_too_old_is_told_to_update(
    service: Service, name: str, too_old: str, young_enough: str
) -> None:
    """APP-1 to APP-4, APP-6: Windows 10, Android 9, iOS 12, macOS 11 and later; the page says so too."""
    started = service.start()
    robot = Robot(system={"name": name, "version": too_old})
    assert robot.claim(started.autostart_token)[1]["errorCode"] == "clientTooOld"
    assert service.progress(started) == Failed(hint=FailureHint.CLIENT_TOO_OLD)
    started, robot = service.start(), Robot(system={"name": name, "version": young_enough})
    assert robot.claim(started.autostart_token)[0] == 200


def test_what_a_client_runs_on_is_told_to_the_service(service: Service) -> None:
    """Section 2: `client.app` of the answer; one that says nothing of it, or something new, is let in."""
    for said, told in (
        ({"name": "linux", "version": "6.1"}, "robot/1.0 linux"),
        ({"name": "harmony", "version": "5"}, "robot/1.0 harmony"),
        (None, "robot/1.0"),
    ):
        started, robot = service.start(), Robot(system=said)
        assert robot.claim(started.autostart_token)[0] == 200
        assert service.row.orders.get(pk=started.order_ref).client_app == told


@pytest.mark.parametrize(
    "said",
    [
        "linux",
        {},
        {"name": "linux"},
        {"name": "linux", "version": "x"},
        {"name": "a" * 101, "version": "1"},
        [],
    ],
)
def test_a_system_that_cannot_be_read_ends_nothing(service: Service, said: object) -> None:
    started = service.start()
    assert Robot(system=said).claim(started.autostart_token)[1]["errorCode"] == "invalidParameters"
    assert Robot().claim(started.autostart_token)[0] == 200


def test_hello_says_how_old_a_system_may_be(service: Service) -> None:
    """A client can tell its user before anything is asked."""
    told = Client().get("/c/v1/hello").json()["systems"]
    assert told == {"windows": "10", "android": "9", "ios": "12", "macos": "11", "linux": "0"}


def test_our_own_client_says_what_it_runs_on() -> None:
    """APP-5: Linux here; no more of the version than two numbers."""
    said = system()
    assert said["name"] == "linux"
    assert 1 <= len(platforms.parse_version(said["version"])) <= 2


@pytest.mark.parametrize(
    ("user_agent", "may"),
    [
        pytest.param(WINDOWS, True, id="APP-1"),
        pytest.param(ANDROID, False, id="APP-2"),
        pytest.param(IPHONE, False, id="APP-3"),
        pytest.param(MAC, True, id="APP-4"),
        pytest.param(LINUX, True, id="APP-5"),
        pytest.param("", True, id="unknown"),
        pytest.param("curl/8", True, id="a program"),
    ],
)
def test_a_button_stands_where_it_leads_somewhere(user_agent: str, *, may: bool) -> None:
    """APP-1 to APP-5: on a phone no browser shows a card's certificate."""
    assert platforms.may_show_certificate(user_agent) is may


def test_a_table_with_another_way_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("authn.platforms.tomllib.loads", lambda _: {"amiga": {"least": "1", "ways": ["fax"]}})
    platforms.platforms.cache_clear()
    with pytest.raises(UnknownWay, match="amiga"):
        platforms.platforms()
    platforms.platforms.cache_clear()
