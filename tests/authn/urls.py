"""The client API alone."""

from django.urls import include, path

urlpatterns = [path("c/v1/", include("authn.api"))]
