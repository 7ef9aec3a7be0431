"""The addresses of login, logout and role choice; `portal/urls.py` includes them at the root."""

from django.urls import path

from portal.accounts import own_pages, views

urlpatterns = [
    path("login/", views.login_page, name="login"),
    path("login/oob/start", views.oob_start, name="login-oob-start"),
    path("login/oob/status", views.oob_status, name="login-oob-status"),
    path("login/oob/return", views.oob_return, name="login-oob-return"),
    path("login/oob/scan", views.oob_scan, name="login-oob-scan"),
    path("login/oob/qr.svg", views.oob_qr, name="login-oob-qr"),
    path("login/oob/finish", views.oob_finish, name="login-oob-finish"),
    path("login/oob/code", views.oob_code, name="login-oob-code"),
    path("login/mtls/start", views.mtls_start, name="login-mtls-start"),
    path("login/mtls/return", views.mtls_return, name="login-mtls-return"),
    path("login/oob/cancel", views.oob_cancel, name="login-oob-cancel"),
    path("logout/", views.logout, name="logout"),
    path("role/", views.role, name="role"),
    path("mine/", own_pages.mine, name="mine"),
    path("mine/sessions/<uuid:session_id>/end/", own_pages.end_session, name="own-session-end"),
    path("session/extend/", views.extend, name="session-extend"),
]
