"""What a way of logging in is good for: what can be relayed or told on opens no role unless it is allowed."""

from collections.abc import Collection
from typing import Final

from django.conf import settings

SAME_DEVICE: Final = ("sc", "pin", "oob", "same")
SCANNED: Final = ("sc", "pin", "oob", "qr")
TYPED: Final = ("sc", "pin", "oob", "code")
QR: Final = "qr"
"""Marks a login by a scanned code, which can be relayed: good for the holder's own pages only."""
RETURN_CODE: Final = "code"
"""Marks a login whose browser did not come back: the person typed the digits that the client showed."""


def opens_role(amr: Collection[str], role: str) -> bool:
    """Say whether a login by these means may act in a role."""
    if QR in amr:
        return False
    return RETURN_CODE not in amr or role in settings.SIGILL_RETURN_CODE_ROLES


def opens_some_role(amr: Collection[str]) -> bool:
    """Say whether a login by these means may act in any role; otherwise it is for the holder's own pages."""
    if QR in amr:
        return False
    return RETURN_CODE not in amr or bool(settings.SIGILL_RETURN_CODE_ROLES)
