"""Django's entry for the worker."""

from django.apps import AppConfig


class WorkerConfig(AppConfig):
    """The worker as a Django app."""

    name = "worker"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Load the events, so that the journal knows their types."""
        import worker.events  # noqa: F401, PLC0415 - loading registers the event types
