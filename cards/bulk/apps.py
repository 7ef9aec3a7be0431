"""The Django app of orders for several at once; loads the events so that the journal knows them."""

from importlib import import_module

from django.apps import AppConfig


class BulkOrdersConfig(AppConfig):
    """Orders for several at once and their rows."""

    name = "cards.bulk"
    label = "bulk_orders"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the events."""
        import_module("cards.bulk.events")
