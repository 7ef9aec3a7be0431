"""Django's entry for the reports."""

from django.apps import AppConfig


class ReportsConfig(AppConfig):
    """The reports as a Django app."""

    name = "reports"

    def ready(self) -> None:
        """Load the events, so that the journal knows them."""
        import reports.events  # noqa: F401, PLC0415 - registers by being loaded
