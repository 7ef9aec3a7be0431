"""Django's entry for the directory."""

from django.apps import AppConfig
from django.db.backends.signals import connection_created

from directory.collation import register_on_connection


class DirectoryConfig(AppConfig):
    """The directory as a Django app."""

    name = "directory"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Give every SQLite connection the Swedish order of names, and load the events.

        The only hook a connection offers is this signal of Django's; no state changes through it.
        """
        connection_created.connect(register_on_connection, dispatch_uid="directory.collation")
        import directory.events  # noqa: F401, PLC0415 - loading registers the event types
