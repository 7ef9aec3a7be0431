"""Django's entry for the CA."""

from django.apps import AppConfig


class CaConfig(AppConfig):
    """The certification authority as a Django app."""

    name = "ca"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Load the events, so that the journal knows their types."""
        import ca.events  # noqa: F401, PLC0415 - loading registers the event types
