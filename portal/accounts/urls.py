"""The addresses of login, logout and role choice; `portal/urls.py` includes them at the root."""

from django.urls import path

from portal.accounts import views

urlpatterns = [
    path("login/", views.login_page, name="login"),
    path("login/oob/start", views.oob_start, name="login-oob-start"),
    path("login/oob/status", views.oob_status, name="login-oob-status"),
    path("login/oob/return", views.oob_return, name="login-oob-return"),
    path("login/oob/cancel", views.oob_cancel, name="login-oob-cancel"),
    path("logout/", views.logout, name="logout"),
    path("role/", views.role, name="role"),
    path("session/extend/", views.extend, name="session-extend"),
]
