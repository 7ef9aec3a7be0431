"""The service's client API: hello, a claim by an ephemeral key, and calls signed by that key."""

import json
import platform
import re
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec

from authn.evidence import NO_TLS_SPKI, SIGNATURE_HEADER, client_key_of, sign_request
from client.configuration import APP, VERSION, Configuration
from client.connection import Connection
from client.errors import ClientTooOld, ServerRefused


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeting:
    """What the service says of itself; `server_time` is Unix time in whole seconds, None where not told."""

    least: str
    latest: str
    server_time: int | None
    is_pinned: bool

    @property
    def is_newer_there(self) -> bool:
        """Return whether the service knows a later version than this one."""
        return _version(VERSION) < _version(self.latest)


class Service:
    """One conversation: the key lives as long as this object, and nowhere else."""

    def __init__(self, configuration: Configuration) -> None:
        self._connection = Connection(configuration)
        self._client_key = ec.generate_private_key(ec.SECP256R1())
        self._server_spki = ""

    @property
    def client_key_thumbprint(self) -> str:
        """Return what names this conversation's key (RFC 7638 section 3)."""
        return client_key_of(self._client_key).thumbprint

    @property
    def server_spki(self) -> str:
        """Return line 14 of what is signed: the TLS key seen, or over plain loopback what hello announced."""
        return self._server_spki

    def greet(self) -> Greeting:
        """Ask whether this version may speak. Raises ClientTooOld, ServerUnreachable, ServerNotTrusted."""
        reply = self._connection.get("hello")
        least = str(reply.members.get("minVersion", "0"))
        if _version(VERSION) < _version(least):
            raise ClientTooOld(least=least, version=VERSION)
        self._server_spki = reply.server_spki
        if self._connection.is_plain:
            announced = reply.members.get("spkiPins")
            pins = [pin for pin in announced if isinstance(pin, str)] if isinstance(announced, list) else []
            self._server_spki = NO_TLS_SPKI if NO_TLS_SPKI in pins or not pins else pins[0]
        server_time = reply.members.get("serverTime")
        return Greeting(
            least=least,
            latest=str(reply.members.get("latest", VERSION)),
            server_time=server_time if isinstance(server_time, int) else None,
            is_pinned=not self._connection.is_plain,
        )

    def claim(self, name: str, token: Mapping[str, str]) -> Mapping[str, object]:
        """Claim what a token stands for; sent once: the first claim ends it. Raises ServerRefused."""
        body = {
            **token,
            "clientKey": client_key_of(self._client_key).as_jwk(),
            "app": APP,
            "version": VERSION,
            "system": system(),
        }
        try:
            return self._connection.post(name, _encoded(body), is_repeatable=False).members
        except ServerRefused as refusal:
            if refusal.facts.get("error_code") == ClientTooOld.code:
                raise ClientTooOld(version=VERSION) from refusal
            raise

    def call(self, name: str, members: Mapping[str, object], *, is_repeatable: bool) -> Mapping[str, object]:
        """Call, signed by the key that claimed. Raises ServerRefused, ServerUnreachable, ServerNotTrusted."""
        body = _encoded(members)
        signature = sign_request(self._client_key, method="POST", path=self._connection.path(name), body=body)
        reply = self._connection.post(
            name, body, headers={SIGNATURE_HEADER: signature}, is_repeatable=is_repeatable
        )
        return reply.members


def system() -> dict[str, str]:
    """Return the system that this client runs on: its name as the service lists it, and its version's start.

    No more of the version than it takes to tell an old one (APP-1 to APP-5).
    """
    name = platform.system().lower()
    if name == "darwin":
        name, version = "macos", platform.mac_ver()[0]
    else:
        version = platform.version() if name == "windows" else platform.release()
    numbers = re.match(r"\d{1,6}(?:\.\d{1,6})?", version)
    return {"name": name or "unknown", "version": numbers[0] if numbers else "0"}


def _encoded(members: Mapping[str, object]) -> bytes:
    return json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode()


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdecimal() else 0 for part in text.split("."))
