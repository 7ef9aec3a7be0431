"""The addresses of authn and the accounts, and a page that needs a role, for tests of these parts alone."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from portal.accounts.actor import actor_of


def page(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    return HttpResponse(f"{actor.identifier} {actor.role} {','.join(actor.organization_ids)}")


urlpatterns = [
    path("", page, name="home"),
    path("people/status/", page, name="fragment"),
    path("language/", page, name="language"),  # the head of each page names these two
    path("people/search/", page, name="people-search"),
    path("mine/reserve/", page, name="own-reserve"),  # the menu of the own pages names these
    path("mine/mobile/", page, name="own-mobiles"),
    path("mine/history/", page, name="own-history"),
    path("mine/test/", page, name="own-test"),
    path("", include("portal.accounts.urls")),
    path("c/v1/", include("authn.api")),
]
