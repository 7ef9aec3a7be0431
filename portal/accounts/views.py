"""The pages and endpoints of login, logout and the choice of role; every decision is made elsewhere."""

from datetime import datetime
from urllib.parse import urlencode

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from authn.errors import CheckFailed, MtlsNotOffered
from authn.evidence import Flow
from authn.platforms import may_show_certificate
from directory.models import Person
from portal import words
from portal.accounts import login, means, people, sessions
from portal.accounts.actor import address_of, session_of, visitor_of
from portal.accounts.errors import LoginFailed, NotLoggedIn
from portal.accounts.models import EndReason, PortalSession
from portal.accounts.people import RoleChoice
from portal.accounts.providers import (
    RETURN_CODE_SPENT,
    RETURN_CODE_WRONG,
    Challenge,
    Done,
    Failed,
    MtlsProvider,
    OobProvider,
    Pending,
)
from portal.accounts.redirects import safe_next
from portal.accounts.scan_picture import scan_picture

_PROVIDER = OobProvider()
_MTLS = MtlsProvider()
_NEXT = "login_next"
_REFUSED = "login_refused"
_REMEMBERED = 5
_STOP_ASKING = 286  # htmx's own: what it polls is over


@never_cache
@require_GET
def login_page(request: HttpRequest) -> HttpResponse:
    """GET /login/: how to log in, or how the login under way goes.

    Where to go afterwards travels in the form: nothing is stored for somebody who only looks.
    """
    row = session_of(request)
    if row is not None:
        return _see(safe_next(request.GET.get("next", "/")) if row.role else _start_of(row))
    return render(request, "portal/login.html", _login_context(request))


@never_cache
@require_POST
def oob_start(request: HttpRequest) -> HttpResponse:
    """POST /login/oob/start: begin; JSON for those who ask for it, else back to the login page."""
    if "next" in request.POST:
        request.session[_NEXT] = safe_next(request.POST["next"])
    return _start(request, is_scanned=request.POST.get("flow") == Flow.OTHER_DEVICE.value)


@never_cache
@require_POST
def oob_scan(request: HttpRequest) -> HttpResponse:
    """POST /login/oob/scan: begin with a code for another device, from a form of its own."""
    return _start(request, is_scanned=True)


def _start(request: HttpRequest, *, is_scanned: bool) -> HttpResponse:
    _MTLS.cancel(request.session, at=timezone.now())  # one login at a time
    challenge = _PROVIDER.start(
        request.session,
        language=get_language() or "sv",
        address=address_of(request),
        at=timezone.now(),
        flow=Flow.OTHER_DEVICE if is_scanned else Flow.SAME_DEVICE,
    )
    if _wants_json(request):
        if is_scanned:
            return JsonResponse({"qr": True, "verificationCode": challenge.verification_code})
        return JsonResponse(
            {
                "autostartUrl": challenge.autostart_url,
                "clientUrl": challenge.client_link,
                "verificationCode": challenge.verification_code,
                "claimBefore": int(challenge.claim_before.timestamp()),
                "pollInterval": challenge.poll_interval,
            }
        )
    if "HX-Request" in request.headers:
        return render(request, "portal/login.html", _login_context(request))
    return _see("/login/")


@never_cache
@require_GET
def oob_status(request: HttpRequest) -> HttpResponse:
    """GET /login/oob/status: how it goes, never who it is. Polling alone logs nobody in."""
    row = session_of(request)
    if row is not None:
        return _next_step(request, "/" if row.role else _start_of(row))
    at = timezone.now()
    is_anew = _PROVIDER.refresh(request.session, address=address_of(request), at=at)
    status = _status(request, at=at)
    challenge = _PROVIDER.challenge(request.session)
    status["is_scanned"] = challenge is not None and challenge.is_scanned
    if _wants_json(request):
        return JsonResponse({"status": status["status"], "hint": status["hint"]})
    response = render(request, "portal/login_status.html", status)
    if is_anew:
        response["HX-Refresh"] = "true"  # another code and other digits
    return response


@never_cache
@require_GET
def oob_return(request: HttpRequest) -> HttpResponse:
    """GET /login/oob/return?d=&u=: the browser comes back from the card client."""
    at = timezone.now()
    order_ref = _PROVIDER.order_ref(request.session)
    next_path = safe_next(str(request.session.get(_NEXT, "/")))
    try:
        result = _PROVIDER.finish(request.session, request.GET.dict(), at=at)
        row = login.log_in(request.session, result, actor=visitor_of(request), at=at)
    except LoginFailed as failure:
        return _not_in(request, order_ref, failure, at=at)
    request.session[_NEXT] = next_path
    return _to_role(request, row, at=at)


