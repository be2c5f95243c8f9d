"""What does a policy document let whom do?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import lru_cache
from itertools import product

from tfreconcile.classify.conditions import Condition, conditions

MOST_GRANTS = 20_000
"""Combinations of principal, action and resource in one statement. AWS's own limits stay far below."""

ANYBODY = "*"


@dataclass(frozen=True, kw_only=True)
class Words:
    """A list of patterns (``*`` and ``?``), or all that none of them fits (``inverted``: ``NotAction``)."""

    patterns: frozenset[str]
    inverted: bool = False

    def within(self, other: Words) -> bool:
        """Is all that it names named by the other, provably?"""
        if self.inverted:
            everything = not other.inverted and ANYBODY in other.patterns
            return everything or (other.inverted and other.patterns <= self.patterns)
        if other.inverted:
            return False
        return all(_fits(pattern, other) for pattern in self.patterns)

    @property
    def anybody(self) -> bool:
        """As principals: does it name everybody, or nobody can tell whom?"""
        return self.inverted or any("*" in one and not one.startswith("Service:") for one in self.patterns)

    def meets(self, other: Words) -> bool:
        """Could both name the same thing? Yes, unless their beginnings tell that they cannot."""
        if self.inverted or other.inverted or not self.patterns or not other.patterns:
            return True
        return any(_may_meet(mine, theirs) for mine in self.patterns for theirs in other.patterns)

    def one_by_one(self) -> Iterator[Words]:
        """Itself in its smallest parts; an inverted list has none, nor has one that names nobody."""
        if self.inverted or not self.patterns:
            yield self
            return
        yield from (replace(self, patterns=frozenset({pattern})) for pattern in sorted(self.patterns))

    def __str__(self) -> str:
        listed = ", ".join(sorted(self.patterns))
        return f"everything but {listed}" if self.inverted else listed


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement of an IAM document.

    ``principals`` are ``AWS:...``, ``Service:...``; ``AWS:*`` is anybody. ``conditions`` hold together; see
    conditions.py of what each says.
    """

    allow: bool
    principals: Words
    actions: Words
    resources: Words
    conditions: tuple[Condition, ...] = ()

    def within(self, other: Statement) -> bool:
        """Did the other let all of this happen, under no further condition?"""
        return (
            all(any(mine.within(theirs) for mine in self.conditions) for theirs in other.conditions)
            and self.principals.within(other.principals)
            and self.actions.within(other.actions)
            and self.resources.within(other.resources)
        )

    def meets(self, other: Statement) -> bool:
        """Could both speak of one action on one resource, whoever asks, and whatever their conditions?"""
        return self.actions.meets(other.actions) and self.resources.meets(other.resources)

    def grants(self) -> Iterator[Statement]:
        """Itself, one principal, action and resource at a time; whole when that would be too many."""
        parts = [tuple(words.one_by_one()) for words in (self.principals, self.actions, self.resources)]
        if len(parts[0]) * len(parts[1]) * len(parts[2]) > MOST_GRANTS:
            yield self
            return
        for principal, action, resource in product(*parts):
            yield replace(self, principals=principal, actions=action, resources=resource)

    @property
    def is_bounded(self) -> bool:
        """Does a condition keep out strangers, whoever the principal is?"""
        return any(condition.is_bounding for condition in self.conditions)


@dataclass(frozen=True, kw_only=True)
class Binding:
    """One binding of a Google policy: these members have this role."""

    role: str
    member: str


@dataclass(frozen=True, kw_only=True)
class Document:
    """What a policy says; ``readable`` is False when it is no policy that we understand."""

    statements: tuple[Statement, ...] = ()
    bindings: tuple[Binding, ...] = ()
    readable: bool = True

    @property
    def allowing(self) -> tuple[Statement, ...]:
        """The statements that let something happen."""
        return tuple(one for one in self.statements if one.allow)

    @property
    def denying(self) -> tuple[Statement, ...]:
        """The statements that keep something from happening, whatever is allowed."""
        return tuple(one for one in self.statements if not one.allow)


_TOPS = frozenset({"Statement", "bindings"})
"""One of them makes a policy; AWS reads ``statement`` too, and we would read nothing."""
_PARTS = frozenset(
    {"Sid", "Effect", "Condition"}
    | {f"{no}{key}" for no in ("", "Not") for key in ("Principal", "Action", "Resource")}
)
UNREADABLE = Document(readable=False)


@lru_cache(maxsize=256)  # both sides of a change, and one policy for many resources
def read(text: str) -> Document:
    """A policy in JSON; an empty text is no policy, and lets nothing happen."""
    if not text.strip():
        return Document()
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return UNREADABLE
    if not isinstance(found, dict) or (found and not found.keys() & _TOPS):
        return UNREADABLE
    statements = tuple(_statements(found.get("Statement")))
    if None in statements:
        return UNREADABLE
    kept = tuple(one for one in statements if one is not None)
    return Document(statements=kept, bindings=tuple(_bindings(found.get("bindings"))))


def _statements(found: object) -> Iterator[Statement | None]:
    for one in found if isinstance(found, list) else [] if found is None else [found]:
        yield _statement(one) if isinstance(one, dict) else None


def _statement(row: dict[str, object]) -> Statement | None:
    limits = conditions(row.get("Condition"))
    effect = str(row.get("Effect")).lower()
    if limits is None or not row.keys() <= _PARTS or effect not in ("allow", "deny"):
        return None
    return Statement(
        allow=effect == "allow",
        principals=_principals(row),
        actions=_words(row, "Action", lower=True),
        resources=_words(row, "Resource", lower=False),
        conditions=limits,
    )


def _words(row: dict[str, object], key: str, *, lower: bool) -> Words:
    inverted = f"Not{key}" in row
    listed = _texts(row.get(f"Not{key}" if inverted else key, ANYBODY))
    return Words(patterns=frozenset(one.lower() if lower else one for one in listed), inverted=inverted)


def _principals(row: dict[str, object]) -> Words:
    """A plain ``*`` is the same as ``{"AWS": "*"}`` to all services that let in strangers."""
    inverted = "NotPrincipal" in row
    found = row.get("NotPrincipal" if inverted else "Principal")
    if not isinstance(found, dict):
        return Words(patterns=frozenset(f"AWS:{one}" for one in _texts(found)), inverted=inverted)
    listed = (f"{kind}:{one}" for kind, ones in found.items() for one in _texts(ones))
    return Words(patterns=frozenset(listed), inverted=inverted)


def _texts(value: object) -> list[str]:
    if isinstance(value, list):
        return [str(one) for one in value]
    return [] if value is None else [str(value)]


def _bindings(found: object) -> Iterator[Binding]:
    for one in found if isinstance(found, list) else []:
        if isinstance(one, dict):
            yield from (Binding(role=str(one.get("role")), member=who) for who in _texts(one.get("members")))


def _fits(pattern: str, words: Words) -> bool:
    """Does a list name all that the pattern does? Texts are compared, so that ``*`` alone holds ``*``."""
    return pattern in words.patterns or any(
        fnmatchcase(pattern, one.replace("[", "[[]")) for one in words.patterns if "*" in one or "?" in one
    )


def _may_meet(one: str, other: str) -> bool:
    """Could one text fit both patterns? What stands before the first wildcard of each must agree."""
    plain = [text.partition("*")[0].partition("?")[0] for text in (one, other)]
    if plain == [one, other]:
        return one == other
    shortest = min(map(len, plain))
    return plain[0][:shortest] == plain[1][:shortest]
