"""Which attribute of a resource does a way lead to, once local names are followed?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from tfreconcile.policies.chains import ANY, ONE

OF_RESOURCES = frozenset(
    {"change", "values", "child_modules", "resources", "provider_name", "module_address"}
)
"""Steps that show that a name stands for a resource, or for what holds resources."""
_BESIDE = OF_RESOURCES | {
    "type",
    "name",
    "address",
    "mode",
    "index",
    "deposed",
    "action_reason",
    "previous_address",
}
"""Members of a resource that are none of its attributes."""
Steps: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Way:
    """What a reference stands for, once local names are followed: ``base`` is none of them."""

    base: str
    steps: Steps
    types: frozenset[str] | None
    is_resource: bool


def both(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    if one is None or other is None:
        return one if other is None else other
    return one & other


def below_attributes(steps: Steps) -> tuple[Steps | None, bool]:
    """What of a path stands below a resource's attributes, None if nothing; and is it the whole way?"""
    for place, step in enumerate(steps):
        either = step == ONE and steps[place - 1 : place] == ("change",)
        if step == "after" or either or (step == "values" and "change" not in steps[:place]):
            below = steps[place + 1 :]
            return (_behind(below), False) if ANY in below else (below, True)
    if ANY in steps:
        below = _behind(steps)
        return (None if below[:1] and below[0] in _BESIDE else below), False
    return None, False


def _behind(steps: Steps) -> Steps:
    """What comes after the last step that may be any number of steps."""
    return steps[len(steps) - steps[::-1].index(ANY) :]


def fragment(way: Way) -> Steps:
    """The names below something that was not followed: a parameter, what another rule gives, data."""
    steps = way.steps
    if way.base == "input" or {"change", "after_unknown"} & set(steps) or OF_RESOURCES & set(steps[:1]):
        return ()
    if way.base == "data":
        steps = steps[len(steps) - steps[::-1].index(ONE) if ONE in steps else len(steps) :]
    while steps[:1] == (ONE,):
        steps = steps[1:]
    if OF_RESOURCES & set(steps[:1]) or (way.is_resource and steps[:1] and steps[0] in _BESIDE):
        return ()
    return steps


def suffixes(steps: Steps) -> Iterator[Steps]:
    """Every end of a path that begins with a name: what else it may be the path of; ANY without a name."""
    named = [place for place, step in enumerate(steps) if step not in (ONE, ANY)]
    yield from (steps[place:] for place in named)
    if steps and not named:
        yield (ANY,)
