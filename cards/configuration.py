"""What an installation may set about cards, read from Django's settings when used, with defaults."""

from urllib.parse import urlsplit

from django.conf import settings

from authn.evidence import NO_TLS_SPKI


def server_spki_pins() -> tuple[str, ...]:
    """Return H(SPKI) of our TLS servers; over plain HTTP (loopback only) the one pin is NO_TLS_SPKI."""
    is_plain = urlsplit(settings.SIGILL_PORTAL_URL).scheme == "http"
    return tuple(getattr(settings, "AUTHN_SERVER_SPKI_PINS", (NO_TLS_SPKI,) if is_plain else ()))


def factory_url() -> str:
    """Return the address of the card factory, without a trailing slash."""
    return str(settings.SIGILL_FACTORY_URL).rstrip("/")


def factory_timeout() -> tuple[float, float]:
    """Return how long to wait for the factory to connect and to answer, in seconds."""
    seconds = float(getattr(settings, "SIGILL_FACTORY_TIMEOUT_SECONDS", 5))
    return (min(seconds, 3.0), seconds)
