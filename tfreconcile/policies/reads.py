"""Which attributes of planned resources do policies read, and which do they ask about?

A static answer, on the side of caution: a reference that leads to no resource counts by its names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain as chained

from tfreconcile.policies import patterns, whole
from tfreconcile.policies.bodies import head, restricted, spelled
from tfreconcile.policies.chains import ANY, ONE, Chain, aliases, chains
from tfreconcile.policies.clauses import Clause, ends_statement
from tfreconcile.policies.paths import OF_RESOURCES, Steps, Way, below_attributes, both, fragment, suffixes
from tfreconcile.policies.tokens import Sort, Token, at

_NAME = re.compile(r"[a-z][a-z0-9_]*")
DEEPEST = 8
"""How many local names may stand for one another in a row."""
_GUARDS = frozenset({"is_object", "is_null", "is_array", "is_set"})
_TAKES = "("
"""After the name of a function: what its parameters are given is whole."""
_OURS = ("tfreconcile.unknown", "tfreconcile.known", "data.tfreconcile.unknown", "data.tfreconcile.known")


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
    replaced = frozenset(chained.from_iterable(_replaced(one.tokens) for one in known))
    looks = [_Look(one, functions, replaced) for one in known]
    held = _held(looks)
    found = tuple(dict.fromkeys(chained.from_iterable(look.reads(held) for look in looks)))
    texts = {token.value for one in known for token in one.tokens if token.sort is Sort.TEXT}
    names = sorted(name for name in texts | set(words) if _NAME.fullmatch(name))
    chosen = (replace(one, path=(name,)) for one in found if one.path[0] in (ANY, ONE) for name in names)
    return Reads(
        reads=(*found, *chosen),
        consulted=frozenset(chained.from_iterable(look.consulted() for look in looks)) - {ONE, ANY},
    )


def _replaced(found: Sequence[Token]) -> Iterator[str]:
    """``input`` or ``data`` where ``with`` puts something else in its place, for every rule that is asked."""
    for place, token in enumerate(found):
        if token.is_word("with"):
            yield at(found, place + 1).value


def _held(looks: Sequence[_Look]) -> frozenset[str]:
    """Rules that stand for whole resources, and functions that are given them, from one to the next."""
    held: frozenset[str] = frozenset()
    while True:
        further = held | frozenset(chained.from_iterable(look.hands_on(held) for look in looks))
        if further == held:
            return held
        held = further


class _Look:
    """A look at one rule."""

    def __init__(self, clause: Clause, functions: frozenset[str], replaced: frozenset[str]) -> None:
        self._replaced = replaced
        self._imports = dict(clause.imports)
        self._params = whole.params(clause.tokens, is_function=clause.is_function)
        self._bindings = tuple(whole.bindings(clause.tokens))
        self._clause = clause
        self._tokens: Sequence[Token] = clause.tokens
        self._functions = functions
        self._head = head(clause.tokens)
        self._chains = tuple(chains(clause.tokens))
        self._aliases, self._naming = aliases(clause.tokens, self._chains)
        self._resources = frozenset(one.base for one in self._chains if OF_RESOURCES & set(one.steps[:1]))
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

    def hands_on(self, held: frozenset[str]) -> Iterator[str]:
        """The functions that the rule gives something whole, and its own name when it gives it back."""
        names = self._named_whole(held)
        if names & _words(self._tokens[: self._head or len(self._tokens)]) - self._params:
            yield self._clause.name
        for one in self._chains:
            if not any(self._is_whole(one, way, names) for way in self._ways(one)):
                continue
            if whole.is_own(one.call, self._functions):
                yield one.call.rpartition(".")[2] + _TAKES
            if self._clause.name != one.call and (not self._head or one.begin < self._head):
                yield self._clause.name

    def _named_whole(self, held: frozenset[str]) -> frozenset[str]:
        """Every name that stands for something whole here: of rules, parameters and bindings."""
        takes = self._clause.name.rpartition(".")[2] + _TAKES in held
        names = held | (self._params if takes else frozenset())
        while True:
            further = names | frozenset(chained.from_iterable(self._bound(names)))
            if further == names:
                return names
            names = further

    def _bound(self, names: frozenset[str]) -> Iterator[frozenset[str]]:
        for given, begin, end in self._bindings:
            inside = (
                one for one in self._chains if begin <= one.begin < end and one.begin not in self._naming
            )
            if any(
                self._is_whole(one, way, names) and one.call not in whole.SHALLOW
                for one in inside
                for way in self._ways(one)
            ) or names & _called(self._tokens[begin:end]):
                yield given

    def _is_whole(self, one: Chain, way: Way, names: frozenset[str]) -> bool:
        steps = way.steps[len(way.steps) - len(one.steps) :] if one.base in names else way.steps
        base = one.base if one.base in names else way.base
        held = names | {base} if way.is_resource else names
        return whole.is_whole(base, steps, held) or below_attributes(way.steps)[0] == ()

    def reads(self, held: frozenset[str]) -> Iterator[Read]:
        """What the rule reads, unless it asks about whatever it reads."""
        if ONE in self.consulted():
            return
        names = self._named_whole(held)
        for one in self._chains:
            if one.begin in self._naming or one.call in _OURS:
                continue
            for way in self._ways(one):
                yield from (self._read(one.begin, way.types, *path) for path in self._paths(one, way))
                if self._is_whole(one, way, names) and self._is_swallowed(one):
                    yield self._read(one.begin, way.types, (ANY,), False)
        for key, place in patterns.keys(self._tokens, self._head, {*self._aliases, *self._params, *names}):
            yield self._read(place, None, (key,), False)

    def _is_swallowed(self, one: Chain) -> bool:
        """Is it given to something that can look inside of it: a builtin, or a comparison?"""
        gets = one.call == "object.get" and one.argument == 0
        if whole.is_compared(self._tokens, one) or (gets and not spelled(self._tokens, one)):
            return True
        own = whole.is_own(one.call, self._functions)
        return bool(one.call) and not gets and not own and one.call not in whole.SHALLOW

    def _read(self, begin: int, types: frozenset[str] | None, path: Steps, rooted: bool) -> Read:
        clause = self._clause
        return Read(
            path=path,
            rooted=rooted,
            types=types,
            place=f"{clause.file}:{self._tokens[begin].line}",
            rule=clause.rule,
            warns=clause.name.startswith("warn"),
        )

    def _ways(self, one: Chain, depth: int = 0) -> Iterator[Way]:
        """Each thing that a reference may stand for."""
        types, is_resource = self._types.get(one.base), one.base in self._resources
        behind = self._aliases.get(one.base, ()) if depth < DEEPEST else ()
        if not behind:
            lent = self._imports.get(one.base)
            base, steps = (one.base, one.steps) if lent is None else ("input", (*lent, *one.steps))
            yield Way(base, steps, types, is_resource)
        for other in behind:
            for way in self._ways(other, depth + 1) if other.begin != one.begin else ():
                steps, resource = (*way.steps, *one.steps), is_resource or way.is_resource
                yield Way(way.base, steps, both(types, way.types), resource)

    def _paths(self, one: Chain, way: Way) -> Iterator[tuple[Steps, bool]]:
        """Each path that a reference reads, and whether it is rooted."""
        gets = one.call == "object.get" and one.argument == 0
        if gets:
            way = replace(way, steps=(*way.steps, *(spelled(self._tokens, one) or (ONE,))))
        if way.base in self._replaced:
            yield from ((end, False) for end in suffixes(way.steps))
        path, rooted = below_attributes(way.steps)
        if path is None:
            path = fragment(way)
            if path:
                yield path, False
        elif path:
            yield path, rooted
        elif not gets and not self._only_handed_on(one):
            yield (ANY,), False

    def _only_handed_on(self, one: Chain) -> bool:
        """Is a whole ``after`` only given to the policies' own functions, or looked at for being there?"""
        before, behind = at(self._tokens, one.begin - 1), at(self._tokens, one.end)
        if one.call in _GUARDS or whole.is_own(one.call, self._functions):
            return True
        if one.begin < self._head or behind.is_sign("|"):
            return True
        if {before.value, behind.value} & {"==", "!=", "="}:
            return any(at(self._tokens, near).is_word("null") for near in (one.begin - 2, one.end + 1))
        return not one.call and (before.is_word("not") or ends_statement(behind))


def _words(found: Sequence[Token]) -> frozenset[str]:
    return frozenset(token.value for token in found if token.sort is Sort.WORD)


def _called(found: Sequence[Token]) -> frozenset[str]:
    """The names of what is called here."""
    return frozenset(one.value for place, one in enumerate(found) if at(found, place + 1).is_sign("("))
