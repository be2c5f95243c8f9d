"""Which attributes of planned resources do policies read, and which do they ask about?

A static answer, on the side of caution: a reference that leads to no resource counts by its names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain as chained
from typing import TypeAlias

from tfreconcile.policies.bodies import head, restricted, spelled
from tfreconcile.policies.chains import ANY, ONE, Chain, aliases, chains
from tfreconcile.policies.clauses import Clause, ends_statement
from tfreconcile.policies.tokens import Sort, Token, at

_NAME = re.compile(r"[a-z][a-z0-9_]*")
DEEPEST = 8
"""How many local names may stand for one another in a row."""
_OF_RESOURCES = frozenset(
    {"change", "values", "child_modules", "resources", "provider_name", "module_address"}
)
"""Steps that show that a name stands for a resource, or for what holds resources."""
_BESIDE = _OF_RESOURCES | {
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
_GUARDS = frozenset({"is_object", "is_null", "is_array", "is_set"})
_OURS = ("tfreconcile.unknown", "tfreconcile.known", "data.tfreconcile.unknown", "data.tfreconcile.known")

Steps: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Read:
    """One attribute that a rule reads; ``types`` are the only resource types it may be of, None: any.

    A ``rooted`` path begins at the attributes of a resource, another one anywhere below them. ``**`` alone is
    any attribute, by whatever name.
    """

    path: Steps
    rooted: bool
    types: frozenset[str] | None
    place: str
    rule: str
    warns: bool


@dataclass(frozen=True)
class Reads:
    """All that a set of policies reads, and the attributes of which it asks whether they are known."""

    reads: tuple[Read, ...]
    consulted: frozenset[str]


def reads(rules: Iterable[Clause], words: Iterable[str] = ()) -> Reads:
    """The reads of all rules together; a rule that asks about any attribute by a variable excuses itself.

    Whoever looks at all attributes may choose by name: then each text of the policies, and each of ``words``
    (those of the data), counts as a name that is read.
    """
    known = tuple(rules)
    functions = frozenset(one.name for one in known if one.is_function)
    looks = [_Look(one, functions) for one in known]
    found = tuple(dict.fromkeys(chained.from_iterable(look.reads() for look in looks)))
    texts = {token.value for one in known for token in one.tokens if token.sort is Sort.TEXT}
    names = sorted(name for name in texts | set(words) if _NAME.fullmatch(name))
    chosen = (replace(one, path=(name,)) for one in found if one.path[0] in (ANY, ONE) for name in names)
    return Reads(
        reads=(*found, *chosen),
        consulted=frozenset(chained.from_iterable(look.consulted() for look in looks)) - {ONE, ANY},
    )


@dataclass(frozen=True, slots=True)
class _Way:
    """What a reference stands for, once local names are followed: ``base`` is none of them."""

    base: str
    steps: Steps
    types: frozenset[str] | None
    is_resource: bool


class _Look:
    """A look at one rule."""

    def __init__(self, clause: Clause, functions: frozenset[str]) -> None:
        self._clause = clause
        self._tokens: Sequence[Token] = clause.tokens
        self._functions = functions
        self._head = head(clause.tokens)
        self._chains = tuple(chains(clause.tokens))
        self._aliases, self._naming = aliases(clause.tokens, self._chains)
        self._resources = frozenset(one.base for one in self._chains if _OF_RESOURCES & set(one.steps[:1]))
        self._types = dict(restricted(clause.tokens, self._chains, self._aliases, self._resources))

    def consulted(self) -> Iterator[str]:
        """First names of the attributes that the rule asks about; ``*`` when a variable names them."""
        for one in self._chains:
            for way in self._ways(one) if one.begin not in self._naming else ():
                if "after_unknown" in way.steps:
                    named = way.steps[way.steps.index("after_unknown") + 1 :][:1]
                    yield from named or spelled(self._tokens, one)[:1] or (ONE,)
            if one.call in _OURS and one.argument == 0:
                yield from spelled(self._tokens, one)[:1] or (ONE,)

    def reads(self) -> Iterator[Read]:
        """What the rule reads, unless it asks about whatever it reads."""
        if ONE in self.consulted():
            return
        for one in self._chains:
            if one.begin in self._naming or one.call in _OURS:
                continue
            for way in self._ways(one):
                yield from (self._read(one, way, *path) for path in self._paths(one, way))

    def _read(self, one: Chain, way: _Way, path: Steps, rooted: bool) -> Read:
        clause = self._clause
        return Read(
            path=path,
            rooted=rooted,
            types=way.types,
            place=f"{clause.file}:{self._tokens[one.begin].line}",
            rule=clause.rule,
            warns=clause.name.startswith("warn"),
        )

    def _ways(self, one: Chain, depth: int = 0) -> Iterator[_Way]:
        """Each thing that a reference may stand for."""
        types, is_resource = self._types.get(one.base), one.base in self._resources
        behind = self._aliases.get(one.base, ()) if depth < DEEPEST else ()
        if not behind:
            yield _Way(one.base, one.steps, types, is_resource)
        for other in behind:
            for way in self._ways(other, depth + 1) if other.begin != one.begin else ():
                steps, resource = (*way.steps, *one.steps), is_resource or way.is_resource
                yield _Way(way.base, steps, _both(types, way.types), resource)

    def _paths(self, one: Chain, way: _Way) -> Iterator[tuple[Steps, bool]]:
        """Each path that a reference reads, and whether it is rooted."""
        gets = one.call == "object.get" and one.argument == 0
        if gets:
            way = replace(way, steps=(*way.steps, *(spelled(self._tokens, one) or (ONE,))))
        path, rooted = _below_attributes(way.steps)
        if path is None:
            path = _fragment(way)
            if path:
                yield path, False
        elif path:
            yield path, rooted
        elif not gets and not self._only_handed_on(one):
            yield (ANY,), False

    def _only_handed_on(self, one: Chain) -> bool:
        """Is a whole ``after`` only given to the policies' own functions, or looked at for being there?"""
        before, behind = at(self._tokens, one.begin - 1), at(self._tokens, one.end)
        if one.call in _GUARDS or one.call.rpartition(".")[2] in self._functions:
            return True
        if one.begin < self._head or behind.is_sign("|"):
            return True
        if {before.value, behind.value} & {"==", "!=", "="}:
            return any(at(self._tokens, near).is_word("null") for near in (one.begin - 2, one.end + 1))
        return not one.call and (before.is_word("not") or ends_statement(behind))


def _both(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    if one is None or other is None:
        return one if other is None else other
    return one & other


def _below_attributes(steps: Steps) -> tuple[Steps | None, bool]:
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


def _fragment(way: _Way) -> Steps:
    """The names below something that was not followed: a parameter, what another rule gives, data."""
    steps = way.steps
    if way.base == "input" or {"change", "after_unknown"} & set(steps) or _OF_RESOURCES & set(steps[:1]):
        return ()
    if way.base == "data":
        steps = steps[len(steps) - steps[::-1].index(ONE) if ONE in steps else len(steps) :]
    while steps[:1] == (ONE,):
        steps = steps[1:]
    if _OF_RESOURCES & set(steps[:1]) or (way.is_resource and steps[:1] and steps[0] in _BESIDE):
        return ()
    return steps
