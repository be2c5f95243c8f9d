"""What is drift, and what does only look like it because a provider reads back what it likes?"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from importlib import resources

from tfreconcile.classify.paths import Path, changed_paths, is_alike, settled, value_at
from tfreconcile.plan.document import Address, Change, Drift, Json, Plan
from tfreconcile.plan.dynamic import Generated

_INSTANCE_KEY = re.compile(r'\[(?:\d+|"(?:[^"\\]|\\.)*")\]')


@dataclass(frozen=True)
class RealDrift:
    """A drift entry that is more than read-back.

    ``paths`` are the leaves that really changed; empty when the object is gone.
    """

    drift: Drift
    paths: frozenset[Path] = frozenset()

    @property
    def gone(self) -> bool:
        """Is there no object any more?"""
        return "delete" in self.drift.actions


@dataclass(frozen=True, kw_only=True)
class _Computed:
    types: tuple[str, ...]
    attributes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class _Mirror:
    """See readback.toml, which explains each key."""

    type: str
    attribute: str
    of: str
    link: str
    to: tuple[str, ...]
    where: Mapping[str, str] = field(default_factory=dict)
    entry: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Facts:
    """What of a plan is asked for every drift entry, looked up once."""

    configured: Mapping[str, frozenset[str]]
    states: Mapping[str, Sequence[Json]]
    """By type that something mirrors: each value that a resource of the plan has, had, or will have."""


_TABLE = tomllib.loads((resources.files(__package__) / "readback.toml").read_text("utf-8"))
_COMPUTED = tuple(
    _Computed(types=tuple(row["types"]), attributes=tuple(row["attributes"])) for row in _TABLE["computed"]
)
_MIRRORS = tuple(_Mirror(**{**row, "to": tuple(row["to"])}) for row in _TABLE["mirror"])


def real_drift(
    plan: Plan, configured: Mapping[str, frozenset[str]] | None = None
) -> Mapping[Address, RealDrift]:
    """By address, the drift entries of a plan that somebody or something caused.

    Left out are: null against empty; values that only the cloud computes; attributes that show what
    another resource of the same plan manages. What the configuration sets is never left out for one
    of the last two. ``configured`` is what ``given`` says, where it was asked already.
    """
    facts = _facts(plan, given(plan) if configured is None else configured)
    found = (_real(drift, facts) for drift in plan.drift)
    return {real.drift.address: real for real in found if real.gone or real.paths}


def block_of(address: str) -> str:
    """The configuration block of an instance: ``module.a[0].aws_x.y["k"]`` is of ``module.a.aws_x.y``."""
    return _INSTANCE_KEY.sub("", address)


def given(plan: Plan, generated: Generated | None = None) -> Mapping[str, frozenset[str]]:
    """The attributes that the code gives in each block, by ``block_of`` its instances.

    ``generated`` are the blocks made with ``dynamic``: the plan's configuration lacks them.
    """
    more = generated or Generated()
    return {
        ".".join(filter(None, (block_of(block.module), block.type, block.name))): (
            block.attributes | more.of(block.type, block.name)
        )
        for block in plan.configured
    }


def _facts(plan: Plan, configured: Mapping[str, frozenset[str]]) -> _Facts:
    states: dict[str, list[Json]] = {mirror.of: [] for mirror in _MIRRORS}
    managed = (change for change in plan.changes if change.mode == "managed")
    for type_, before, after in _sides((*managed, *plan.drift)):
        if type_ in states:
            states[type_] += (before, after)
    return _Facts(configured, states)


def _sides(entries: Iterable[Change | Drift]) -> Iterator[tuple[str, Json, Json]]:
    return ((entry.type, entry.before, entry.after) for entry in entries)


def _real(drift: Drift, facts: _Facts) -> RealDrift:
    if "delete" in drift.actions:
        return RealDrift(drift)
    paths = frozenset(
        path
        for path in changed_paths(drift.before, drift.after)
        if not is_alike(value_at(drift.before, path), value_at(drift.after, path))
    )
    configured = facts.configured.get(block_of(drift.address), frozenset())
    noisy = {
        name
        for name in {str(path[0]) for path in paths if path} - configured
        if _is_computed(drift.type, name) or _is_mirror(drift, name, facts)
    }
    return RealDrift(drift, frozenset(path for path in paths if not path or str(path[0]) not in noisy))


def _is_computed(type_: str, name: str) -> bool:
    return any(_matches(type_, group.types) and _matches(name, group.attributes) for group in _COMPUTED)


def _matches(text: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(text, pattern) for pattern in patterns)


def _is_mirror(drift: Drift, name: str, facts: _Facts) -> bool:
    """Does other management in the same plan account for all that differs in this attribute?"""
    related = [
        (mirror, owners)
        for mirror in _MIRRORS
        if mirror.type == drift.type and mirror.attribute == name
        if (owners := _owners(mirror, drift, facts))
    ]
    if not related or not all(mirror.entry for mirror, _ in related):
        return bool(related)
    return all(
        any(_accounts_for(owners, element, mirror.entry) for mirror, owners in related)
        for element in _odd_elements(value_at(drift.before, (name,)), value_at(drift.after, (name,)))
    )


def _owners(mirror: _Mirror, drift: Drift, facts: _Facts) -> list[Json]:
    """The values of those resources that manage this attribute of this very resource."""
    own = [value_at(side, (key,)) for side in (drift.before, drift.after) for key in mirror.to]
    names = [value for value in own if isinstance(value, str) and value]
    return [
        state
        for state in facts.states.get(mirror.of, ())
        if any(link in names for link in _members(value_at(state, (mirror.link,))))
        and all(value_at(state, (key,)) == wanted for key, wanted in mirror.where.items())
    ]


def _odd_elements(before: Json, after: Json) -> list[Json]:
    """Elements, blank ones aside, that only one of two lists has; whole values if they are no lists."""
    sides = [side if isinstance(side, list) else [side] for side in (before, after)]
    return [
        element
        for mine, others in (sides, reversed(sides))
        for element in mine
        if settled(element) is not None and not any(is_alike(element, other) for other in others)
    ]


def _accounts_for(owners: Iterable[Json], element: Json, entry: Mapping[str, str]) -> bool:
    """Plain values must be one owner's; lists and flags may be gathered from several such owners."""
    pairs = [(_part(element, mine), theirs) for mine, theirs in entry.items()]
    plain = [(part, theirs) for part, theirs in pairs if not isinstance(part, list | bool)]
    gathered = [(part, theirs) for part, theirs in pairs if isinstance(part, list | bool)]
    alike = [
        owner
        for owner in owners
        if all(_members(part) == _members(value_at(owner, (theirs,))) for part, theirs in plain)
    ]
    return bool(alike) and all(
        any(member in _members(value_at(owner, (theirs,))) for owner in alike)
        for part, theirs in gathered
        for member in _members(part)
    )


def _part(element: Json, name: str) -> Json:
    return element if name == "." else value_at(element, (name,))


def _members(value: Json) -> list[Json]:
    """A value as a list. Nothing, false and port 0 ("all", which some resources leave out) are none."""
    if isinstance(value, list):
        return value
    return [value] if value else []
