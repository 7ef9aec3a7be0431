"""A deployment over HTTPS without pinned server keys is refused."""

import pytest
from pytest_django import Settings

from authn.evidence import NO_TLS_SPKI, hashed
from authn.system_checks import server_keys_are_pinned


@pytest.mark.parametrize(
    ("url", "pins", "refused"),
    [
        ("http://127.0.0.1:8000", None, False),
        ("https://portal.test", None, True),
        ("https://portal.test", (NO_TLS_SPKI,), True),
        ("https://portal.test", (hashed(b"key"), NO_TLS_SPKI), True),
        ("https://portal.test", (hashed(b"key"), hashed(b"next")), False),
    ],
)
def test_https_needs_pins(
    settings: Settings, url: str, pins: tuple[str, ...] | None, *, refused: bool
) -> None:
    settings.SIGILL_PORTAL_URL = url
    if pins is not None:
        settings.AUTHN_SERVER_SPKI_PINS = pins
    assert bool(server_keys_are_pinned(None)) is refused
