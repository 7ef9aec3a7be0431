"""Django's entry for the journal."""

from django.apps import AppConfig


class JournalConfig(AppConfig):
    """The journal as a Django app."""

    name = "journal"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Load the journal's own event, so that its type is known."""
        import journal.restores  # noqa: F401, PLC0415 - loading registers the event type
