"""Every address of the portal and the view behind it."""

from django.urls import URLPattern, URLResolver, include, path

from portal import problems
from portal.pages.desk import activating, blocking, ordering, orders, people, person, reading, receipt, today
from portal.pages.public import accessibility, cps, health, language, status

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("portal.accounts.urls")),
    # Everybody
    path("language/", language.choose_language, name="language"),
    path("status/", status.show_status, name="status"),
    path("accessibility/", accessibility.accessibility, name="accessibility"),
    path("cps/", cps.show_cps, name="cps"),
    path("healthz", health.healthz, name="healthz"),
    # Callers that prove themselves by key or token
    path("c/v1/", include("authn.api")),
    path("c/v1/activation/", include("cards.api")),
    path("api/v1/", include("functioncerts.api")),
    # The desk
    path("", today.show_today, name="today"),
    path("people/search/", people.search_people, name="people-search"),
    path("people/read/", reading.read_new, name="people-read"),
    path("people/<uuid:person_id>/refresh/", reading.read_again, name="person-refresh"),
    path("people/<uuid:person_id>/", person.show_person, name="person"),
    path("people/<uuid:person_id>/order/", ordering.order_card, name="order-card"),
    path("orders/", orders.show_orders, name="orders"),
    path("orders/<uuid:order_id>/", orders.show_order, name="order"),
    path("orders/<uuid:order_id>/status/", orders.show_production, name="order-status"),
    path("orders/<uuid:order_id>/cancel/", orders.cancel, name="order-cancel"),
    path("cards/<uuid:card_id>/activate/", activating.check_identity, name="activate-card"),
    path("cards/<uuid:card_id>/block/", blocking.block, name="block-card"),
    path("cards/<uuid:card_id>/landing/", blocking.show_landing, name="card-landing"),
    path("activations/<uuid:activation_id>/", activating.show_activation, name="activation"),
    path("activations/<uuid:activation_id>/status/", activating.show_status, name="activation-status"),
    path("activations/<uuid:activation_id>/cancel/", activating.cancel, name="activation-cancel"),
    path("activations/<uuid:activation_id>/receipt/", receipt.show_receipt, name="activation-receipt"),
    path(
        "activations/<uuid:activation_id>/receipt.pdf", receipt.print_receipt, name="activation-receipt-pdf"
    ),
]

handler400 = problems.bad_request
handler403 = problems.forbidden
handler404 = problems.not_found
handler500 = problems.server_error