@never_cache
@require_POST
def oob_code(request: HttpRequest) -> HttpResponse:
    """POST /login/oob/code: the client could not open this browser, and the person types its digits here."""
    at = timezone.now()
    order_ref = _PROVIDER.order_ref(request.session)
    next_path = safe_next(str(request.session.get(_NEXT, "/")))
    try:
        result = _PROVIDER.finish_by_code(request.session, request.POST.get("code", "")[:20], at=at)
        row = login.log_in(request.session, result, actor=visitor_of(request), at=at)
    except LoginFailed as failure:
        return _not_in(request, order_ref, failure, at=at)
    request.session[_NEXT] = next_path
    return _to_role(request, row, at=at) if means.opens_some_role(row.amr, loa=row.loa) else _see("/mine/")


@never_cache
@require_GET
def oob_qr(request: HttpRequest) -> HttpResponse:
    """GET /login/oob/qr.svg: the frame of this second; 410 when there is nothing more to scan.

    The page that shows it is told in htmx's way to take it away and ask no more.
    """
    frame = _PROVIDER.frame(request.session, at=timezone.now())
    if frame is None:
        return HttpResponse(status=_STOP_ASKING if "HX-Request" in request.headers else 410)
    return HttpResponse(scan_picture(frame), content_type="image/svg+xml")


@never_cache
@require_POST
def oob_finish(request: HttpRequest) -> HttpResponse:
    """POST /login/oob/finish: the code was scanned and the card has signed: open the holder's own pages."""
    at = timezone.now()
    order_ref = _PROVIDER.order_ref(request.session)
    try:
        result = _PROVIDER.finish_scanned(request.session, at=at)
        login.log_in(request.session, result, actor=visitor_of(request), at=at)
    except LoginFailed as failure:
        return _not_in(request, order_ref, failure, at=at)
    return _see("/mine/")


@never_cache
@require_POST
def mtls_start(request: HttpRequest) -> HttpResponse:
    """POST /login/mtls/start: send the browser to show the card's certificate (AUT-5)."""
    if "next" in request.POST:
        request.session[_NEXT] = safe_next(request.POST["next"])
    at = timezone.now()
    _PROVIDER.cancel(request.session, at=at)  # one login at a time
    try:
        errand = _MTLS.start(
            request.session, language=get_language() or "sv", address=address_of(request), at=at
        )
    except MtlsNotOffered as error:
        raise Http404 from error
    return _see(errand.start_url)


@never_cache
@require_GET
def mtls_return(request: HttpRequest) -> HttpResponse:
    """GET /login/mtls/return?code= or ?failed=: the browser comes back from the login host."""
    at = timezone.now()
    if (
        "code" not in request.GET
    ):  # given up there; the attempt is left to end by itself, anybody can say this
        return _see(f"/login/?{urlencode({'failed': request.GET.get('failed', '')[:40]})}")
    attempt_ref = _MTLS.attempt_ref(request.session)
    next_path = safe_next(str(request.session.get(_NEXT, "/")))
    try:
        result = _MTLS.finish(request.session, request.GET.dict(), at=at)
        row = login.log_in(request.session, result, actor=visitor_of(request), at=at)
    except LoginFailed as failure:
        return _not_in(request, attempt_ref, failure, at=at)
    request.session[_NEXT] = next_path
    return _to_role(request, row, at=at) if means.opens_some_role(row.amr, loa=row.loa) else _see("/mine/")


@never_cache
@require_POST
def oob_cancel(request: HttpRequest) -> HttpResponse:
    """POST /login/oob/cancel: drop the login under way."""
    _PROVIDER.cancel(request.session, at=timezone.now())
    return _next_step(request, "/login/")


@never_cache
@require_POST
def logout(request: HttpRequest) -> HttpResponse:
    """POST /logout/: end the session here, and a login under way."""
    at = timezone.now()
    _PROVIDER.cancel(request.session, at=at)
    _MTLS.cancel(request.session, at=at)
    row = session_of(request)
    if row is not None:
        sessions.end(row, EndReason.LOGGED_OUT, actor=visitor_of(request), at=at)
    request.session.flush()
    return _see(f"/login/?{urlencode({'ended': EndReason.LOGGED_OUT.value})}")


@never_cache
@require_http_methods(["GET", "POST"])
def role(request: HttpRequest) -> HttpResponse:
    """GET, POST /role/: choose what to work as; one role at a time."""
    at = timezone.now()
    row = session_of(request)
    if row is None:
        raise NotLoggedIn("no session")
    if not means.opens_some_role(
        row.amr, loa=row.loa
    ):  # a scanned code can be relayed: no role is chosen by it
        return _see("/mine/")
    choices = _choices(row, at=at)
    if request.method == "POST":
        wanted = next((choice for choice in choices if choice.id == request.POST.get("role", "")), None)
        if wanted is not None:
            return _choose(request, row, wanted, at=at)
    person = Person.objects.filter(pk=row.person_id).first()
    context = {
        "choices": choices,
        "current": row.role_assignment_id,
        "person_name": person.full_name if person else "",
    }
    return render(request, "portal/role.html", context, status=400 if request.method == "POST" else 200)


