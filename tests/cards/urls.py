"""The activation channel alone, where the portal mounts it."""

from django.urls import include, path

urlpatterns = [
    path("c/v1/activation/", include("cards.api")),
    path("c/v1/unlock/", include("cards.unlock_api")),
    path("c/v1/renewal/", include("cards.renewal.api")),
]
