"""The one address of the names that ask for a certificate: it shows nothing and always sends on."""

from django.urls import path

from portal.mtls import views

handler404 = views.not_found
urlpatterns = [path("mtls/auth", views.show, name="mtls-auth")]
