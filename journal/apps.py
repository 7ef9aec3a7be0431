"""Django's entry for the journal."""

from django.apps import AppConfig


class JournalConfig(AppConfig):
    """The journal as a Django app."""

    name = "journal"
    default_auto_field = "django.db.models.BigAutoField"
