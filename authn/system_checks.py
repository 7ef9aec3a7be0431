"""Refuses a deployment in which no client could ever answer, or any could."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

from authn import configuration
from authn.evidence import NO_TLS_SPKI


@register(Tags.security, deploy=True)
def server_keys_are_pinned(app_configs: Sequence[AppConfig] | None, **_: object) -> list[CheckMessage]:
    """Over HTTPS the server's TLS keys must be pinned, and the absence of TLS must not be among them."""
    del app_configs
    pins = configuration.client_rules().server_spki_pins
    if urlsplit(settings.SIGILL_PORTAL_URL).scheme != "https" or (pins and NO_TLS_SPKI not in pins):
        return []
    hint = "Set AUTHN_SERVER_SPKI_PINS to base64(SHA-256) of the SubjectPublicKeyInfo, present and next."
    return [
        Error("The TLS server keys that card clients must see are not pinned.", hint=hint, id="authn.E001")
    ]
