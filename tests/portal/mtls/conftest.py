"""A browser between the portal and the login host; the test stands where nginx does."""

from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.http import HttpResponseBase
from django.test import Client, override_settings
from pytest_django import Settings

from portal.mtls import settings as mtls_settings
from tests.authn.pki import Holder, Pki
from tests.portal.accounts.conftest import (
    Desk,
    _running_status_service,
    cast,
    desk,
    pki,
    status_service,
    trusted,
)

__all__ = ["_running_status_service", "cast", "desk", "pki", "status_service", "trusted"]

LOGIN_HOST = "https://login.test"


def login_host() -> override_settings:
    """The settings of the process behind nginx, without the files that whitenoise serves."""
    middleware = [one for one in mtls_settings.MIDDLEWARE if "whitenoise" not in one]
    return override_settings(
        ROOT_URLCONF=mtls_settings.ROOT_URLCONF,
        MIDDLEWARE=middleware,
        ALLOWED_HOSTS=["*"],
        SECURE_PROXY_SSL_HEADER=mtls_settings.SECURE_PROXY_SSL_HEADER,
        SECURE_HSTS_SECONDS=mtls_settings.SECURE_HSTS_SECONDS,
        SECURE_REFERRER_POLICY=mtls_settings.SECURE_REFERRER_POLICY,
    )


@dataclass
class Tour:
    """A browser with a card: at the portal by `desk.browser`, elsewhere by `outside`."""

    desk: Desk
    outside: Client = field(default_factory=Client)
    card: Holder | None = field(default_factory=Holder)
    certificates: dict[Holder | None, bytes] = field(default_factory=dict)
    """By card, where a test wants the same certificate again."""

    @property
    def pki(self) -> Pki:
        return self.desk.pki

    def start(self, **form: str) -> str:
        """Press the button; return where the portal sends the browser."""
        answer = self.desk.browser.post("/login/mtls/start", form)
        assert answer.status_code == 303, answer.content
        return answer.headers["Location"]

    def go(self, address: str, **more: str) -> HttpResponseBase:
        """Go to an address of the login host or below it, as nginx passes it on."""
        parts = urlsplit(address)
        asks = (parts.hostname or "").startswith("secure")
        headers = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "127.0.0.1", "X-Client-Verify": ""}
        if asks:
            headers |= {"X-Client-Verify": "NONE"}
        if asks and self.card is not None:
            der = self.certificates.get(self.card) or self.pki.holder(self.card)
            pem = x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)
            headers |= {"X-Client-Verify": "SUCCESS", "X-Client-Cert": quote(pem)}
        headers |= {name.replace("_", "-"): value for name, value in more.items()}
        with login_host():
            return self.outside.get(
                f"{parts.path}?{parts.query}", headers={**headers, "Host": parts.netloc}, secure=True
            )

    def follow(self, address: str) -> str:
        """Follow redirects until a page stands there or the way leads back; return the last address."""
        for _ in range(4):
            if not address.startswith("https://"):
                return address
            answer = self.go(address)
            if answer.status_code != 302:
                return address
            address = answer.headers["Location"]
        raise AssertionError(f"the redirects do not end: {address}")

    def back(self, address: str) -> str:
        """Come back to the portal; return where it sends the browser."""
        parts = urlsplit(address)
        assert f"{parts.scheme}://{parts.netloc}" == "http://testserver", address
        answer = self.desk.browser.get(f"{parts.path}?{parts.query}")
        assert answer.status_code == 303, answer.content
        return answer.headers["Location"]


@pytest.fixture
def tour(desk: Desk, settings: Settings) -> Tour:
    settings.SIGILL_MTLS_URL = LOGIN_HOST
    return Tour(desk)
