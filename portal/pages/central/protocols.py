"""The protocols of ceremonies, to take home: the document and the JSON that its digest is of."""

import re
from typing import Final

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest
from django.views.decorators.http import require_safe

from ca.ceremony.recorded import protocol_file
from ca.environments import Environment
from portal.pages.central.authorization import central_administrator

FIRST: Final = {Environment.PROD: "first", Environment.QA: "first-qa"}
"""What the protocol of an environment's first ceremony is called in addresses."""
_NAME: Final = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{12}")
_TYPES: Final = {"pdf": "application/pdf", "json": "application/json"}


@require_safe
def fetch_protocol(request: HttpRequest, name: str, form: str) -> FileResponse:
    """Give the protocol as a file."""
    central_administrator(request)
    folder = settings.SIGILL_HOME / "ceremony" / "protocols"
    first = {called: protocol_file(environment) for environment, called in FIRST.items()}
    if form not in _TYPES or (name not in first and not _NAME.fullmatch(name)):
        raise Http404
    file = first[name].with_suffix(f".{form}") if name in first else folder / f"{name}.{form}"
    if not file.is_file():
        raise Http404
    return FileResponse(
        file.open("rb"), as_attachment=True, filename=f"{name}.{form}", content_type=_TYPES[form]
    )
