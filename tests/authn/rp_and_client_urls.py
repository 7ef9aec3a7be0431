"""The relying-party API and the client API beside each other: two processes in an installation."""

from django.urls import include, path

from authn.rp_urls import urlpatterns as rp_patterns

urlpatterns = [*rp_patterns, path("c/v1/", include("authn.api"))]
