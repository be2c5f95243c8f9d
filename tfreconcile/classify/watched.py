"""Which attributes of which resource types are watched, and for what? The tables that stand beside this."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cached_property, lru_cache
from importlib import resources
from typing import Any

from tfreconcile.classify.model import HazardKind
from tfreconcile.plan.document import Json


class When(StrEnum):
    """What must happen to an attribute for a rule to speak."""

    BECOMES = "becomes"
    """One of ``values`` (patterns) stands there, or is a member, and was not before."""
    LEAVES = "leaves"
    """One of ``values`` stood there, or was a member, and is no longer."""
    LESS = "less"
    """A number gets smaller; ``forever`` is larger than all, ``absent`` stands for a number not given."""
    SHRINKS = "shrinks"
    """A list loses a member."""
    EMPTIED = "emptied"
    """Something stood there, and nothing will."""
    CHANGES = "changes"
    """Something stood there, and something else will."""
    DELETED = "deleted"
    """The resource itself goes: it was there to guard another one."""
    OPENS = "opens"
    """A network rule lets in wide parts of the internet: see networks.py for its keys."""
    PUBLIC = "public"
    """A policy document lets in everybody."""
    WIDE = "wide"
    """A policy document of an identity has new wildcards."""
    TRUSTS = "trusts"
    """A trust policy has a new principal that is no service."""
    SCALES = "scales"
    """A capacity moves by more than the host's factor."""
    RESIZES = "resizes"
    """A size word (``t3.micro``, ``n2-standard-8``) moves by more than the host's factor."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One row of a table.

    ``beside``: attributes that say whom or what it is about; when one of them changes, what stood there
    before counts for nothing. ``unless``: attributes that make it harmless when they are set. ``only``: it
    speaks only where these attributes have one of these values (patterns), or none. ``narrows``: lists that
    say what alone it is about where they are set; when they say more than before, what stood there counts for
    nothing. ``along``: the attribute whose members tell what a value of BECOMES may do. ``by``: the attribute
    that names an element, whose place in the list says nothing. The last five are for OPENS.
    """

    types: tuple[str, ...]
    when: When
    why: str
    attribute: str = ""
    values: tuple[Json, ...] = ()
    beside: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    only: Mapping[str, tuple[Json, ...]] = field(default_factory=dict)
    narrows: tuple[str, ...] = ()
    along: str = ""
    by: str = ""
    absent: int | None = None
    forever: int | None = None
    sources: tuple[str, ...] = ()
    protocol: str = ""
    low: str = ""
    high: str = ""
    ports: str = ""

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The attribute's path; ``*`` is any element."""
        return path(self.attribute)

    def speaks_of(self, type_: str) -> bool:
        """Is the resource type one of the rule's?"""
        return any(fnmatchcase(type_, pattern) for pattern in self.types)


def path(dotted: str) -> tuple[str, ...]:
    """The names of a dotted path; none for the resource itself."""
    return tuple(dotted.split(".")) if dotted else ()


def _rule(row: dict[str, Any]) -> Rule:
    return Rule(**{**{key: _frozen(value) for key, value in row.items()}, "when": When(row["when"])})


def _frozen(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(value)
    if isinstance(value, dict):
        return {key: _frozen(inner) for key, inner in value.items()}
    return value


def _read(kind: HazardKind) -> tuple[Rule, ...]:
    file = resources.files(__package__) / f"{kind}.toml"
    return tuple(_rule(row) for row in tomllib.loads(file.read_text("utf-8"))["rule"])


WATCHED: Mapping[HazardKind, tuple[Rule, ...]] = {
    kind: _read(kind)
    for kind in (HazardKind.PROTECTION_REMOVED, HazardKind.EXPOSURE, HazardKind.IAM, HazardKind.SCALE)
}
"""The rules of each kind of hazard that goes by a table."""


@lru_cache(maxsize=1024)  # a plan has thousands of changes and a dozen types
def rules_for(type_: str) -> tuple[tuple[HazardKind, Rule], ...]:
    """Every rule that speaks of a resource type."""
    return tuple((kind, rule) for kind, rules in WATCHED.items() for rule in rules if rule.speaks_of(type_))
