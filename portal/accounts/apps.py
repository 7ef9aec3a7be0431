"""Django's entry for the accounts: sessions, login providers, roles."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Accounts as a Django app."""

    name = "portal.accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Load the event classes, so that the journal knows them."""
        from portal.accounts import events  # noqa: F401, PLC0415 - apps must be ready first
