"""The Django app of function certificates; loads the events so that the journal knows them."""

from importlib import import_module

from django.apps import AppConfig


class FunctionCertificatesConfig(AppConfig):
    """Function objects and their certificates."""

    name = "functioncerts"

    def ready(self) -> None:
        """Register the events."""
        import_module("functioncerts.events")
