"""What an installation may set about login, read once per use from Django's settings, with defaults."""

from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast
from urllib.parse import urlsplit

from django.conf import settings

from authn.evidence import NO_TLS_SPKI


class CardState(Protocol):
    """Says whether a card is active: not blocked, not expired, activation completed."""

    def __call__(self, card_number: str, at: datetime) -> bool:
        """Return True only for an active card."""
        ...


class MobileState(Protocol):
    """Says whether a mobile eID is in use: confirmed by its phone, not blocked, not past its end."""

    def __call__(self, certificate_sha256: str, at: datetime) -> bool:
        """Return True only for one in use; ``certificate_sha256`` is hexadecimal."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientRules:
    """Which clients may speak to the client API."""

    least_version: str
    latest_version: str
    server_spki_pins: tuple[str, ...]
    claims_per_minute: int
    starts_per_minute: int


def client_rules() -> ClientRules:
    """Return the rules; the one pin is NO_TLS_SPKI over plain HTTP (loopback), none by default over HTTPS."""
    plain = urlsplit(settings.SIGILL_PORTAL_URL).scheme == "http"
    pins = getattr(settings, "AUTHN_SERVER_SPKI_PINS", (NO_TLS_SPKI,) if plain else ())
    return ClientRules(
        least_version=getattr(settings, "AUTHN_CLIENT_LEAST_VERSION", "1.0"),
        latest_version=getattr(settings, "AUTHN_CLIENT_LATEST_VERSION", "1.0"),
        server_spki_pins=tuple(pins),
        claims_per_minute=getattr(settings, "AUTHN_CLAIMS_PER_MINUTE", 60),
        starts_per_minute=getattr(settings, "AUTHN_STARTS_PER_MINUTE", 60),
    )


def logins_per_certificate() -> int:
    """Return how many logins one certificate may complete within five minutes."""
    limit: int = getattr(settings, "AUTHN_LOGINS_PER_CERTIFICATE", 30)
    return limit


def acts_per_certificate() -> int:
    """Return how many acts and receipts one certificate may sign within five minutes."""
    limit: int = getattr(settings, "AUTHN_ACTS_PER_CERTIFICATE", 120)
    return limit


def public_folder() -> Path:
    """Return the folder of published chains, CRLs and issuer certificates."""
    return Path(settings.SIGILL_PUBLIC)


def mtls_url() -> str:
    """Return the address of the login host of two-way TLS; empty where nobody logs in by it (POR-3)."""
    url: str = getattr(settings, "SIGILL_MTLS_URL", "")
    return url


def mtls_highest_slot() -> int:
    """Return the number of the last name that asks for a certificate (AUT-6)."""
    highest: int = getattr(settings, "SIGILL_MTLS_HIGHEST_SLOT", 24)
    return highest


def status_hosts() -> frozenset[str]:
    """Return host[:port] of the status services that may be asked: no other address is ever fetched."""
    urls = (settings.SIGILL_STATUS_URL, *settings.SIGILL_EARLIER_STATUS_URLS)
    default = tuple(urlsplit(url).netloc for url in urls)
    return frozenset(getattr(settings, "AUTHN_STATUS_HOSTS", default))


def policy_arc() -> str:
    """Return the OID arc of the certificate policies."""
    arc: str = settings.SIGILL_POLICY_ARC
    return arc


def issuer_name_pattern() -> str:
    """Return the regular expression that the common name of an issuer of persons' certificates matches."""
    pattern: str = getattr(settings, "AUTHN_ISSUER_PATTERN", r"\bPerson\b")
    return pattern


def card_state() -> CardState:
    """Return the function behind the dotted path AUTHN_CARD_STATE."""
    return cast("CardState", _behind(settings.AUTHN_CARD_STATE))


def mobile_state() -> MobileState:
    """Return the function behind the dotted path AUTHN_MOBILE_STATE."""
    return cast("MobileState", _behind(settings.AUTHN_MOBILE_STATE))


def _behind(path: str) -> object:
    module, _, name = path.rpartition(".")
    return getattr(import_module(module), name)
