"""Keeps `next` inside the portal, whatever was put there."""

from urllib.parse import urlsplit

_LONGEST = 500


def safe_next(address: str) -> str:
    """Return the address if it is a path of this portal, spelled so that every browser agrees; else `/`."""
    if len(address) > _LONGEST or not address.isascii() or not address.isprintable():
        return "/"
    if not address.startswith("/") or address.startswith("//") or "\\" in address or " " in address:
        return "/"
    try:
        parts = urlsplit(address)
    except ValueError:
        return "/"
    if parts.scheme or parts.netloc or parts.path.startswith(("//", "/login", "/logout", "/role")):
        return "/"
    return address
