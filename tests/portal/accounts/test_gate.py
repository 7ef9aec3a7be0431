"""Everything is closed but for what is listed, and `next` never leads out."""

import uuid

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from portal.accounts.gate import Gate, gate_of
from portal.accounts.redirects import safe_next
from tests.portal.accounts.conftest import Desk

OPEN = {
    "login/",
    "login/oob/start",
    "login/oob/status",
    "login/oob/return",
    "login/oob/cancel",
    "login/oob/code",
    "login/oob/qr.svg",
    "login/oob/scan",
    "login/oob/finish",
    "login/mtls/start",
    "login/mtls/return",
    "logout/",
    "language/",
    "status/",
    "status/metrics",
    "status/test/<slug:state>.pem",
    "status/chain/<slug:issuer_key>.pem",
    "proof/<int:position>/<slug:leaf_hash>/",
    "proof/<int:position>/<slug:leaf_hash>.jsonl",
    "healthz",
    "accessibility/",
    "cps/",
}


def paths(resolver: URLResolver, prefix: str = "") -> list[str]:
    found: list[str] = []
    for entry in resolver.url_patterns:
        path = prefix + str(entry.pattern)
        found += paths(entry, path) if isinstance(entry, URLResolver) else [path]
        assert isinstance(entry, URLResolver | URLPattern)
    return found


def test_every_address_of_the_portal_is_closed_to_strangers_but_for_the_list(
    desk: Desk, settings: Settings
) -> None:
    """Deny by default: a new page is closed until somebody adds it to the list, and to this test."""
    settings.ROOT_URLCONF = "portal.urls"
    closed = [
        path
        for path in paths(get_resolver("portal.urls"))
        if path not in OPEN
        and not path.startswith(("c/v1/", "api/v1/", "role/", "session/", "mine/", "sign/", "acme/"))
    ]
    assert len(closed) > 5
    for path in closed:
        address = "/" + "".join(
            str(uuid.uuid4()) if part.startswith("<uuid") else "1" if part.startswith("<") else part
            for part in path.replace("<", "\0<").replace(">", ">\0").split("\0")
        )
        assert gate_of(address) is Gate.ROLE
        for response in (Client().get(address), Client().post(address)):
            assert (response.status_code, response.headers["Location"][:8]) == (303, "/login/?"[:8]) or (
                response.headers["Location"] == "/login/"
            )


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/people/",
        "/status",
        "/Status/",
        "/status/x",
        "/login",
        "/login/x",
        "/c/v1",
        "//c/v1/",
        "/api/v2/x",
    ],
)
def test_a_path_that_is_not_exactly_on_the_list_needs_a_role(path: str) -> None:
    assert gate_of(path) is Gate.ROLE


def test_a_fragment_never_holds_the_login_page(desk: Desk) -> None:
    response = desk.browser.get("/", headers={"HX-Request": "true"})
    assert (response.status_code, response.headers["HX-Redirect"]) == (401, "/login/")


def test_pages_of_a_session_are_not_kept_by_caches(desk: Desk) -> None:
    desk.log_in()
    assert desk.browser.get("/").headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "address",
    [
        "//evil.test",
        "///evil.test",
        "/\\evil.test",
        "\\\\evil.test",
        "http://evil.test/",
        "https:evil.test",
        "javascript:alert(1)",
        "/ok\r\nSet-Cookie: a=b",
        "/\tevil",
        "evil",
        "",
        "/å",
        "/login/?next=/",
        "/logout/",
        "/role/",
        "/" + "x" * 500,
    ],
)
def test_next_outside_the_portal_becomes_the_start_page(address: str) -> None:
    assert safe_next(address) == "/"


@given(st.text())
def test_next_is_always_a_path_of_ours(text: str) -> None:
    for address in (text, "/" + text):
        result = safe_next(address)
        assert result.startswith("/")
        assert not result.startswith(("//", "/\\"))
        assert result in {"/", address}


def test_an_inner_address_survives() -> None:
    assert safe_next("/people/1/?tab=cards&x=%2F") == "/people/1/?tab=cards&x=%2F"
