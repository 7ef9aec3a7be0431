"""How we and a register know each other: our certificate, whom we trust, and what a refusal means."""

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from requests.adapters import HTTPAdapter

_OURS_REFUSED = {
    "CERTIFICATE_REQUIRED": "missing",
    "CERTIFICATE_EXPIRED": "expired",
    "CERTIFICATE_REVOKED": "revoked",
    "UNKNOWN_CA": "unknown_ca",
    "BAD_CERTIFICATE": "bad",
    "CERTIFICATE_UNKNOWN": "unknown",
    "UNSUPPORTED_CERTIFICATE": "unsupported",
    "ACCESS_DENIED": "access_denied",
}
"""TLS alerts about our certificate (RFC 8446 6.2), as OpenSSL names them, and what we say of each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientIdentity:
    """Our function certificate with its chain, its key, and the CAs whose registers we trust: PEM files."""

    certificate: Path
    key: Path
    authorities: Path

    def stamp(self) -> tuple[int, ...]:
        """Return what changes when one of the files does; 0 for one that is not there."""
        files = (self.certificate, self.key, self.authorities)
        return tuple(file.stat().st_mtime_ns if file.exists() else 0 for file in files)


class IdentityUnusable(OSError):
    """A file of our identity is not there or holds something else; ``detail`` says which."""

    def __init__(self, detail: str) -> None:
        super().__init__(f"the {detail} of the register client cannot be used")
        self.detail = detail


class TlsAdapter(HTTPAdapter):
    """Connects with our certificate, TLS 1.2 or later, and trusts no CA but those of the identity.

    The files are read at the first call and when they have changed: a certificate may come, or be renewed,
    while the process runs.
    """

    def __init__(self, identity: ClientIdentity | None) -> None:
        self._identity = identity
        self._stamp: tuple[int, ...] = ()
        self._context: ssl.SSLContext | None = None
        super().__init__()

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:  # noqa: ANN401 - as requests has it
        """Return the keys of the pool, with our own context in place of the one that ``requests`` makes."""
        host, keys = super().build_connection_pool_key_attributes(request, verify, cert)
        if self._identity is not None:
            keys = {"cert_reqs": "CERT_REQUIRED", "ssl_context": self._current(self._identity)}
        return host, keys

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:  # noqa: ANN401 - as requests has it
        """Leave the checking to our context: ``requests`` would load its own bundle of CAs into it."""
        if self._identity is None:
            super().cert_verify(conn, url, verify, cert)  # type: ignore[no-untyped-call]  # as typed by requests

    def _current(self, identity: ClientIdentity) -> ssl.SSLContext:
        stamp = identity.stamp()
        if self._context is None or stamp != self._stamp:
            self._context, self._stamp = context_of(identity), stamp
        return self._context


def context_of(identity: ClientIdentity) -> ssl.SSLContext:
    """Return the TLS context of an identity. Raises ``IdentityUnusable``."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_verify_locations(cafile=identity.authorities)
    except (OSError, ssl.SSLError):
        raise IdentityUnusable("authorities") from None
    try:
        # An encrypted key must not make a worker ask for its password at the terminal.
        context.load_cert_chain(identity.certificate, identity.key, password="")
    except (OSError, ssl.SSLError, ValueError):
        raise IdentityUnusable("certificate") from None
    return context


def refusal_of(error: BaseException) -> tuple[str, str]:
    """Return the reason and detail for a call that failed, as ``RegisterUnavailable`` has them.

    ``own_certificate``: ours is not there or cannot be used; ``certificate_refused``: the register does not
    take it; ``register_untrusted``: the register shows one that we do not trust; else ``connection``.
    """
    for cause in _causes(error):
        match cause:
            case IdentityUnusable():
                return "own_certificate", cause.detail
            case ssl.SSLCertVerificationError():
                return "register_untrusted", str(cause.verify_code)
            case ssl.SSLError() if detail := _alert(cause):
                return "certificate_refused", detail
    return "connection", ""


def _alert(error: ssl.SSLError) -> str:
    reason = (error.reason or "").upper()
    return next((detail for name, detail in _OURS_REFUSED.items() if reason.endswith(name)), "")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what it came of: ``requests`` and urllib3 keep it in different places."""
    seen: list[BaseException] = []
    waiting = [error]
    while waiting:
        one = waiting.pop()
        if one in seen:
            continue
        seen.append(one)
        yield one
        held = [*one.args, one.__cause__, one.__context__, getattr(one, "reason", None)]
        waiting += [other for other in held if isinstance(other, BaseException)]
