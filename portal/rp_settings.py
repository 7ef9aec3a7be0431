"""The settings of the process that serves the relying-party API: the portal's, and nothing of its pages."""

from portal.settings import *  # noqa: F403 - the same installation

ROOT_URLCONF = "authn.rp_urls"
MIDDLEWARE = ["portal.middleware.CorrelationMiddleware"]
# Reached through nginx alone, on a socket of its own; the name asked for means nothing there.
ALLOWED_HOSTS = ["*"]
