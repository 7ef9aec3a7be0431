"""An HTTP call to a register within bounds: time, size, media type, TLS, no redirects, no proxies."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NoReturn

import requests
import urllib3

from directory.errors import RegisterUnavailable
from directory.register_tls import ClientIdentity, TlsAdapter, refusal_of

_PIECE = 65_536
_SERVER_ERROR = 500
_GOOD = frozenset({200, 201})
_REFUSED = frozenset({401, 403})
XML = "text/xml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a register answers and how long we wait for it.

    ``deadline`` is seconds for a whole answer, however slowly it trickles; ``max_bytes`` its largest size.
    ``identity`` is what we show and trust where the address is HTTPS.
    """

    register: str
    url: str
    logical_address: str
    connect_timeout: float = 5.0
    deadline: float = 15.0
    max_bytes: int = 20_000_000
    identity: ClientIdentity | None = field(default=None, repr=False)


class Caller:
    """Calls one endpoint, keeping its connection open. Safe to use from several threads."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.mount("https://", TlsAdapter(endpoint.identity))

    def call(
        self,
        method: str,
        address: str,
        content: bytes = b"",
        headers: Mapping[str, str] | None = None,
        *,
        may_be_fault: bool = False,
        media_type: str = XML,
    ) -> tuple[int, bytes]:
        """Return the status and the whole body of the answer, which must be of the media type asked for.

        The status is 200 or 201, or 500 with an XML body where a SOAP fault may come. Raises
        ``RegisterUnavailable`` for everything else.
        """
        ends = time.monotonic() + self._endpoint.deadline
        try:
            with self._session.request(
                method,
                address,
                data=content or None,
                headers={**(headers or {}), "Accept-Encoding": "identity"},
                timeout=(self._endpoint.connect_timeout, self._endpoint.deadline),
                allow_redirects=False,
                stream=True,
            ) as response:
                answer = self._read(response, ends)
        except (requests.Timeout, urllib3.exceptions.TimeoutError):
            self._fail("timeout")
        except (OSError, urllib3.exceptions.HTTPError) as error:  # ``requests`` has its own below OSError
            reason, detail = refusal_of(error)
            self._fail(reason, detail)
        status = response.status_code
        found = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if status in _REFUSED:
            self._fail("access_denied", str(status))
        if status not in _GOOD and not (may_be_fault and status == _SERVER_ERROR and found == XML):
            self._fail("http_status", str(status))
        if found != media_type:
            self._fail("malformed", "content type")
        return status, answer

    def _read(self, response: requests.Response, ends: float) -> bytes:
        """Return the body, looking at the clock between pieces: ``iter_content`` waits for whole chunks."""
        content = bytearray()
        while piece := response.raw.read1(_PIECE):
            content += piece
            if len(content) > self._endpoint.max_bytes:
                self._fail("too_large")
            if time.monotonic() > ends:
                self._fail("timeout")
        return bytes(content)

    def _fail(self, reason: str, detail: str = "") -> NoReturn:
        raise RegisterUnavailable(register=self._endpoint.register, reason=reason, detail=detail)
