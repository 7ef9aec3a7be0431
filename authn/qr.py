"""The animated QR code of the other-device flow: one frame a second, good for five (authn.md section 5)."""

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from typing import Final

from authn.encoding import b64url

OLDEST: Final = 5
"""Seconds for which a frame can be claimed after its own second."""
EARLIEST: Final = 2
"""Seconds by which a frame may seem to come early: whole seconds on two clocks."""
_FORM: Final = re.compile(
    r"siths://q/1/(?P<token>[A-Za-z0-9_-]{16,64})/(?P<second>0|[1-9][0-9]{0,5})/(?P<mac>[A-Za-z0-9_-]{22})",
    re.ASCII,
)
_MAC_OCTETS: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A scanned frame, not yet believed."""

    token: str = field(repr=False)
    second: int
    mac: str = field(repr=False)


def qr_text(token: str, *, secret: bytes, second: int) -> str:
    """Return what the frame of a second since the start says."""
    return f"siths://q/1/{token}/{second}/{_mac(token, secret=secret, second=second)}"


def read_frame(text: str) -> Frame | None:
    """Return the parts of a scanned text, or None when it is no frame of ours."""
    found = _FORM.fullmatch(text)
    if found is None:
        return None
    return Frame(token=found["token"], second=int(found["second"]), mac=found["mac"])


def is_genuine(frame: Frame, *, secret: bytes, elapsed: float) -> bool:
    """Tell whether a frame is of this secret and of a second that lies right behind (or a moment ahead).

    ``elapsed`` is in seconds since the order was started.
    """
    expected = _mac(frame.token, secret=secret, second=frame.second)
    is_ours = bool(secret) and hmac.compare_digest(expected.encode(), frame.mac.encode())
    return is_ours and -EARLIEST <= elapsed - frame.second <= OLDEST


def _mac(token: str, *, secret: bytes, second: int) -> str:
    said = f"siths-oob-qr|1|{token}|{second}".encode()
    return b64url(hmac.digest(secret, said, hashlib.sha256)[:_MAC_OCTETS])
