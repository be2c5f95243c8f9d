"""Where do two values differ, and is the difference more than one spelling of nothing?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from tfreconcile.plan.document import Json, Step

Path: TypeAlias = tuple[Step, ...]
"""The steps from the top of a resource's value down to one leaf."""


def changed_paths(before: Json, after: Json) -> frozenset[Path]:
    """The leaves that differ; lists are compared by position, a missing key counts as null."""
    return frozenset(_differing(before, after, False, ()))


def planned_paths(before: Json, after: Json, unknown: Json) -> frozenset[Path]:
    """The leaves that a plan changes.

    ``unknown`` is Terraform's mask over ``after``: a value known only after apply may become anything,
    so that it counts as changed, at the level where the mask says ``true``.
    """
    return frozenset(_differing(before, after, unknown, ()))


def settled(value: Json) -> Json:
    """The value with every spelling of nothing as null.

    Providers of the older SDK read back ``null`` as ``""``, ``[]`` or ``{}``, and a block that was not
    written as an object full of these. Zero and false are values.
    """
    if isinstance(value, dict):
        kept: dict[str, Json] = {}
        for key, inner in value.items():
            if (smaller := settled(inner)) is not None:
                kept[key] = smaller
        return kept or None
    if isinstance(value, list):
        inners = [settled(inner) for inner in value]
        return inners if any(inner is not None for inner in inners) else None
    return None if value == "" else value


def is_alike(one: Json, other: Json) -> bool:
    """Are both the same once nothing is spelled one way?"""
    return not changed_paths(settled(one), settled(other))


def value_at(value: Json, path: Path) -> Json:
    """What stands at a path; null where there is nothing."""
    for step in path:
        value = _inner(value, step)
    return value


def is_masked(mask: Json, path: Path) -> bool:
    """Does a mask of Terraform's (``true`` at any level means all below) speak of this path?"""
    for step in path:
        if mask is True:
            return True
        mask = _inner(mask, step)
    return mask is True


def overlaps(path: Path, others: Iterable[Path]) -> bool:
    """Is the path one of the others, inside one, or around one?"""
    return any(path[: len(other)] == other[: len(path)] for other in others)


def dotted(path: Path) -> str:
    """``tags.Name``, ``ingress.0.cidr_blocks.1``: names and positions, never values."""
    return ".".join(str(step) for step in path)


def _differing(before: Json, after: Json, unknown: Json, at: Path) -> list[Path]:
    if unknown is True:
        return [at]
    steps = _steps(before, after, unknown)
    if not steps:
        return [] if _is_same_leaf(before, after) else [at]
    found = [
        path
        for step in steps
        for path in _differing(_inner(before, step), _inner(after, step), _inner(unknown, step), (*at, step))
    ]
    return found or ([] if _has_same_outline(before, after) else [at])


def _steps(before: Json, after: Json, unknown: Json) -> tuple[Step, ...]:
    present = [value for value in (before, after) if value is not None]
    if all(isinstance(value, dict) for value in present):
        keys = {key for value in (*present, unknown) if isinstance(value, dict) for key in value}
        if keys:
            return tuple(sorted(keys))
    if all(isinstance(value, list) for value in present):
        return tuple(range(max(_length(value) for value in (before, after, unknown))))
    return ()


def _length(value: Json) -> int:
    return len(value) if isinstance(value, list) else 0


def _inner(value: Json, step: Step) -> Json:
    if isinstance(value, dict) and isinstance(step, str):
        return value.get(step)
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return value[step]
    return None


def _is_same_leaf(before: Json, after: Json) -> bool:
    # True == 1 in Python, but not in Terraform.
    return isinstance(before, bool) is isinstance(after, bool) and before == after


def _has_same_outline(before: Json, after: Json) -> bool:
    """Nothing inside differs: is a null that one has and the other lacks the only difference?"""
    if isinstance(before, dict) and isinstance(after, dict):
        return before.keys() == after.keys()
    if isinstance(before, list) and isinstance(after, list):
        return len(before) == len(after)
    return before is None and after is None
