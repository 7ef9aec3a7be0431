"""The status service: its tables hold only what the probe saw and what it shows to relying services."""

from django.apps import AppConfig


class OcspConfig(AppConfig):
    """The Django side of the status service: the publisher, the probe and what it saw."""

    name = "ocsp"
