"""The addresses of signatures; `portal/urls.py` includes them under `sign/`."""

from django.urls import path

from portal.signing import views

urlpatterns = [
    path("<uuid:act_id>/", views.show_signing, name="signing"),
    path("<uuid:act_id>/status/", views.show_status, name="signing-status"),
    path("<uuid:act_id>/return/", views.come_back, name="signing-return"),
]
