"""The Django app of the ACME service; loads the events so that the journal knows them."""

from importlib import import_module

from django.apps import AppConfig


class AcmeConfig(AppConfig):
    """ACME accounts, orders, authorizations and challenges."""

    name = "functioncerts.acme"
    label = "acme"

    def ready(self) -> None:
        """Register the events."""
        import_module("functioncerts.acme.events")
