"""Which addresses a validation may go to: public ones, and the networks that this installation names."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def may_reach(address: Address, allowed: Sequence[Network]) -> bool:
    """Tell whether a validation may open a connection to an address.

    Loopback, link-local, private, multicast and reserved addresses only where a network of
    SIGILL_ACME_NETWORKS holds them: else whoever orders could make this machine ask its neighbours.
    """
    plain = _embedded(address) or address
    if any(plain in network for network in allowed if network.version == plain.version):
        return True
    return plain.is_global and not plain.is_multicast


def _embedded(address: Address) -> IPv4Address | None:
    """Return the IPv4 address that an IPv6 address leads to: mapped, 6to4, Teredo, NAT64."""
    if isinstance(address, IPv4Address):
        return None
    if (found := address.ipv4_mapped or address.sixtofour) is not None:
        return found
    if address.teredo is not None:
        return address.teredo[1]
    if address in IPv6Network("64:ff9b::/96"):
        inside = ip_address(int(address) & 0xFFFFFFFF)
        return inside if isinstance(inside, IPv4Address) else None
    return None
