"""What holds for every answer: language, headers that browsers obey, and errors in words."""

from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation.trans_real import parse_accept_lang_header

from journal import correlation
from journal.errors import DomainError
from portal import problems
from portal.accounts.actor import session_of
from portal.powers import NO_POWERS
from portal.reader import reading_as
from portal.signing.errors import SignatureRequired

Answer = Callable[[HttpRequest], HttpResponse]

# What everybody may see and a cache may keep; everything else is for one person and one moment.
_CACHEABLE: Final = ("/static/",)


class CorrelationMiddleware:
    """Gives each request one id that everything it causes carries, in the worker too; support asks for it."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, and say the id in X-Correlation-Id. What a caller sends under that name is ignored."""
        with correlation.caused_by(correlation.fresh()):
            response = self.get_response(request)
            response["X-Correlation-Id"] = correlation.current()
            return response


class LanguageMiddleware:
    """Swedish unless the person chose English; a browser's own language changes nothing.

    A program has no button to choose by: it asks by Accept-Language.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer in the chosen language and say so in Content-Language."""
        is_program = request.path_info.startswith(problems.MACHINE_PATHS)
        asked = request.headers.get("Accept-Language", "")
        chosen = _accepted(asked) if is_program else request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        with translation.override(chosen if chosen in _known() else settings.LANGUAGE_CODE):
            request.LANGUAGE_CODE = translation.get_language()
            response = self.get_response(request)
            response.setdefault("Content-Language", translation.get_language())
        if is_program:
            patch_vary_headers(response, ["Accept-Language"])
        return response


def _known() -> set[str]:
    return {code for code, _ in settings.LANGUAGES}


def _accepted(header: str) -> str:
    """Return the first of our languages in Accept-Language (RFC 9110 section 12.5.4); empty for none."""
    ranges = (code.partition("-")[0] for code, _quality in parse_accept_lang_header(header))
    return next((code for code in ranges if code in _known()), "")


class HeadersMiddleware:
    """Headers beyond Django's own, on every answer, also on 403, 404 and 500."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Add the headers that are not there yet."""
        response = self.get_response(request)
        response.setdefault("Permissions-Policy", NO_POWERS)
        response.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        if not request.path.startswith(_CACHEABLE):
            response.setdefault("Cache-Control", "no-store")
        return response


class ProblemMiddleware:
    """Turns a domain error that reaches the edge into a page that explains it."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer as the view does; a program's problem with words for those who read its log."""
        row = session_of(request)
        with reading_as(row.role if row is not None else ""):
            response = self.get_response(request)
        if request.path.startswith(problems.MACHINE_PATHS):
            problems.in_words(response)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer a domain error in words; anything else is Django's 500."""
        if isinstance(exception, SignatureRequired):
            return HttpResponseRedirect(exception.location, status=303)
        if isinstance(exception, DomainError):
            return problems.page(request, problems.explain(exception))
        return None
