"""The pages of a signature: one that waits for the card client, and what follows when it comes back."""

import http
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from authn import orders
from journal.errors import DomainError
from portal import problems
from portal.accounts.actor import session_of, visitor_of
from portal.accounts.models import SignedAct
from portal.accounts.relying_party import client_link
from portal.pages import asking as pages
from portal.problems import Problem
from portal.signing import asking, spending, waiting
from portal.signing.acts import OWN_ACTS
from portal.signing.errors import NothingToSign, SignatureFailed
from portal.signing.replay import replay
from portal.signing.waiting import Waiting
from portal.wordings.signing import SIGNED_ACTS, SIGNING_HINTS
from portal.words import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningPage:
    """What the page that waits shows."""

    id: str
    title: Text
    text: str
    status: str
    message: Text
    autostart_url: str
    client_link: str
    verification_code: str
    back_url: str
    may_type_code: bool = False
    poll_interval: int = orders.POLL_INTERVAL


@dataclass(frozen=True, slots=True, kw_only=True)
class StoppedPage:
    """A signature that led to nothing: what stopped the act, or why the signature is none."""

    title: Text
    text: str
    back_url: str
    message: Text = ""
    problem: Problem | None = None
    is_done: bool = False


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def show_signing(request: HttpRequest, act_id: str) -> HttpResponse:
    """GET: the text, and the way to the card client. POST: ask the card again, type its code, or cancel."""
    kept, at = _kept(request, act_id), pages.now()
    if request.method == "POST":
        if request.POST.get("step") == "code":
            return _typed(request, kept, at=at)
        if request.POST.get("step") == "again":
            return HttpResponseRedirect(asking.ask_again(request, kept, at=at))
        asking.cancel(request, kept, at=at)
        waiting.drop(request.session, kept.id)
        return HttpResponseRedirect(_back(kept))
    page = _page(kept, at=at, may_type_code=asking.may_type_code(request))
    return render(request, "portal/signing.html", {"page": page})


@never_cache
@require_GET
def show_status(request: HttpRequest, act_id: str) -> HttpResponse:
    """How it goes, for htmx; the page as a whole comes anew when the card client has said no."""
    page = _page(_kept(request, act_id), at=pages.now())
    response = render(request, "portal/signing_status.html", {"page": page})
    if page.status == "failed":
        response["HX-Refresh"] = "true"
    return response


@never_cache
@require_GET
def come_back(request: HttpRequest, act_id: str) -> HttpResponse:
    """Take the browser back from the card client: check the signature, and carry out what was signed."""
    at = pages.now()
    kept = waiting.find(request.session, str(act_id))
    if kept is None:
        return _again(request, str(act_id))
    try:
        signed = asking.take_signature(request, kept, request.GET.dict(), at=at)
    except SignatureFailed as failure:
        return _failed(request, kept, failure)
    waiting.drop(request.session, kept.id)
    return _carried_out(request, kept, signed, at=at)


def _typed(request: HttpRequest, kept: Waiting, *, at: datetime) -> HttpResponse:
    """Take the digits of a client that could not open this browser."""
    try:
        signed = asking.take_typed_signature(request, kept, request.POST.get("code", "")[:20], at=at)
    except SignatureFailed as failure:
        return _failed(request, kept, failure)
    waiting.drop(request.session, kept.id)
    return _carried_out(request, kept, signed, at=at)


def _carried_out(request: HttpRequest, kept: Waiting, signed: SignedAct, *, at: datetime) -> HttpResponse:
    """Answer as the act's own page does; if that did nothing, say so, and let the signature be void."""
    actor = visitor_of(request) if kept.kind in OWN_ACTS else pages.who(request)
    problem: Problem | None = None
    try:
        response = replay(request, kept, signed)
    except DomainError as error:
        problem = problems.explain(error)
        response = HttpResponse(status=problem.status)
    except BaseException:
        spending.void(signed, reason="fault", actor=actor, at=at)
        raise
    if not spending.void(signed, reason=problems.code_of(response) or "refused", actor=actor, at=at):
        return response
    if problem is None and response.status_code < http.HTTPStatus.BAD_REQUEST:
        return response  # nothing was left to do, and the page says so itself
    code = problems.code_of(response)
    problem = problem or (problems.of_code(code) if code else None)
    page = StoppedPage(title=SIGNED_ACTS[kept.kind], text=kept.text, back_url=_back(kept), problem=problem)
    status = problem.status if problem else response.status_code
    return problems.tagged(
        render(request, "portal/signing_stopped.html", {"page": page}, status=status), problem
    )


def _failed(request: HttpRequest, kept: Waiting, failure: SignatureFailed) -> HttpResponse:
    page = StoppedPage(
        title=SIGNED_ACTS[kept.kind],
        text=kept.text,
        back_url=reverse("signing", args=[kept.id]),
        message=SIGNING_HINTS.get(failure.hint, SIGNING_HINTS["signatureInvalid"]),
    )
    problem = problems.explain(failure)
    response = render(request, "portal/signing_stopped.html", {"page": page}, status=problem.status)
    return problems.tagged(response, problem)


def _again(request: HttpRequest, act_id: str) -> HttpResponse:
    """Tell who comes back once more that it is done; anybody else, that there is nothing."""
    row = session_of(request)
    done = SignedAct.objects.filter(pk=act_id, session=row, spent_at__isnull=False).first()
    if row is None or done is None:
        raise NothingToSign("no act waits for a signature here")
    page = StoppedPage(title=SIGNED_ACTS[done.kind], text="", back_url="/", is_done=True)
    return render(request, "portal/signing_stopped.html", {"page": page})


def _kept(request: HttpRequest, act_id: str) -> Waiting:
    kept = waiting.find(request.session, str(act_id))
    if kept is None:
        raise NothingToSign("no act waits for a signature here")
    return kept


def _back(kept: Waiting) -> str:
    return f"{kept.path}?{kept.query}" if kept.query else kept.path


def _page(kept: Waiting, *, at: datetime, may_type_code: bool = False) -> SigningPage:
    status, hint = asking.progress(kept, at=at)
    return SigningPage(
        id=kept.id,
        title=SIGNED_ACTS[kept.kind],
        text=kept.text,
        status=status,
        message=SIGNING_HINTS.get(hint, ""),
        autostart_url=kept.autostart_url,
        client_link=client_link(kept.autostart_url),
        verification_code=kept.verification_code,
        back_url=_back(kept),
        may_type_code=may_type_code,
    )
