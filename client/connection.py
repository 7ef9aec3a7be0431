"""One request at a time: over TLS whose key is checked before anything is said, or loopback."""

import http.client
import json
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from authn.evidence import hashed
from client.configuration import APP, VERSION, Configuration
from client.errors import ServerNotTrusted, ServerRefused, ServerUnreachable

TIMEOUT_SECONDS = 15.0
MAX_ANSWER_OCTETS = 1024 * 1024
PAUSES_SECONDS = (0.2, 0.5, 1.0, 2.0, 3.0)
_RETRIED = frozenset({HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT})


class _NotConnected(ServerUnreachable):
    """Nothing was sent: it is safe to try again, whatever the request was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer, and the key that gave it: H(SPKI) over TLS, "" over plain loopback."""

    status: int
    members: Mapping[str, object]
    server_spki: str


class Connection:
    """Speaks JSON with one service; keeps nothing between requests."""

    def __init__(self, configuration: Configuration) -> None:
        parts = urlsplit(configuration.server)
        self._host = parts.hostname or ""
        self._port = parts.port
        self._path = parts.path
        self._pins = configuration.spki_pins
        self._context: ssl.SSLContext | None = None
        if parts.scheme == "https":
            self._context = ssl.create_default_context(
                cafile=configuration.certificate_authorities and str(configuration.certificate_authorities)
            )
            self._context.minimum_version = ssl.TLSVersion.TLSv1_2

    @property
    def is_plain(self) -> bool:
        """Return whether there is no TLS: the configuration allows it on loopback only."""
        return self._context is None

    def path(self, name: str) -> str:
        """Return what stands in the request line for a call."""
        return f"{self._path}{name}"

    def get(self, name: str) -> Reply:
        """GET; tried again for a while. Raises ServerUnreachable, ServerNotTrusted, ServerRefused."""
        return self._patiently("GET", name, b"", {}, is_repeatable=True)

    def post(
        self, name: str, body: bytes, *, headers: Mapping[str, str] | None = None, is_repeatable: bool
    ) -> Reply:
        """POST JSON. What is not repeatable is tried again only while nothing was sent. Raises as get."""
        return self._patiently("POST", name, body, headers or {}, is_repeatable=is_repeatable)

    def _patiently(
        self, method: str, name: str, body: bytes, headers: Mapping[str, str], *, is_repeatable: bool
    ) -> Reply:
        for pause in (*PAUSES_SECONDS, None):
            try:
                reply = self._once(method, name, body, headers)
            except ServerUnreachable as error:
                if pause is None or not (is_repeatable or isinstance(error, _NotConnected)):
                    raise
            else:
                if reply.status == HTTPStatus.OK:
                    return reply
                if reply.status not in _RETRIED or not is_repeatable or pause is None:
                    raise ServerRefused(
                        error_code=str(reply.members.get("errorCode", reply.members.get("code", ""))),
                        status=str(reply.status),
                    )
            time.sleep(pause)
        raise ServerUnreachable

    def _once(self, method: str, name: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        connection = self._connected()
        try:
            spki = self._check_server(connection)
            connection.request(
                method,
                self.path(name),
                body=body or None,
                headers={
                    "Accept": "application/json",
                    "User-Agent": f"{APP}/{VERSION}",
                    **({"Content-Type": "application/json"} if body else {}),
                    **headers,
                },
            )
            response = connection.getresponse()
            content = response.read(MAX_ANSWER_OCTETS)
        except (OSError, http.client.HTTPException) as error:
            raise ServerUnreachable(str(error)) from error
        finally:
            connection.close()
        return Reply(status=response.status, members=_members(content), server_spki=spki)

    def _connected(self) -> http.client.HTTPConnection:
        connection = (
            http.client.HTTPConnection(self._host, self._port, timeout=TIMEOUT_SECONDS)
            if self._context is None
            else http.client.HTTPSConnection(
                self._host, self._port, timeout=TIMEOUT_SECONDS, context=self._context
            )
        )
        try:
            connection.connect()
        except ssl.SSLCertVerificationError as error:
            connection.close()
            raise ServerNotTrusted(error.verify_message) from error
        except OSError as error:
            connection.close()
            raise _NotConnected(str(error)) from error
        return connection

    def _check_server(self, connection: http.client.HTTPConnection) -> str:
        """Compare the server's key with the pins before anything is sent to it (authn.md 4 and line 14)."""
        if self._context is None:
            return ""
        if not isinstance(connection.sock, ssl.SSLSocket):
            raise ServerNotTrusted("no TLS")
        certificate_der = connection.sock.getpeercert(binary_form=True)
        if not certificate_der:
            raise ServerNotTrusted("the server showed no certificate")
        certificate = x509.load_der_x509_certificate(certificate_der)
        key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        spki = hashed(key)
        if spki not in self._pins:
            raise ServerNotTrusted("the server's key is not one of those this client was set up with")
        return spki


def _members(content: bytes) -> Mapping[str, object]:
    try:
        members = json.loads(content)
    except ValueError:
        return {}
    return members if isinstance(members, dict) else {}
