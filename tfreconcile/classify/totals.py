"""How much of the internet do many small networks let in together, port by port?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network, IPv6Network
from itertools import pairwise
from typing import TypeAlias

from tfreconcile.classify.addresses import WIDE_V4, WIDE_V6, Network
from tfreconcile.classify.moves import moved_on
from tfreconcile.classify.networks import Opening, openings
from tfreconcile.classify.paths import dotted
from tfreconcile.classify.sides import Sides
from tfreconcile.classify.watched import Rule

Span: TypeAlias = tuple[int, int]
"""First and last, of ports or of addresses as numbers."""

MOST_SPANS = 400
"""Spans of ports in one resource that are told apart; more of them are judged as if all were one."""

_MOST = {4: 1 << (32 - WIDE_V4), 6: 1 << (128 - WIDE_V6)}
"""Addresses of the largest block that is not wide, by version."""
# Nobody on the internet has these: private, shared by carriers, the machine itself, the link, multicast.
_OURS_V4 = ("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16")
_OURS_V6 = ("fc00::/7", "fe80::/10", "ff00::/8")


def _span(network: Network) -> Span:
    return int(network.network_address), int(network.broadcast_address)


_OURS = {
    4: tuple(_span(IPv4Network(one)) for one in (*_OURS_V4, "224.0.0.0/4")),
    6: tuple(_span(IPv6Network(one)) for one in _OURS_V6),
}


def opens_in_total(rule: Rule, sides: Sides) -> Iterator[str]:
    """What no single network lets in, but all together do; a sentence for each protocol and version of IP."""
    now = _known(openings(rule, sides.after))
    had = [] if moved_on(rule, sides) else _known(openings(rule, sides.before))
    for protocol, version in sorted({(one.protocol, _version(one)) for one in now}):
        mine, theirs = (_about(ones, protocol, version) for ones in (now, had))
        if _size(_public(mine, version)) <= _MOST[version]:
            continue
        for ports in _port_spans(mine, theirs):
            reach = _public(_at(mine, ports), version)
            before = [] if ports is None else _public(_at(theirs, ports), version)
            if _size(reach) > _MOST[version] and _without(reach, before):
                yield _sentence(rule, mine, ports, _size(reach))
                break


def _sentence(rule: Rule, found: list[Opening], ports: Span | None, addresses: int) -> str:
    first = _at(found, ports)[0]
    where = "some ports" if ports is None else f"ports {ports[0]}-{ports[1]}"
    what = f"{addresses} addresses of the internet ({first.protocol or 'all protocols'}, {where})"
    return f"{dotted(first.spot.path)} and others let in {what} together: {rule.why}"


def _known(found: Iterable[Opening]) -> list[Opening]:
    return [one for one in found if one.network is not None]


def _version(one: Opening) -> int:
    return 0 if one.network is None else one.network.version


def _about(found: list[Opening], protocol: str, version: int) -> list[Opening]:
    return [one for one in found if one.protocol in ("", protocol) and _version(one) == version]


def _port_spans(mine: list[Opening], theirs: list[Opening]) -> Iterator[Span | None]:
    """The smallest spans of ports that no opening speaks of in part; None for all of them together."""
    edges = sorted({edge for one in (*mine, *theirs) for edge in (one.low, one.high + 1)})
    if len(edges) <= MOST_SPANS:
        yield from ((low, after - 1) for low, after in pairwise(edges))
    elif {_seen(one) for one in mine} != {_seen(one) for one in theirs}:
        yield None


def _seen(one: Opening) -> tuple[object, ...]:
    return (one.network, one.protocol, one.low, one.high)


def _at(found: list[Opening], ports: Span | None) -> list[Opening]:
    if ports is None:
        return found
    return [one for one in found if one.low <= ports[0] and ports[1] <= one.high]


def _public(found: list[Opening], version: int) -> list[Span]:
    spans = {_span(one.network) for one in found if one.network is not None}
    return _without(_joined(spans), _OURS[version])


def _joined(spans: Iterable[Span]) -> list[Span]:
    joined: list[Span] = []
    for low, high in sorted(spans):
        if joined and low <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], high))
        else:
            joined.append((low, high))
    return joined


def _without(spans: Iterable[Span], taken: Iterable[Span]) -> list[Span]:
    """What is left of spans that do not touch each other."""
    left = list(spans)
    for low, high in taken:
        left = [
            part
            for first, last in left
            for part in ((first, min(last, low - 1)), (max(first, high + 1), last))
            if part[0] <= part[1]
        ]
    return left


def _size(spans: Iterable[Span]) -> int:
    return sum(high - low + 1 for low, high in spans)
