"""Refuses a deployment in which everybody would seem to ask from the proxy's address."""

from collections.abc import Sequence

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register


@register(Tags.security, deploy=True)
def proxies_are_named(app_configs: Sequence[AppConfig] | None, **_: object) -> list[CheckMessage]:
    """Ask for the proxies' names where browsers come over HTTPS: the portal itself speaks no TLS."""
    del app_configs
    if not settings.SIGILL_PORTAL_URL.startswith("https://") or settings.SIGILL_TRUSTED_PROXIES:
        return []
    hint = "Set SIGILL_TRUSTED_PROXIES to the addresses of the proxies in front (deploy/nginx/README.md)."
    return [Error("Nobody may say from which address a browser asks.", hint=hint, id="portal.E001")]
