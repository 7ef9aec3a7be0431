"""The WSGI application of two-way TLS, served on a socket that nginx alone reaches."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.mtls.settings")

application = get_wsgi_application()
