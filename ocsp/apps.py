"""Makes ``manage.py probe_status`` known to Django; the status service itself has no tables."""

from django.apps import AppConfig


class OcspConfig(AppConfig):
    """The Django side of the status service: the publisher and the probe."""

    name = "ocsp"
