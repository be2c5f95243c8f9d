"""Which packages and rules does a set of Rego files have, and what in it cannot be run here?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from tfreconcile.policies.tokens import END, Sort, Token, at, clauses, tokens

ASKED = re.compile(r"(deny|violation|warn)(_[A-Za-z0-9]+)*")
"""The rules that are asked, as conftest does."""
MEANT = re.compile(r"(deny|violation|warn)(_.*)?", re.DOTALL)
"""Names that nobody gives to a rule that is not to be asked."""
EXCEPTION = "exception"
OUTSIDE = ("http.send", "net.lookup_ip_addr", "opa.runtime")
"""Builtins that ask the world or the engine. Without an answer they are undefined, and deny nothing."""
_NO_RULES = frozenset({"package", "import", "default", "else"})


@dataclass(frozen=True)
class RegoFile:
    """A policy file: the name that messages give it, and its text."""

    name: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Clause:
    """A rule, or one of several that share a name: its tokens, its package and where it stands.

    ``imports`` are the names that its file gives to ``input``, with the steps from there.
    """

    package: str
    name: str
    is_function: bool
    file: str
    tokens: tuple[Token, ...]
    imports: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def place(self) -> str:
        """File and line."""
        return f"{self.file}:{self.tokens[0].line}"

    @property
    def rule(self) -> str:
        """Package and name."""
        return f"{self.package}.{self.name}"


def rules_of(files: Iterable[RegoFile]) -> tuple[Clause, ...]:
    """Every rule of every file, imports and defaults left out."""
    return tuple(clause for file in files for clause in _of_file(file))


@lru_cache(maxsize=512)
def _of_file(file: RegoFile) -> tuple[Clause, ...]:
    return tuple(_rules(file))


def _rules(file: RegoFile) -> Iterator[Clause]:
    package = ""
    imports: list[tuple[str, tuple[str, ...]]] = []
    for found in clauses(tokens(file.text)):
        head = found[0]
        if head.is_word("package"):
            package = ".".join(one.value for one in found[1:] if one.sort in (Sort.WORD, Sort.TEXT))
        elif head.is_word("import") and at(found, 1).is_word("input"):
            imports.append(_imported(found))
        elif head.sort is Sort.WORD and head.value not in _NO_RULES:
            name, end = _name(found)
            called = at(found, end).is_sign("(") and at(found, end).adjacent
            yield Clause(
                package=package,
                name=name,
                is_function=called,
                file=file.name,
                tokens=found,
                imports=tuple(imports),
            )


def _imported(found: Sequence[Token]) -> tuple[str, tuple[str, ...]]:
    """The name that ``import input.x as name`` gives, and the steps from input."""
    words = [one.value for one in found[1:] if one.sort in (Sort.WORD, Sort.TEXT)]
    renamed = words[-2:-1] == ["as"]
    return words[-1], tuple(words[1:-2] if renamed else words[1:])


def _name(found: Sequence[Token]) -> tuple[str, int]:
    end = 1
    while at(found, end).is_sign(".") and at(found, end + 1).sort is Sort.WORD:
        end += 2
    return "".join(one.value for one in found[:end]), end


def asked(rules: Iterable[Clause], namespace: str) -> tuple[str, ...]:
    """The names of the rules of a package that are asked, in order."""
    names = {rule.name for rule in rules if rule.package == namespace and ASKED.fullmatch(rule.name)}
    return tuple(sorted(names))


def templates(files: Iterable[RegoFile]) -> Iterator[str]:
    """The place of each text with expressions inside of it, which could read anything unseen."""
    for file in files:
        found = tokens(file.text)
        for place, token in enumerate(found):
            if token.is_sign("$") and at(found, place + 1).sort is Sort.TEXT:
                yield f"{file.name}:{token.line}"


def reaching_out(files: Iterable[RegoFile]) -> Iterator[str]:
    """Each call of a builtin that asks the world, with its place."""
    for file in files:
        found = tokens(file.text)
        for place, token in enumerate(found):
            name = f"{token.value}.{at(found, place + 2).value}"
            if token.sort is Sort.WORD and at(found, place + 1).is_sign(".") and name in OUTSIDE:
                yield f"{file.name}:{token.line}: {name}"


def ends_statement(token: Token) -> bool:
    """Does a statement end before this token?"""
    return token is END or token.sort is Sort.NEWLINE or (token.sort is Sort.SIGN and token.value in ";})]|")
