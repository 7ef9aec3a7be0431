"""The Django app of cards; loads the events so that the journal knows them and refuses bad products."""

from importlib import import_module

from django.apps import AppConfig

from cards.products import catalogue


class CardsConfig(AppConfig):
    """Cards and their orders."""

    name = "cards"

    def ready(self) -> None:
        """Register the events and refuse to start on a products.toml that is not understood."""
        import_module("cards.events")
        import_module("cards.manufacturing.events")
        import_module("cards.reserve_events")
        import_module("cards.renewal.events")
        import_module("cards.stock_events")
        catalogue()
