"""Sends a kept form to its own view again, this time with the signature: one path for every signed act."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import resolve
from django.utils.datastructures import MultiValueDict

from portal.accounts.models import SignedAct
from portal.signing.waiting import Waiting


def replay(request: HttpRequest, kept: Waiting, signed: SignedAct) -> HttpResponse:
    """Answer as the view answers the form that was sent and signed.

    The form passed every check of the edge when it was sent (session, role, CSRF), and lay in the session
    since; the view looks at everything else anew.
    """
    match = resolve(kept.path)
    request.method = "POST"
    request.path = request.path_info = kept.path
    request.resolver_match = match
    request.META["QUERY_STRING"] = kept.query
    request.GET = QueryDict(kept.query)
    request.POST = QueryDict(urlencode([(name, value) for name, value in kept.form]))
    request._files = MultiValueDict()  # type: ignore[attr-defined] # noqa: SLF001 - Django reads it with POST
    request.signed_act = signed  # type: ignore[attr-defined] # read by step_up.signature_of
    response: HttpResponse = match.func(request, *match.args, **match.kwargs)
    return response
