"""The ACME service alone, for its tests."""

from django.urls import include, path

urlpatterns = [path("acme/", include("functioncerts.acme.urls"))]
