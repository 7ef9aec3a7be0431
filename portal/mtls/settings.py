"""The settings of the process behind the login host: the portal's, and nothing of its pages or sessions."""

from portal.settings import *  # noqa: F403 - the same installation

ROOT_URLCONF = "portal.mtls.login_urls"
MIDDLEWARE = [
    "portal.middleware.CorrelationMiddleware",
    "portal.middleware.HeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "portal.mtls.hosts.HostsMiddleware",
]
# Reached through nginx alone, on a socket of its own; HostsMiddleware knows the names.
ALLOWED_HOSTS = ["*"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 31_536_000
# What stands in these addresses opens a login: no site is told of it, ours neither.
SECURE_REFERRER_POLICY = "no-referrer"
