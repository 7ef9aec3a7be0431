"""Which addresses are open to whom: everything needs a role, but for what is listed here."""

import re
from enum import Enum


class Gate(Enum):
    """Who may pass."""

    PUBLIC = "everybody"
    OWN_PROOF = "callers that prove themselves by key or token, never by a session"
    LOGGED_IN = "people who logged in, before or after they chose a role"
    ROLE = "people in a role"


_PUBLIC = frozenset(
    {
        "/login/",
        "/login/oob/start",
        "/login/oob/status",
        "/login/oob/return",
        "/login/oob/cancel",
        "/login/oob/code",
        "/login/oob/qr.svg",
        "/login/oob/scan",
        "/login/oob/finish",
        "/login/mtls/start",
        "/login/mtls/return",
        "/logout/",
        "/language/",
        "/status/",
        "/status/metrics",
        "/healthz",
        "/accessibility/",
        "/cps/",
        "/mine/reserve/",
        "/mine/reserve/status/",
    }
)
_PUBLIC_FILES = re.compile(
    r"/functions/confirm/[A-Za-z0-9_-]{43}/|/status/(?:test|chain)/[a-z0-9_]{1,40}\.pem"
    r"|/proof/[0-9]{1,18}/[0-9a-f]{64}(?:/|\.jsonl)",
    re.ASCII,
)
_LOGGED_IN = frozenset({"/role/", "/session/extend/"})
_OWN_PAGES = ("/mine/", "/sign/")
"""Without a role: one's own pages, and what waits for one's own card in this very session."""
_OWN_PROOF = ("/c/v1/", "/api/v1/", "/acme/")


def gate_of(path: str) -> Gate:
    """Return who may pass to a path; a path spelled in any other way meets the strict gate."""
    if path in _PUBLIC or _PUBLIC_FILES.fullmatch(path):
        return Gate.PUBLIC
    if path in _LOGGED_IN or path.startswith(_OWN_PAGES):
        return Gate.LOGGED_IN
    if path.startswith(_OWN_PROOF):
        return Gate.OWN_PROOF
    return Gate.ROLE
