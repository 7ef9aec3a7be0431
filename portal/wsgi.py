"""The WSGI application that gunicorn serves."""

import os
from importlib import import_module

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

application = get_wsgi_application()

# What the ceremony decided cannot be chosen otherwise by a setting: then nothing is served.
if changed := import_module("ca.ceremony.recorded").changed_settings():
    raise SystemExit("\n".join(changed))

# The pages' code is loaded here, before gunicorn forks its workers, and not by each at its first request:
# a worker that dies is replaced in milliseconds.
import_module("portal.urls")
