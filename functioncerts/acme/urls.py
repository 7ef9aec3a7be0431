"""The addresses below /acme/ and the view behind each."""

from django.urls import path

from functioncerts.acme import views

urlpatterns = [
    path("directory", views.show_directory, name="acme-directory"),
    path("new-nonce", views.new_nonce, name="acme-new-nonce"),
    path("new-account", views.new_account, name="acme-new-account"),
    path("new-order", views.new_order, name="acme-new-order"),
    path("new-authz", views.new_authorization, name="acme-new-authz"),
    path("revoke-cert", views.revoke_certificate, name="acme-revoke-cert"),
    path("key-change", views.change_account_key, name="acme-key-change"),
    path("renewal-info/<str:certificate>", views.show_renewal_information, name="acme-renewal-info"),
    path("account/<uuid:account_id>", views.show_account, name="acme-account"),
    path("account/<uuid:account_id>/orders", views.list_orders, name="acme-orders"),
    path(
        "account/<uuid:account_id>/orders/after/<uuid:after>",
        views.list_more_orders,
        name="acme-orders-after",
    ),
    path("order/<uuid:order_id>", views.show_order, name="acme-order"),
    path("order/<uuid:order_id>/finalize", views.finalize_order, name="acme-finalize"),
    path("cert/<uuid:order_id>", views.show_certificate, name="acme-certificate"),
    path("cert/<uuid:order_id>/to-root", views.show_certificate_to_root, name="acme-certificate-to-root"),
    path("authz/<uuid:authorization_id>", views.show_authorization, name="acme-authz"),
    path("chall/<uuid:challenge_id>", views.answer, name="acme-challenge"),
]
