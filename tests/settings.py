"""The portal's settings with a home of their own, so that no test touches an installation's data."""

import os

from tests.temporary import short_folder

# portal.settings reads these at import; pytest-django imports settings before any conftest.
os.environ["SIGILL_HOME"] = str(short_folder("test"))
os.environ["SIGILL_RUN"] = str(short_folder("run"))

from portal.settings import *  # noqa: F403 - after the environment is named

ALLOWED_HOSTS = ["127.0.0.1", "localhost", "testserver"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

if not os.environ.get("DATABASE_URL"):
    # A file, as an installation has: SQLite in memory knows neither WAL nor waiting for a lock.
    DATABASES["default"]["TEST"] = {"NAME": str(SIGILL_HOME / "test.sqlite3")}  # noqa: F405 - from the portal's

# Browsers of most tests have no card: acts are signed in tests/portal/signing, and on running installations.
SIGILL_STEP_UP = False

# No sequencer runs beside these tests: entries wait, and privileged acts stop only where a test asks.
SIGILL_JOURNAL_SEQUENCING_LIMIT_SECONDS = 24 * 3600
SIGILL_JOURNAL_SIGNING_LIMIT_SECONDS = 24 * 3600
