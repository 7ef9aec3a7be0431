"""What holds for every answer: language, headers that browsers obey, and errors in words."""

from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation

from journal import correlation
from journal.errors import DomainError
from portal import problems

Answer = Callable[[HttpRequest], HttpResponse]

# What the pages may use of the browser's powers: nothing but the clipboard for copying a number.
_PERMISSIONS: Final = (
    "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), "
    "microphone=(), midi=(), payment=(), usb=(), clipboard-write=(self)"
)
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
    """Swedish unless the person chose English; a browser's own language changes nothing."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer in the chosen language and say so in Content-Language."""
        chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        known = {code for code, _ in settings.LANGUAGES}
        with translation.override(chosen if chosen in known else settings.LANGUAGE_CODE):
            request.LANGUAGE_CODE = translation.get_language()
            response = self.get_response(request)
            response.setdefault("Content-Language", translation.get_language())
        return response


class HeadersMiddleware:
    """Headers beyond Django's own, on every answer, also on 403, 404 and 500."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Add the headers that are not there yet."""
        response = self.get_response(request)
        response.setdefault("Permissions-Policy", _PERMISSIONS)
        response.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        if not request.path.startswith(_CACHEABLE):
            response.setdefault("Cache-Control", "no-store")
        return response


class ProblemMiddleware:
    """Turns a domain error that reaches the edge into a page that explains it."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer as the view does."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer a domain error in words; anything else is Django's 500."""
        if isinstance(exception, DomainError):
            return problems.page(request, problems.explain(exception))
        return None
