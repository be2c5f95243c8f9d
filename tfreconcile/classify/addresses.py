"""Which network is meant, and is it a large part of the internet?"""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import TypeAlias

Network: TypeAlias = IPv4Network | IPv6Network

WIDE_V4 = 8
"""A prefix that is shorter is wide: /8 is the largest block that anybody ever had, private 10.0.0.0/8 too."""
WIDE_V6 = 16
"""The same for IPv6, where providers have /19 at most."""

_ANYBODY = {"*": "0.0.0.0/0", "internet": "0.0.0.0/0", "any": "0.0.0.0/0"}
_PRIVATE_V6 = IPv6Network("fc00::/7")


def is_wide(network: Network) -> bool:
    """Is it more than one of the largest blocks of the internet? Private IPv6 addresses are none of it."""
    if isinstance(network, IPv4Network):
        return network.prefixlen < WIDE_V4
    return network.prefixlen < WIDE_V6 and not network.subnet_of(_PRIVATE_V6)


def network_of(text: str) -> Network | None:
    """The network of a CIDR text, a lone address, or a word for everybody; None when it is none of these."""
    try:
        return ip_network(_ANYBODY.get(text.strip().lower(), text.strip()), strict=False)
    except ValueError:
        return None
