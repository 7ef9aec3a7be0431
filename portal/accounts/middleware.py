"""The gate before every page: finds the session, ends it when it is over, and lets nobody else in."""

from collections.abc import Callable
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone

from journal.actor import Actor
from portal.accounts import means, sessions
from portal.accounts.gate import Gate, gate_of
from portal.accounts.models import EndReason, PortalSession
from portal.accounts.redirects import safe_next

Answer = Callable[[HttpRequest], HttpResponse]
_ASKING: Final = ("/status/", "/status", "/landing/", "/progress/", "/receipt/seal/", "/receipt/proof/")
"""How the addresses of fragments end that a page asks for by itself."""


class AccountsMiddleware:
    """Sets ``request.portal_session`` (an open login or None) and refuses what the gate does not let in."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, or send the person to log in, or to choose a role."""
        gate = gate_of(request.path_info)
        if gate is Gate.OWN_PROOF:
            request.portal_session = None  # type: ignore[attr-defined] # read by actor.session_of
            return self.get_response(request)
        row, ended = _session(request, at=timezone.now())
        request.portal_session = row  # type: ignore[attr-defined] # read by actor.session_of
        if gate is Gate.PUBLIC:
            return self.get_response(request)
        if row is None:
            key = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
            return _elsewhere(request, "/login/", ended=ended or sessions.why_ended(key, at=timezone.now()))
        if gate is Gate.ROLE and not row.role:
            return _elsewhere(
                request, "/role/" if means.opens_some_role(row.amr, loa=row.loa) else "/mine/", ended=None
            )
        response = self.get_response(request)
        response.setdefault("Cache-Control", "no-store")
        return response


def _session(request: HttpRequest, *, at: datetime) -> tuple[PortalSession | None, EndReason | None]:
    row = sessions.current(request.session)
    if row is None:
        return None, None
    reason = sessions.why_over(row, at=at) or sessions.why_over_after_recheck(row, at=at)
    if reason is None:
        if not is_poll(request):
            sessions.touch(row, at=at)
        return row, None
    sessions.end(row, reason, actor=Actor.system("portal.sessions"), at=at)
    request.session.flush()
    return None, reason


def is_poll(request: HttpRequest) -> bool:
    """Say whether a page asks by itself (live fragments, by their address): that keeps nobody logged in."""
    return request.path_info.endswith(_ASKING) and "HX-Request" in request.headers


def _elsewhere(request: HttpRequest, path: str, *, ended: EndReason | None) -> HttpResponse:
    """Send the person on: htmx by its own header, so that a fragment never holds the login page."""
    is_htmx = "HX-Request" in request.headers
    asked = request.get_full_path() if request.method in {"GET", "HEAD"} and not is_htmx else "/"
    query = {"next": safe_next(asked)} if asked != "/" else {}
    if ended is not None:
        query["ended"] = ended.value
    target = f"{path}?{urlencode(query)}" if query else path
    if is_htmx:
        response = HttpResponse(status=401)
        response["HX-Redirect"] = target
        return response
    return HttpResponseRedirect(target, status=303)
