"""The WSGI application that gunicorn serves."""

import os
from importlib import import_module

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

application = get_wsgi_application()

# The pages' code is loaded here, before gunicorn forks its workers, and not by each at its first request:
# a worker that dies is replaced in milliseconds.
import_module("portal.urls")
