"""Which stacks does a commit define, and which definitions are broken?

One broken definition never hides another stack: it is set aside with its problems, and the rest goes on.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from hashlib import sha256
from itertools import chain, count
from pathlib import PurePosixPath
from typing import TypeAlias

from tfreconcile.errors import Misconfigured, Place, Problem
from tfreconcile.source import depends
from tfreconcile.source.declared import name_in
from tfreconcile.source.document import LIMIT
from tfreconcile.source.model import Stack, StackName
from tfreconcile.source.stack import Parsed, file_of, parsed
from tfreconcile.source.tree import REGULAR, Tree, under

FILE_NAME = "stack.yaml"
MISSPELT = "stack.yml"
_COMPARED = 200
"""With more names than this nobody is asked "did you mean": comparing all of them takes too long."""


@dataclass(frozen=True, kw_only=True)
class Broken:
    """A definition that cannot be used. Several may bear one name: that is then what is wrong with them.

    ``name`` is the declared one if it could be read, else one made from where the definition stands.
    """

    name: StackName
    definition: PurePosixPath
    problems: tuple[Problem, ...]


@dataclass(frozen=True, kw_only=True)
class Definitions:
    """Every definition of one commit: the stacks by name, and what is broken by name and path."""

    stacks: tuple[Stack, ...]
    broken: tuple[Broken, ...]


@dataclass(frozen=True, kw_only=True)
class _Unusable:
    """A definition that did not become a stack; ``declared`` is None when its name cannot be told."""

    definition: PurePosixPath
    problems: tuple[Problem, ...]
    declared: StackName | None = None
    declared_at: Place | None = None


_Claims: TypeAlias = Mapping[StackName, tuple[Place, ...]]
"""Where each name is declared; a name is good for one definition only."""


def discover(tree: Tree, path: PurePosixPath) -> Definitions:
    """Every ``stack.yaml`` at or below ``path``, which is relative to the repository's root.

    Never raises for what the files hold: that ends in ``broken``. No definition at all is no error here.
    """
    read = [_read(tree, each) for each in under(tree, path) if each.name in (FILE_NAME, MISSPELT)]
    usable = tuple(each for each in read if isinstance(each, Parsed))
    unusable = tuple(each for each in read if isinstance(each, _Unusable))
    claims = _claims(usable, unusable)
    set_aside = tuple(_set_aside(unusable, claims))
    wrong = _wrong(usable, claims, known={*claims, *(each.name for each in set_aside)})
    rejected = (
        Broken(name=each.stack.name, definition=each.stack.definition, problems=wrong[index])
        for index, each in enumerate(usable)
        if wrong[index]
    )
    good = (each.stack for index, each in enumerate(usable) if not wrong[index])
    return Definitions(
        stacks=tuple(sorted(good, key=lambda stack: stack.name)),
        broken=tuple(sorted((*set_aside, *rejected), key=lambda each: (each.name, each.definition))),
    )


def _read(tree: Tree, definition: PurePosixPath) -> Parsed | _Unusable:
    file, entry = file_of(definition), tree.entries[definition]
    if entry.kind not in REGULAR:
        what = f"a definition cannot be a {entry.kind}; allowed: a regular file"
        return _unread(definition, Problem(Place(file), what, f"put the {FILE_NAME} itself here"))
    if entry.size > LIMIT:
        what = f"the file has {entry.size} bytes; allowed: up to {LIMIT}"
        return _unread(definition, Problem(Place(file), what, "make it smaller"))
    content = tree.read(definition)
    if definition.name == MISSPELT:
        what = f"definitions are called {FILE_NAME}; this one is not read"
        return _named(definition, (Problem(Place(file), what, f"rename it to {FILE_NAME}"),), content)
    try:
        return parsed(content, definition)
    except Misconfigured as error:
        return _named(definition, error.problems, content)


def _unread(definition: PurePosixPath, problem: Problem) -> _Unusable:
    return _Unusable(definition=definition, problems=(problem,))


def _named(definition: PurePosixPath, problems: tuple[Problem, ...], content: bytes) -> _Unusable:
    """With the name that it declares: the file may be wrong in everything else."""
    name, place = name_in(content, file_of(definition)) or (None, None)
    return _Unusable(definition=definition, problems=problems, declared=name, declared_at=place)


def _claims(usable: tuple[Parsed, ...], unusable: tuple[_Unusable, ...]) -> _Claims:
    claims: dict[StackName, list[Place]] = defaultdict(list)
    for each in usable:
        claims[each.stack.name].append(each.place("name"))
    for other in unusable:
        if other.declared and other.declared_at and other.definition.name == FILE_NAME:
            claims[other.declared].append(other.declared_at)
    return {name: tuple(sorted(places)) for name, places in sorted(claims.items())}


def _set_aside(unusable: tuple[_Unusable, ...], claims: _Claims) -> Iterator[Broken]:
    taken: set[str] = set(claims)
    for each in unusable:
        name = each.declared
        if name is None or (each.definition.name == MISSPELT and name in taken):
            name = _made_up(each.definition, taken)
        taken.add(name)
        shared = _shared_name(name, each.declared_at, claims) if each.declared_at else ()
        yield Broken(name=name, definition=each.definition, problems=(*each.problems, *shared))


def _made_up(definition: PurePosixPath, taken: Collection[str]) -> StackName:
    """A name from the directory; one that no other definition has, so that it speaks for nobody else."""
    whole = str(definition)
    digest = sha256(whole.encode("utf-8", "surrogateescape")).hexdigest()[:12]
    readable = (_slug(definition.parent.name), _slug(str(definition.parent)), f"unnamed-{digest}")
    candidates = chain(readable, (f"unnamed-{digest}-{number}" for number in count(2)))
    return StackName(next(name for name in candidates if name and name not in taken))


def _slug(text: str) -> str:
    return re.sub("[^a-z0-9]+", "-", text.lower()).strip("-")[:63].rstrip("-")


def _wrong(
    usable: tuple[Parsed, ...], claims: _Claims, *, known: Collection[StackName]
) -> tuple[tuple[Problem, ...], ...]:
    """What is wrong with each stack in view of the others, aligned with ``usable``."""
    single = {each.stack.name: each.stack for each in usable if len(claims[each.stack.name]) == 1}
    circles = depends.cycles({name: stack.depends_on for name, stack in single.items()})
    return tuple(
        (
            *_shared_name(each.stack.name, each.place("name"), claims),
            *_unknown_names(each, known),
            *_circle(each, circles),
        )
        for each in usable
    )


def _shared_name(name: StackName, own: Place, claims: _Claims) -> Iterator[Problem]:
    others = [str(place) for place in claims.get(name, ()) if place != own]
    if others:
        what = f"name: {name} is taken by {', '.join(others[:5])} too; allowed: a name of its own"
        yield Problem(own, what, "rename one of them")


def _unknown_names(each: Parsed, known: Collection[StackName]) -> Iterator[Problem]:
    for name in each.stack.depends_on:
        if name not in known:
            close = get_close_matches(name, sorted(known), n=1) if len(known) <= _COMPARED else []
            hint = f"did you mean {close[0]}?" if close else "correct the name or remove it"
            yield Problem(_place_of_dependency(each, name), f"depends_on: there is no stack {name}", hint)


def _circle(each: Parsed, circles: Mapping[StackName, tuple[StackName, ...]]) -> Iterator[Problem]:
    circle = circles.get(each.stack.name, ())
    if circle:
        shown = circle if len(circle) <= 12 else (*circle[:6], "…", *circle[-5:])
        what = f"depends_on: stacks wait for each other in a circle: {' -> '.join(shown)}"
        yield Problem(_place_of_dependency(each, circle[1]), what, "remove one of these dependencies")


def _place_of_dependency(each: Parsed, name: StackName) -> Place:
    return each.place(f"depends_on.{each.stack.depends_on.index(name)}")
