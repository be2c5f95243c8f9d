"""What do the answers of an engine mean? The conventions of conftest, on the strict side.

``deny``, ``deny_*``, ``violation`` and ``violation_*`` deny, ``warn`` and ``warn_*`` warn; each is a set of
texts, or of objects with ``msg``. ``exception contains ["x"]`` excepts what ``deny_x`` says, ``[""]`` what
``deny`` says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from tfreconcile.errors import Stalled
from tfreconcile.policies.model import Finding, Findings

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

MOST = 200
"""Findings of one kind that are told one by one."""
LONGEST = 1000
"""Characters of a message."""
_KIND = re.compile(r"(deny|violation|warn)(?:_(.*))?")
_ADDRESSES = ("address", "resource", "resource_address")


@dataclass(frozen=True)
class Query:
    """The rules of one namespace that are asked, and whether it has exceptions."""

    namespace: str
    rules: tuple[str, ...]
    excepts: bool

    @property
    def paths(self) -> tuple[str, ...]:
        """The whole name of each rule that is asked."""
        names = (*self.rules, "exception") if self.excepts else self.rules
        return tuple(f"{self.namespace}.{name}" for name in names)


def wrong(message: str) -> Stalled:
    """A policy that gives no answer blocks; it never passes."""
    return Stalled("PolicyError", message)


def findings(query: Query, answers: Mapping[str, Json]) -> Findings:
    """What the rules of a namespace say. Raises Stalled("PolicyError") for an answer of any other form.

    ``answers`` has a list for each path: empty when the rule is undefined, else with its value.
    """
    excepted = _excepted(query, answers)
    denied: list[Finding] = []
    warned: list[Finding] = []
    lifted: list[Finding] = []
    for rule in query.rules:
        path, parts = f"{query.namespace}.{rule}", _KIND.fullmatch(rule)
        kind, about = (parts[1], parts[2] or "") if parts else ("deny", rule)
        into = lifted if about in excepted else warned if kind == "warn" else denied
        into += _said(path, _value(path, answers))
    return Findings(denied=few(denied), warned=few(warned), excepted=few(lifted))


def few(found: list[Finding]) -> tuple[Finding, ...]:
    """The findings, or the first of them and how many more there are."""
    if len(found) <= MOST:
        return tuple(found)
    more = Finding(source=found[MOST].source, message=f"and {len(found) - MOST} more")
    return (*found[:MOST], more)


def _value(path: str, answers: Mapping[str, Json]) -> Json:
    match answers.get(path):
        case [value] if value is not None:
            return value
        case [] | None | [None]:
            raise wrong(f"{path} is undefined, so nothing was checked; make it a set: deny contains msg if …")
    raise wrong(f"the engine gave an answer of an unknown form for {path}")


def _said(path: str, value: Json) -> Iterator[Finding]:
    if not isinstance(value, list):
        kind = "an object" if isinstance(value, dict) else type(value).__name__
        raise wrong(f"{path} is {kind}; it must be a set of messages: deny contains msg if …")
    for entry in value:
        yield _finding(path, entry)


def _finding(path: str, entry: Json) -> Finding:
    match entry:
        case str():
            return Finding(source=path, message=entry[:LONGEST])
        case {"msg": str(message)}:
            named = {key: one for key, one in _members(entry) if isinstance(one, str)}
            address = next((named[key] for key in _ADDRESSES if key in named), "")
            return Finding(source=path, message=message[:LONGEST], address=address)
    raise wrong(f"{path} gives an entry that is neither a text nor an object with a text as msg")


def _members(entry: Json) -> Iterator[tuple[str, Json]]:
    if isinstance(entry, dict):
        for key, value in entry.items():
            yield key, value
            if key in ("metadata", "details") and isinstance(value, dict):
                yield from value.items()


def _excepted(query: Query, answers: Mapping[str, Json]) -> frozenset[str]:
    if not query.excepts:
        return frozenset()
    path = f"{query.namespace}.exception"
    value = _value(path, answers)
    lists = value if isinstance(value, list) else [None]
    names = [name for each in lists for name in (each if isinstance(each, list) else [None])]
    if not all(isinstance(name, str) for name in names):
        raise wrong(f'{path} must be a set of lists of texts: exception contains ["run_as_root"] if …')
    return frozenset(map(str, names))
