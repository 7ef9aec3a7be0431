"""Which language a page is in: Swedish, until the reader chooses English; machines are asked what they want."""

from django.http import HttpRequest
from django.middleware.locale import LocaleMiddleware

_FOR_MACHINES = ("/api/", "/c/")


class SwedishFirst(LocaleMiddleware):
    """Swedish by default for people, whatever the browser was installed in; the switch in the header decides.

    Most desks run browsers whose language nobody chose, so ``Accept-Language`` says little there.
    """

    def process_request(self, request: HttpRequest) -> None:
        """Hide the browser's language where a person reads."""
        if not request.path_info.startswith(_FOR_MACHINES):
            request.META.pop("HTTP_ACCEPT_LANGUAGE", None)
        super().process_request(request)
