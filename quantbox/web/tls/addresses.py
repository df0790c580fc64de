"""Which addresses belong to a private network, and which of them this machine has at present."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

__all__ = ["PRIVATE_NETWORKS", "is_private", "own_private_addresses"]

#: Nothing outside of these is ever listened on, answered, or signed for.
PRIVATE_NETWORKS: tuple[IPv4Network | IPv6Network, ...] = tuple(
    ip_network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "fc00::/7", "fe80::/10")
)
_LINK_LOCAL_IPV6 = ip_network("fe80::/10")


def parse(text: str) -> IPv4Address | IPv6Address:
    """Return the address, without the zone; an IPv4 address in an IPv6 socket's clothes is taken as what it is."""
    address = ip_address(text.partition("%")[0])
    return getattr(address, "ipv4_mapped", None) or address


def is_private(text: str) -> bool:
    """Return whether `text` is an address of a private network; loopback is none."""
    address = parse(text)
    return any(address in network for network in PRIVATE_NETWORKS if network.version == address.version)


def own_private_addresses() -> tuple[str, ...]:
    """Return the addresses a tablet can reach this machine by, IPv4 first.

    Link-local IPv6 addresses are left out: they need a zone, which no browser takes in an address.
    """
    import psutil

    found = {
        parse(entry.address)
        for entries in psutil.net_if_addrs().values()
        for entry in entries
        if entry.family in (socket.AF_INET, socket.AF_INET6) and is_private(entry.address)
    }
    usable = [address for address in found if address.version == 4 or address not in _LINK_LOCAL_IPV6]
    return tuple(str(address) for address in sorted(usable, key=lambda one: (one.version, int(one))))
