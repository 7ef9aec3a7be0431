"""Django's entry for the CA."""

from django.apps import AppConfig


class CaConfig(AppConfig):
    """The certification authority as a Django app."""

    name = "ca"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Load the events, so that the journal knows their types, and register the system check."""
        from django.core.checks import register  # noqa: PLC0415 - as the events

        import ca.ceremony.events  # noqa: PLC0415 - as those below
        import ca.events  # noqa: F401, PLC0415 - loading registers the event types
        from ca.checks import check_recorded_settings  # noqa: PLC0415 - as the events

        register(check_recorded_settings)
