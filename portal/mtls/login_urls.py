"""The addresses of the login host, which never asks for a certificate."""

from django.urls import path

from portal.mtls import views

handler404 = views.not_found
urlpatterns = [
    path("mtls/start", views.start, name="mtls-start"),
    path("mtls/refused", views.refused, name="mtls-refused"),
    path("mtls/over", views.over, name="mtls-over"),
]
