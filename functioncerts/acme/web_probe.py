"""Fetches what an http-01 challenge asks for, for the worker: bounded in time, size, redirects and reach."""

import http.client
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urljoin, urlsplit

from functioncerts.acme.errors import AcmeProblem, ProblemType
from functioncerts.acme.name_probe import NameProbe
from functioncerts.acme.reach import Address, Network, may_reach
from functioncerts.names import NameInvalid, parse_dns_name

SECONDS: Final = 10.0
"""For the whole way, redirects and all."""
MOST_REDIRECTS: Final = 5
LONGEST_ANSWER: Final = 1024
"""Octets that are read; a key authorization has about 90."""
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_OK: Final = 200
_TLS_PORT: Final = 443
_LONGEST_URL: Final = 2000
_MOST_ADDRESSES: Final = 3
_PATH: Final = re.compile(r"[!-~]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebProbe:
    """Gets pages by names that this installation's resolvers know; ``clock`` counts seconds.

    Connections go to the address that was looked at, so that a name cannot lead elsewhere meanwhile.
    """

    names: NameProbe
    networks: Sequence[Network]
    port: int
    clock: Callable[[], float]

    def fetch(self, name: str, path: str) -> bytes:
        """Return the first octets of a page. Raises AcmeProblem (dns, connection, unauthorized)."""
        deadline = self.clock() + SECONDS
        url = f"http://{name}:{self.port}{path}"
        for _ in range(MOST_REDIRECTS + 1):
            status, location, content = self._get(self._parts(url), deadline)
            if status not in _REDIRECTS:
                break
            url = self._led(url, location)
        else:
            raise _connection(f"more than {MOST_REDIRECTS} redirects")
        if status != _OK:
            raise AcmeProblem(ProblemType.UNAUTHORIZED, f"{url[:200]} answered {status}")
        return content

    @staticmethod
    def _led(url: str, location: str) -> str:
        """Return where a page leads; raises AcmeProblem for what is no address."""
        try:
            return urljoin(url, location)
        except ValueError as error:
            raise _connection(f"led to what is no address: {error}"[:200]) from error

    def _parts(self, url: str) -> tuple[SplitResult, str, int]:
        """Return a URL in parts, its name and port; raises AcmeProblem for where a challenge may not lead."""
        try:
            parts = urlsplit(url)
            port = parts.port or (_TLS_PORT if parts.scheme == "https" else self.port)
            name = parse_dns_name(parts.hostname or "")
        except (NameInvalid, ValueError) as error:
            raise _connection(f"led to what is no public name: {error}") from error
        is_known = (parts.scheme, port) in {("http", self.port), ("http", 80), ("https", _TLS_PORT)}
        if not is_known or parts.username is not None or len(url) > _LONGEST_URL:
            raise _connection("led elsewhere than to http on its port or https on 443")
        if not _PATH.fullmatch(parts.path + parts.query):
            raise _connection("led to a path that is no path")
        return parts, name, port

    def _get(self, to: tuple[SplitResult, str, int], deadline: float) -> tuple[int, str, bytes]:
        parts, name, port = to
        if self.clock() >= deadline:
            raise _connection(f"{name} was reached after {SECONDS:.0f} seconds")
        reachable = [one for one in self.names.addresses(name) if may_reach(one, self.networks)]
        if not reachable:
            raise _connection(f"{name} has no address that validations may go to (SIGILL_ACME_NETWORKS)")
        problem = _connection("no address answered")
        for address in reachable[:_MOST_ADDRESSES]:
            try:
                return self._ask(parts, name, port, address, deadline)
            except (OSError, http.client.HTTPException) as error:
                problem = _connection(f"{name} at {address}, port {port}: {type(error).__name__}")
        raise problem

    def _ask(
        self, parts: SplitResult, name: str, port: int, address: Address, deadline: float
    ) -> tuple[int, str, bytes]:
        connection = http.client.HTTPConnection(name, port, timeout=SECONDS)
        with (
            socket.create_connection((str(address), port), timeout=self._left(deadline)) as raw,
            _ended_after(raw, self._left(deadline)),
        ):
            connection.sock = _wrapped(raw, name) if parts.scheme == "https" else raw
            host = name if port in {80, _TLS_PORT} else f"{name}:{port}"
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request(
                "GET", path, headers={"Host": host, "User-Agent": "Sigill ACME validation", "Accept": "*/*"}
            )
            connection.sock.settimeout(self._left(deadline))
            with connection.getresponse() as response:
                return response.status, response.headers.get("Location", ""), self._read(response, deadline)

    def _read(self, response: http.client.HTTPResponse, deadline: float) -> bytes:
        content = b""
        while len(content) <= LONGEST_ANSWER and (part := response.read1(LONGEST_ANSWER)):
            content += part
            self._left(deadline)
        return content[: LONGEST_ANSWER + 1]

    def _left(self, deadline: float) -> float:
        left = deadline - self.clock()
        if left <= 0:
            raise TimeoutError
        return left


@contextmanager
def _ended_after(raw: socket.socket, seconds: float) -> Iterator[None]:
    """Cut a connection after some seconds, however slowly and steadily it drips."""
    cutter = threading.Timer(seconds, _cut, [raw])
    cutter.daemon = True
    cutter.start()
    try:
        yield
    finally:
        cutter.cancel()


def _cut(raw: socket.socket) -> None:
    with suppress(OSError):
        raw.shutdown(socket.SHUT_RDWR)


def _wrapped(raw: socket.socket, name: str) -> ssl.SSLSocket:
    """Speak TLS without asking who answers: what is looked for is what is being certified."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(raw, server_hostname=name)


def _connection(detail: str) -> AcmeProblem:
    return AcmeProblem(ProblemType.CONNECTION, detail)
