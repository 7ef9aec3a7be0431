"""Says who really asks where proxies stand in front: those that are named are believed, and nobody else."""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from portal.config import Network

Answer = Callable[[HttpRequest], HttpResponse]
Address = IPv4Address | IPv6Address

_SAID_BY_PROXIES: Final = (
    "HTTP_FORWARDED",
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PORT",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_REAL_IP",
)
"""Headers that anybody can write. None is left after this middleware, so that no code can believe one."""


class ProxiesMiddleware:
    """Outermost: sets REMOTE_ADDR and the scheme to what the trusted proxies in front have seen."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request as the one that asked the outermost trusted proxy."""
        said = {name: str(request.META.pop(name, "")) for name in _SAID_BY_PROXIES}
        _settle(request.META, said, trusted=settings.SIGILL_TRUSTED_PROXIES)
        return self.get_response(request)


def _settle(meta: dict[str, Any], said: dict[str, str], *, trusted: tuple[Network, ...]) -> None:
    nearest = _address(str(meta.get("REMOTE_ADDR", "")))
    if nearest is None:
        return
    meta["REMOTE_ADDR"] = str(asker(nearest, said["HTTP_X_FORWARDED_FOR"], trusted=trusted))
    if _is_among(nearest, trusted) and said["HTTP_X_FORWARDED_PROTO"] == "https":
        meta["wsgi.url_scheme"] = "https"


def asker(nearest: Address, forwarded_for: str, *, trusted: tuple[Network, ...]) -> Address:
    """Return the rightmost address that is no trusted proxy; what stands left of it anybody may have written.

    ``nearest`` is who opened the connection, ``forwarded_for`` the header X-Forwarded-For, to which each
    proxy adds at the right whom it heard. What is no address ends the walk at the proxy that passed it on.
    """
    heard = forwarded_for.split(",")
    while heard and _is_among(nearest, trusted):
        before = _address(heard.pop().strip())
        if before is None:
            break
        nearest = before
    return nearest


def _address(text: str) -> Address | None:
    """Return an address in the one form that it is counted under; None for what is no address."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        if address.scope_id is not None:  # anything may stand behind the %
            return None
        return address.ipv4_mapped or address
    return address


def _is_among(address: Address, networks: tuple[Network, ...]) -> bool:
    return any(address in network for network in networks if address.version == network.version)
