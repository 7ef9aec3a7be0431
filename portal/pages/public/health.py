"""Says whether this process can serve: it asks the database one small question, and for the journal."""

from django.db import connection
from django.db.utils import DatabaseError
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from journal.stops import stoppage


@require_safe
def healthz(_request: HttpRequest) -> JsonResponse:
    """Answer 200 when the database answers, else 503.

    A journal that stands still is told and is still 200: pages serve and cards can be blocked, so no
    balancer should take this process out; the worker is what must be looked at.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        stopped = stoppage()
    except DatabaseError:
        return JsonResponse({"status": "unavailable", "database": "does not answer"}, status=503)
    if stopped is not None:
        return JsonResponse({"status": "degraded", "journal": f"{stopped.value} stands still"})
    return JsonResponse({"status": "ok", "journal": "ok"})
