"""Whom does a network rule let in, and is it more of the internet than before?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from ipaddress import IPv4Network, IPv6Network, collapse_addresses

from tfreconcile.classify.addresses import Network, is_wide, network_of
from tfreconcile.classify.moves import Look, fits, members, moved_on, number
from tfreconcile.classify.paths import Path, dotted
from tfreconcile.classify.sides import Sides, Spot
from tfreconcile.classify.watched import Rule, path
from tfreconcile.plan.document import Json

_ALL = frozenset({"-1", "all", "*", ""})
LAST_PORT = 65535
_NUMBERED = {"1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6"}
_PORTS = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?", re.ASCII)


@dataclass(frozen=True)
class Opening:
    """Who may come in, and to what: a network, and a span of ports of a protocol ("" is all of them).

    ``network`` is None when nobody can tell whom it lets in; ``spot`` is where it is written.
    """

    network: Network | None
    spot: Spot
    protocol: str = ""
    low: int = 0
    high: int = LAST_PORT

    @property
    def is_wide(self) -> bool:
        """Does it let in a large part of the internet?"""
        return self.network is None or is_wide(self.network)

    def within(self, other: Opening) -> bool:
        """Was all of it let in by another opening already?"""
        if self.network is None:
            return other.network is None and self.spot.value == other.spot.value and not self.spot.unknown
        same_ports = other.low <= self.low and self.high <= other.high
        return same_ports and other.protocol in ("", self.protocol) and _holds(other.network, self.network)

    def __str__(self) -> str:
        whom = "what is no network" if self.network is None else str(self.network)
        return f"{whom} ({self.protocol or 'all protocols'}, {self._ports})"

    @property
    def _ports(self) -> str:
        if (self.low, self.high) == (0, LAST_PORT):
            return "all ports"
        return f"port {self.low}" if self.low == self.high else f"ports {self.low}-{self.high}"


def _holds(outer: Network | None, inner: Network | None) -> bool:
    if isinstance(outer, IPv4Network) and isinstance(inner, IPv4Network):
        return inner.subnet_of(outer)
    if isinstance(outer, IPv6Network) and isinstance(inner, IPv6Network):
        return inner.subnet_of(outer)
    return False


def opens(rule: Rule, sides: Sides) -> Iterator[str]:
    """What is wide open now and was not before, and what may be, since it is known only after apply."""
    had = [] if moved_on(rule, sides) else list(_collapsed(openings(rule, sides.before)))
    for found in _collapsed(openings(rule, sides.after)):
        if found.spot.unknown:
            yield f"{dotted(found.spot.path)} is known only after apply, and may let in anybody: {rule.why}"
        elif found.is_wide and not any(found.within(other) for other in had):
            yield f"{dotted(found.spot.path)} lets in {sides.word(found.spot, str(found))}: {rule.why}"


def openings(rule: Rule, look: Look) -> Iterator[Opening]:
    """Each network that one side lets in."""
    for element in look(rule.names) if rule.names else (Spot((), None),):
        if element.unknown and element.value is None:
            yield Opening(network=None, spot=element)
            continue
        if all(fits(look((*element.path, *path(name))), allowed) for name, allowed in rule.only.items()):
            yield from _of_element(rule, look, element.path)


def _of_element(rule: Rule, look: Look, at: Path) -> Iterator[Opening]:
    spans = tuple(_spans(rule, look, at))
    protocol = _protocol(look((*at, rule.protocol))) if rule.protocol else ""
    for source in rule.sources:
        names = path(source[1:]) if source.startswith("/") else (*at, *path(source))
        for spot in look(names):
            if spot.unknown:
                yield Opening(network=None, spot=spot)
            for text in members(spot.value):
                for low, high in spans if isinstance(text, str) else ():
                    network = network_of(str(text))
                    yield Opening(network, replace(spot, unknown=False), protocol, low, high)


def _protocol(spots: tuple[Spot, ...]) -> str:
    found = {str(spot.value).lower() for spot in spots if spot.value is not None and not spot.unknown}
    word = found.pop() if len(found) == 1 else ""
    return "" if word in _ALL else _NUMBERED.get(word, word)


def _spans(rule: Rule, look: Look, at: Path) -> Iterator[tuple[int, int]]:
    """The ports, first and last. What is not given, not known, or below 0 is all of them."""
    if rule.ports:
        listed = [member for spot in look((*at, rule.ports)) for member in members(spot.value)]
        yield from map(_span, listed) if listed else ((0, LAST_PORT),)
        return
    ends = [_port(look((*at, name))) if name else None for name in (rule.low, rule.high)]
    everything = None in ends or ends == [0, 0]
    yield (0, LAST_PORT) if everything else (int(ends[0] or 0), int(ends[1] or 0))


def _span(text: Json) -> tuple[int, int]:
    found = _PORTS.fullmatch(str(text))
    return (int(found[1]), int(found[2] or found[1])) if found else (0, LAST_PORT)


def _port(spots: tuple[Spot, ...]) -> int | None:
    found = [number(spot.value) for spot in spots if not spot.unknown]
    known = found[0] if found else None
    return None if known is None or known < 0 else int(min(known, Decimal(LAST_PORT)))


def _collapsed(openings: Iterable[Opening]) -> Iterator[Opening]:
    """Two halves of the internet are all of it: networks of the same ports are put together."""
    together: dict[tuple[str, int, int, int], list[Opening]] = {}
    for one in openings:
        if one.network is None:
            yield one
            continue
        together.setdefault((one.protocol, one.low, one.high, one.network.version), []).append(one)
    for group in together.values():
        for network in _merged([one.network for one in group]):
            yield replace(group[0], network=network)


def _merged(networks: Iterable[Network | None]) -> Iterator[Network]:
    """The fewest networks that say the same; all of one version."""
    yield from collapse_addresses(one for one in networks if isinstance(one, IPv4Network))
    yield from collapse_addresses(one for one in networks if isinstance(one, IPv6Network))
