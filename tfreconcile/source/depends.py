"""Which stacks wait for each other in a circle?"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from tfreconcile.source.model import StackName


def cycles(waits_for: Mapping[StackName, tuple[StackName, ...]]) -> dict[StackName, tuple[StackName, ...]]:
    """For each member of a circle the shortest one through it: ``(a, b, a)``.

    A name that has no row of its own waits for nothing.
    """
    left = _entangled(waits_for)
    found = {name: _way_back(name, left) for name in left}
    return {name: circle for name, circle in found.items() if circle}


def _entangled(
    waits_for: Mapping[StackName, tuple[StackName, ...]],
) -> dict[StackName, tuple[StackName, ...]]:
    """What is left after taking away, again and again, whatever waits for nothing: mostly nothing at all."""
    left = {name: {other for other in others if other in waits_for} for name, others in waits_for.items()}
    waiters: dict[StackName, list[StackName]] = {name: [] for name in left}
    for name, others in left.items():
        for other in others:
            waiters[other].append(name)
    free = deque(name for name, others in left.items() if not others)
    while free:
        gone = free.popleft()
        for name in waiters[gone]:
            left[name].discard(gone)
            if not left[name]:
                free.append(name)
    return {name: tuple(sorted(others)) for name, others in sorted(left.items()) if others}


def _way_back(
    start: StackName, waits_for: Mapping[StackName, tuple[StackName, ...]]
) -> tuple[StackName, ...]:
    """The shortest way from a name to itself; () when there is none."""
    came_from: dict[StackName, StackName] = {}
    seen = deque([start])
    while seen:
        name = seen.popleft()
        for other in waits_for.get(name, ()):
            if other == start:
                return (*_trail(name, came_from), start)
            if other not in came_from:
                came_from[other] = name
                seen.append(other)
    return ()


def _trail(end: StackName, came_from: Mapping[StackName, StackName]) -> tuple[StackName, ...]:
    trail = [end]
    while trail[-1] in came_from:
        trail.append(came_from[trail[-1]])
    return tuple(reversed(trail))
