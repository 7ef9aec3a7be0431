"""What a way of logging in is good for: what is weaker, relayed or told on opens no role unless allowed."""

from collections.abc import Collection
from typing import Final

from django.conf import settings

from authn.trust import LOA2, LOA3

SAME_DEVICE: Final = ("sc", "pin", "oob", "same")
SCANNED: Final = ("sc", "pin", "oob", "qr")
SCANNED_BY_PHONE: Final = ("hwk", "pin", "oob", "qr")
"""The key lies in the phone's hardware, not on a card (MOB-2)."""
MTLS: Final = "mtls"
BY_MTLS: Final = ("sc", "pin", MTLS)
"""The browser showed the card's certificate in its TLS handshake: it can be relayed by nobody."""
TYPED: Final = ("sc", "pin", "oob", "code")
QR: Final = "qr"
"""Marks a login by a scanned code, which can be relayed: good for the holder's own pages only."""
RETURN_CODE: Final = "code"
"""Marks a login whose browser did not come back: the person typed the digits that the client showed."""


LOGIN_LOAS: Final = (LOA3, LOA2)
"""Levels that open the holder's own pages; a role takes the highest (MIN-4)."""


def opens_role(amr: Collection[str], role: str, *, loa: str) -> bool:
    """Say whether a login by these means, at this level, may act in a role."""
    if loa != LOA3 or QR in amr:
        return False
    return RETURN_CODE not in amr or role in settings.SIGILL_RETURN_CODE_ROLES


def opens_some_role(amr: Collection[str], *, loa: str) -> bool:
    """Say whether a login may act in any role; otherwise it is for the holder's own pages."""
    if loa != LOA3 or QR in amr:
        return False
    return RETURN_CODE not in amr or bool(settings.SIGILL_RETURN_CODE_ROLES)
