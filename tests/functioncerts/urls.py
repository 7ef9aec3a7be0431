"""The API alone, where the portal mounts it."""

from django.urls import include, path

urlpatterns = [path("api/v1/", include("functioncerts.api"))]