@never_cache
@require_POST
def extend(request: HttpRequest) -> HttpResponse:
    """POST /session/extend/: the person is still there; the gate has noted it already."""
    if "HX-Request" in request.headers or _wants_json(request):
        return HttpResponse(status=204)
    return _see("/")


def _start_of(row: PortalSession) -> str:
    return "/role/" if means.opens_some_role(row.amr, loa=row.loa) else "/mine/"


def _to_role(request: HttpRequest, row: PortalSession, *, at: datetime) -> HttpResponse:
    """Go on in the one role, or to the choice among them."""
    choices = _choices(row, at=at)
    if len(choices) == 1:
        return _choose(request, row, choices[0], at=at)
    return _see("/role/")


def _not_in(request: HttpRequest, order_ref: str, failure: LoginFailed, *, at: datetime) -> HttpResponse:
    """Tell the person, and the journal once of each kind, that nobody was let in."""
    told_each_time = failure.hint in {RETURN_CODE_WRONG, RETURN_CODE_SPENT}
    if order_ref and (told_each_time or _is_news(request, f"{order_ref} {failure.hint}")):
        login.refuse(order_ref, failure.hint, actor=visitor_of(request), at=at)
    return _see(f"/login/?{urlencode({'failed': failure.hint})}")


def _is_news(request: HttpRequest, refusal: str) -> bool:
    """Say whether this refusal is the login's first of its kind: coming back again fills no journal."""
    told = request.session.get(_REFUSED, [])
    if refusal in told:
        return False
    request.session[_REFUSED] = [*told, refusal][-_REMEMBERED:]
    return True


def _choose(request: HttpRequest, row: PortalSession, choice: RoleChoice, *, at: datetime) -> HttpResponse:
    next_path = safe_next(str(request.session.get(_NEXT, "/")))
    actor = visitor_of(request)
    try:
        sessions.choose_role(request.session, row, choice, actor=actor, at=at)
    except CheckFailed as failure:
        sessions.end(row, EndReason.CERTIFICATE_REVOKED, actor=actor, at=at)
        request.session.flush()
        return _see(f"/login/?{urlencode({'failed': failure.hint.value})}")
    request.session.pop(_NEXT, None)
    return _see(next_path)


def _choices(row: PortalSession, *, at: datetime) -> list[RoleChoice]:
    person = Person.objects.get(pk=row.person_id)
    held = people.role_choices(person, certificate_hsa_id=row.certificate_hsa_id, at=at)
    return [choice for choice in held if means.opens_role(row.amr, choice.role, loa=row.loa)]


def _login_context(request: HttpRequest) -> dict[str, object]:
    challenge: Challenge | None = _PROVIDER.challenge(request.session)
    frame = _PROVIDER.frame(request.session, at=timezone.now())
    failed, ended = request.GET.get("failed", ""), request.GET.get("ended", "")
    return {
        "challenge": challenge,
        "picture": scan_picture(frame) if frame else "",
        "failed": failed if failed in words.LOGIN_HINTS else "",
        "failed_message": words.LOGIN_HINTS.get(failed, ""),
        "ended": ended if ended in list(EndReason) else "",
        "next": safe_next(str(request.GET.get("next") or request.session.get(_NEXT, "/"))),
        "is_scanned": challenge is not None and challenge.is_scanned,
        "may_show_certificate": bool(settings.SIGILL_MTLS_URL)
        and may_show_certificate(request.headers.get("User-Agent", "")),
        "is_typing": failed == RETURN_CODE_WRONG,
        **_status(request, at=timezone.now()),
    }


def _status(request: HttpRequest, *, at: datetime) -> dict[str, object]:
    match _PROVIDER.poll(request.session, at=at):
        case Pending(hint=hint):
            status = "pending"
        case Failed(hint=hint):
            status = "failed"
        case Done():
            status, hint = "complete", "complete"
        case None:
            status, hint = "none", ""
    return {"status": status, "hint": hint, "message": words.LOGIN_HINTS.get(hint, "")}


def _next_step(request: HttpRequest, path: str) -> HttpResponse:
    if _wants_json(request):
        return JsonResponse({"status": "loggedIn", "next": path})
    if "HX-Request" in request.headers:
        response = HttpResponse(status=204)
        response["HX-Redirect"] = path
        return response
    return _see(path)


def _wants_json(request: HttpRequest) -> bool:
    return request.headers.get("Accept", "").startswith("application/json")


def _see(path: str) -> HttpResponse:
    return HttpResponseRedirect(path, status=303)
