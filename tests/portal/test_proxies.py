"""Who asks is seen through the proxies that are named, and no header of anybody else changes it."""

from ipaddress import ip_address, ip_network

import pytest
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory, override_settings
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from journal.models import Entry
from journal.personal import whole_contents
from portal import config
from portal.proxies import ProxiesMiddleware, asker
from tests.scenarios import Scene

PROXIES = tuple(ip_network(one) for one in ("127.0.0.1/32", "10.0.0.0/8", "2001:db8:1::/48"))


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    cache.clear()


def seen(settings: Settings, *, peer: str, **headers: str) -> HttpRequest:
    settings.SIGILL_TRUSTED_PROXIES = PROXIES
    request = RequestFactory().get("/", REMOTE_ADDR=peer, headers=headers)
    ProxiesMiddleware(lambda _request: HttpResponse())(request)
    return request


@pytest.mark.parametrize(
    ("nearest", "forwarded_for", "expected"),
    [
        ("127.0.0.1", "203.0.113.5", "203.0.113.5"),
        ("127.0.0.1", "198.51.100.9, 203.0.113.5", "203.0.113.5"),  # the left one was written by the asker
        ("127.0.0.1", "203.0.113.5, 10.2.3.4", "203.0.113.5"),  # two proxies of ours in a row
        ("127.0.0.1", "127.0.0.1, 203.0.113.5, 10.2.3.4", "203.0.113.5"),
        ("127.0.0.1", "10.9.9.9, 10.2.3.4", "10.9.9.9"),  # a proxy asks by itself
        ("127.0.0.1", "", "127.0.0.1"),
        ("203.0.113.5", "198.51.100.9", "203.0.113.5"),  # nobody of ours in between
        ("127.0.0.1", "unknown", "127.0.0.1"),
        ("127.0.0.1", "203.0.113.5, nonsense, 10.2.3.4", "10.2.3.4"),
        ("127.0.0.1", "203.0.113.5:4711", "127.0.0.1"),
        ("127.0.0.1", "fe80::1%anything at all", "127.0.0.1"),
        ("127.0.0.1", "::ffff:203.0.113.5", "203.0.113.5"),
        ("127.0.0.1", "2001:0db8:0002::0005, 2001:db8:1::7", "2001:db8:2::5"),
    ],
)
def test_the_rightmost_address_that_is_no_proxy_of_ours_asks(
    nearest: str, forwarded_for: str, expected: str
) -> None:
    assert str(asker(ip_address(nearest), forwarded_for, trusted=PROXIES)) == expected


@given(st.text())
def test_what_a_stranger_writes_is_never_believed(forwarded_for: str) -> None:
    stranger = ip_address("203.0.113.5")
    assert asker(stranger, forwarded_for, trusted=PROXIES) == stranger
    heard_by_nginx = f"{forwarded_for},{stranger}"
    assert asker(ip_address("127.0.0.1"), heard_by_nginx, trusted=PROXIES) == stranger


def test_the_scheme_is_the_nearest_proxys_word_and_nobody_elses(settings: Settings) -> None:
    assert seen(settings, peer="127.0.0.1", X_Forwarded_Proto="https").is_secure()
    assert not seen(settings, peer="203.0.113.5", X_Forwarded_Proto="https").is_secure()
    assert not seen(settings, peer="127.0.0.1", X_Forwarded_Proto="https, http").is_secure()


def test_no_header_is_left_that_other_code_could_believe(settings: Settings) -> None:
    said = ("Forwarded", "X_Forwarded_For", "X_Forwarded_Host", "X_Forwarded_Proto", "X_Real_IP")
    for peer in ("127.0.0.1", "203.0.113.5"):
        request = seen(settings, peer=peer, **dict.fromkeys(said, "192.0.2.1"))
        assert not [name for name in request.META if "FORWARDED" in name or "REAL_IP" in name]


@override_settings(SIGILL_TRUSTED_PROXIES=PROXIES)
def test_the_journal_holds_the_address_behind_the_proxy(scene: Scene) -> None:
    """Also the API's, which reads the address on its own; the limits count under the same address."""
    for peer, expected in (("10.1.1.1", "203.0.113.5"), ("198.51.100.1", "198.51.100.1")):
        headers = {"Authorization": "Bearer sigill_guess", "X-Forwarded-For": "192.0.2.1, 203.0.113.5"}
        Client(headers=headers, REMOTE_ADDR=peer).get("/api/v1/function-certificates/")
        entry = Entry.objects.filter(type="api_token.refused").latest("id")
        assert whole_contents([entry])[entry.pk]["actor"]["address"] == expected


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.delenv("SIGILL_TRUSTED_PROXIES", raising=False)
    return monkeypatch


def test_nobody_is_trusted_unless_named(environment: pytest.MonkeyPatch) -> None:
    assert config.networks("SIGILL_TRUSTED_PROXIES") == ()
    environment.setenv("SIGILL_TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8,2001:db8:1::/48")
    assert config.networks("SIGILL_TRUSTED_PROXIES") == PROXIES


@pytest.mark.parametrize(
    "value", ["nginx.example.org", "10.0.0.1/8", "0.0.0.0/0", "::/0", "127.0.0.1 10.0.0.1"]
)
def test_what_is_no_address_and_what_is_everybody_starts_nothing(
    environment: pytest.MonkeyPatch, value: str
) -> None:
    environment.setenv("SIGILL_TRUSTED_PROXIES", value)
    with pytest.raises(config.ConfigurationError, match="SIGILL_TRUSTED_PROXIES"):
        config.networks("SIGILL_TRUSTED_PROXIES")


def test_without_a_word_the_proxy_of_a_deployment_over_tls_is_this_machine_s_own(
    environment: pytest.MonkeyPatch,
) -> None:
    named = config.networks("SIGILL_TRUSTED_PROXIES", "127.0.0.1,::1")
    assert [str(one) for one in named] == ["127.0.0.1/32", "::1/128"]
    environment.setenv("SIGILL_TRUSTED_PROXIES", "10.0.0.0/8")
    assert [str(one) for one in config.networks("SIGILL_TRUSTED_PROXIES", "127.0.0.1,::1")] == ["10.0.0.0/8"]
