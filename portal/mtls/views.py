"""The pages between a browser and its certificate: on to the next name, why nobody is logged in, and over."""

import secrets
from http import HTTPStatus
from ipaddress import ip_address
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone, translation
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from authn.errors import CheckFailed, OrderNotFound
from authn.hints import FailureHint
from authn.mtls import attempts, showing
from authn.mtls.models import MtlsAttempt
from authn.mtls.names import names, with_query
from authn.mtls.states import AttemptState
from portal import words

ALREADY_ANSWERED: Final = "alreadyAnswered"
COUNTER: Final = "__Host-sigill-mtls-name"
"""A cookie of the browser's session: the number of the next name that it has not been to (AUT-6)."""
SENT: Final = "__Secure-sigill-mtls-sent"
"""A cookie for all the names: where the login host sent this very browser, with which login."""
_LONGEST_TX: Final = 100
_OF_CHOICE: Final = frozenset(
    {
        "",
        FailureHint.NO_CERTIFICATE.value,
        FailureHint.CERTIFICATE_USAGE.value,
        FailureHint.CERTIFICATE_UNTRUSTED.value,
        FailureHint.WRONG_CARRIER.value,
    }
)
"""Refusals that another choice in the browser may turn."""


@never_cache
@require_safe
def start(request: HttpRequest) -> HttpResponse:
    """GET /mtls/start?tx= on the login host: on to a name at which this browser has chosen nothing yet.

    When all have been used the browser must be closed: then, or at the next try all the same, it begins anew.
    """
    if not _is_own_step(request):
        return HttpResponse(status=HTTPStatus.FORBIDDEN)
    here, tx = names(), _tx(request)
    try:
        attempt = showing.open_attempt(tx, at=timezone.now())
    except OrderNotFound:
        return HttpResponseRedirect(_back_or_over(tx))
    slot = _counted(request)
    if slot > here.highest_slot:
        response = _page(request, attempt, kind="used_up", tx=tx)
        response.delete_cookie(COUNTER, samesite="Lax")
        return response
    response = HttpResponseRedirect(here.show_address(tx, slot=slot))
    response.set_cookie(COUNTER, str(slot + 1), secure=True, httponly=True, samesite="Lax")
    response.set_cookie(
        SENT, _sent(tx, slot), domain=here.login_name, secure=True, httponly=True, samesite="Lax"
    )
    return response


@never_cache
@require_safe
def refused(request: HttpRequest) -> HttpResponse:
    """GET /mtls/refused?tx= on the login host: why it did not work, and another try (AUT-7)."""
    tx = _tx(request)
    try:
        attempt = showing.open_attempt(tx, at=timezone.now())
    except OrderNotFound:
        return HttpResponseRedirect(_back_or_over(tx))
    return _page(request, attempt, kind="refused", tx=tx)


@never_cache
@require_safe
def over(request: HttpRequest) -> HttpResponse:
    """GET /mtls/over on the login host: nobody knows any more which service this login was for."""
    return _page(request, None, kind="over", tx="", status=HTTPStatus.GONE)


@never_cache
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """GET /mtls/auth?tx= on a name that asks for a certificate: back to the service, or to the login host.

    A browser keeps to the certificate that it once showed to a name. So nothing counts that another page
    fetched or framed, nor what the login host did not send this browser to, at this name and just now.
    """
    if not _is_own_step(request):
        return HttpResponse(status=HTTPStatus.FORBIDDEN)
    here, tx, shown = names(), _tx(request), _shown(request)
    if not secrets.compare_digest(request.COOKIES.get(SENT, "").encode(), _sent(tx, shown.slot).encode()):
        return HttpResponseRedirect(here.refused_address(tx))
    try:
        proved = showing.show(tx, shown, at=timezone.now())
    except CheckFailed:
        return HttpResponseRedirect(here.refused_address(tx))
    except OrderNotFound:
        return HttpResponseRedirect(_back_or_over(tx))
    return HttpResponseRedirect(with_query(proved.return_url, code=proved.code))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django names it
    """Answer what is not there without a page: nobody comes here by a link of ours."""
    return HttpResponse(status=HTTPStatus.NOT_FOUND)


def _is_own_step(request: HttpRequest) -> bool:
    """Say whether the browser itself goes there, as a page: not a frame, a picture or a script of another."""
    return request.headers.get("Sec-Fetch-Dest", "document") == "document"


def _sent(tx: str, slot: int) -> str:
    return f"{slot}.{attempts.digest_of(tx)}"


def _back_or_over(tx: str) -> str:
    """Return where a browser goes whose attempt is past: to the service that asked, if it is still known."""
    try:
        attempt = showing.known_attempt(tx, at=timezone.now())
    except OrderNotFound:
        return names().over_address()
    answered = ALREADY_ANSWERED if attempt.state == AttemptState.PROVED.value else FailureHint.EXPIRED.value
    return with_query(attempt.return_url, failed=attempt.failure or answered)


def _tx(request: HttpRequest) -> str:
    return request.GET.get("tx", "")[:_LONGEST_TX]


def _counted(request: HttpRequest) -> int:
    """Return which name is next; a cookie that somebody wrote counts as none."""
    value = request.COOKIES.get(COUNTER, "0")
    return int(value) if value.isascii() and value.isdigit() and len(value) <= 3 else 0  # noqa: PLR2004


def _shown(request: HttpRequest) -> showing.Shown:
    headers = request.headers
    return showing.Shown(
        verdict=headers.get("X-Client-Verify", ""),
        escaped_pem=headers.get("X-Client-Cert", ""),
        slot=names().slot_of(request.get_host().partition(":")[0]) or 0,
        address=_address(headers.get("X-Forwarded-For", "")),
    )


def _address(said: str) -> str:
    """Return the address that nginx saw; empty for what is none."""
    try:
        return str(ip_address(said))
    except ValueError:
        return ""


def _page(
    request: HttpRequest, attempt: MtlsAttempt | None, *, kind: str, tx: str, status: int = HTTPStatus.OK
) -> HttpResponse:
    with translation.override(attempt.language if attempt else settings.LANGUAGE_CODE):
        context = {
            "kind": kind,
            "tx": tx,
            "message": words.mtls_refusal(attempt.refusal) if attempt else "",
            "is_of_choice": not attempt or attempt.refusal in _OF_CHOICE,
            "again": names().start_address(tx),
            "service": attempt.relying_party.name_in(attempt.language) if attempt else "",
            "back": with_query(attempt.return_url, failed=FailureHint.RP_CANCEL.value) if attempt else "",
        }
        response = render(request, "portal/mtls.html", context, status=status)
        response["Content-Language"] = translation.get_language()
    return response
