"""Keeps the two kinds of names apart: pages on the login host, certificates on the names below it."""

from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse

from authn.mtls.names import names

Answer = Callable[[HttpRequest], HttpResponse]


class HostsMiddleware:
    """Chooses the addresses by the name asked for; another name is misdirected (RFC 9110 section 15.5.20)."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer as the login host or as one that asks for a certificate, and never as both."""
        here = names()
        host = request.get_host().partition(":")[0].lower()
        if host == here.login_name:
            request.urlconf = "portal.mtls.login_urls"
        elif here.slot_of(host) is not None:
            request.urlconf = "portal.mtls.slot_urls"
        else:
            return HttpResponse(status=HTTPStatus.MISDIRECTED_REQUEST)
        return self.get_response(request)
