"""What only the operator sees of a status server: its figures, on a socket of their own."""

import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

from ocsp.responder import messages
from ocsp.responder.request import HttpRequest
from ocsp.responder.service import StatusService


class PrivateService:
    """Everything that the public sees, and ``/metrics``: counters of this very process."""

    def __init__(self, service: StatusService, *, connections: Callable[[], int]) -> None:
        self._service = service
        self._connections = connections
        self.ocsp = service.ocsp
        self.refuse = service.refuse
        self.internal_error = service.internal_error

    def respond(self, request: HttpRequest) -> bytes | Awaitable[bytes]:
        """Answer any request."""
        if request.target == b"/metrics" and request.method in ("GET", "HEAD"):
            text = self._service.figures(connections=self._connections())
            lines = b"Content-Type: text/plain; version=0.0.4; charset=utf-8\r\nCache-Control: no-store\r\n"
            return messages.whole(200, text.encode(), self._service.now, lines)
        return self._service.respond(request)


def private_socket(path: Path) -> socket.socket:
    """Listen on a Unix socket that only this user may open, in place of what a killed process left there.

    Raises ``OSError``, also when somebody listens there.
    """
    with socket.socket(socket.AF_UNIX) as probe:
        if probe.connect_ex(str(path)) == 0:
            raise OSError(f"another process listens on {path.name}")
    path.unlink(missing_ok=True)
    bound = socket.socket(socket.AF_UNIX)
    bound.bind(str(path))
    path.chmod(0o600)
    return bound
