"""Django's entry for the authentication service."""

from django.apps import AppConfig


class AuthnConfig(AppConfig):
    """The authentication service as a Django app."""

    name = "authn"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Load the event classes, so that the journal knows them, and the deployment check."""
        from authn import events, system_checks  # noqa: F401, PLC0415 - apps must be ready first
        from authn.mtls import events as mtls_events  # noqa: F401, PLC0415 - as above
