"""The WSGI application that gunicorn serves."""

import os
from importlib import import_module

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

application = get_wsgi_application()

# What the ceremony decided cannot be chosen otherwise by a setting: then nothing is served.
if changed := import_module("ca.ceremony.recorded").changed_settings():
    raise SystemExit("\n".join(changed))

# Under which settings it serves. No connection of this moment may be inherited by gunicorn's workers.
import_module("portal.told_settings").tell_configuration("portal")
import_module("django.db").connections.close_all()

# The pages' code is loaded here, before gunicorn forks its workers, and not by each at its first request:
# a worker that dies is replaced in milliseconds.
import_module("portal.urls")
