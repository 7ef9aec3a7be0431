"""What the card client talks to, where the portal mounts it."""

from django.urls import include, path

urlpatterns = [
    path("c/v1/", include("authn.api")),
    path("c/v1/activation/", include("cards.api")),
    path("c/v1/unlock/", include("cards.unlock_api")),
    path("c/v1/renewal/", include("cards.renewal.api")),
    path("c/v1/mobile/", include("cards.mobile.api")),
]
