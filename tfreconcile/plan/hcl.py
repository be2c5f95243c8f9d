"""What does a Terraform file say once comments and layout are gone? A lexer, not a parser.

It need not understand HCL, only never take two different configurations for the same one. Strings,
heredocs and templates stay as they are, and a file that confuses it is kept whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

Token: TypeAlias = str

_TOKEN = re.compile(
    r"""(?P<gap>[^\S\n]+|\ufeff|/\*.*?\*/|(?:\#|//)[^\n]*)
      | (?P<heredoc><<-?(?P<marker>[^\W\d][\w-]*)\r?\n)
      | (?P<quote>")
      | (?P<word>[^\W\d][\w-]*|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
      | (?P<other>.)""",
    re.DOTALL | re.VERBOSE,
)
_IN_STRING = re.compile(r'\\.|\$\$\{|%%\{|[$%]\{|"', re.DOTALL)
_IN_HEREDOC = re.compile(r"\$\$\{|%%\{|[$%]\{|\n")
_IN_TEMPLATE = re.compile(r'/\*.*?\*/|(?:#|//)[^\n]*|<<-?(?P<marker>[^\W\d][\w-]*)\r?\n|[{}"]', re.DOTALL)
_OPENING = frozenset({"${", "%{"})
_PLAIN_LABEL = re.compile(r'"([^"\\$%]*)"|([^\W\d][\w-]*)')
_MAX_NESTING = 100


class Confusing(Exception):
    """The text is not what we take HCL to be. Never leaves this module."""


@dataclass(frozen=True, order=True)
class Block:
    """A top-level block: ``words`` are its type and labels, ``text`` all of it, normalised.

    No words means that the text could hold any block.
    """

    words: tuple[str, ...]
    text: str

    def may_be(self, words: tuple[str, ...]) -> bool:
        """Whether the block of this header is, or could be in, this text."""
        return self.words == words[: len(self.words)]


def blocks(text: str) -> tuple[Block, ...]:
    """The top-level blocks of a ``.tf`` file in their order; one nameless block when we are confused."""
    try:
        return tuple(_blocks(tokens(text)))
    except Confusing:
        return (Block((), text),)


def tokens(text: str) -> tuple[Token, ...]:
    """The tokens of a file without comments and layout; a line's end is a token, empty lines are not.

    Raises Confusing when a string, heredoc or template does not end.
    """
    found: list[Token] = []
    at = 0
    while match := _TOKEN.match(text, at):
        at = _end(text, match)
        if match.lastgroup == "gap" or (match[0] == "\n" and found[-1:] in ([], ["\n"])):
            continue
        found.append(text[match.start() : at])
    return tuple(found)


def _end(text: str, match: re.Match[str]) -> int:
    if match["heredoc"]:
        return _heredoc_end(text, match.end(), match["marker"], 0)
    return _string_end(text, match.end(), 0) if match["quote"] else match.end()


def _string_end(text: str, at: int, nesting: int) -> int:
    """Just behind the closing quote of a string whose inside starts at ``at``."""
    while match := _IN_STRING.search(text, at):
        if match[0] == '"':
            return match.end()
        at = _template_end(text, match.end(), nesting + 1) if match[0] in _OPENING else match.end()
    raise Confusing


def _template_end(text: str, at: int, nesting: int) -> int:
    """Just behind the brace that closes ``${`` or ``%{``."""
    if nesting > _MAX_NESTING:
        raise Confusing
    depth = 1
    while match := _IN_TEMPLATE.search(text, at):
        at = match.end()
        depth += {"{": 1, "}": -1}.get(match[0], 0)
        if depth == 0:
            return at
        if match[0] == '"':
            at = _string_end(text, at, nesting)
        if match["marker"]:
            at = _heredoc_end(text, at, match["marker"], nesting)
    raise Confusing


def _heredoc_end(text: str, at: int, marker: str, nesting: int) -> int:
    """Just behind the closing marker. As in hcl's scanner, white space around the marker is allowed."""
    closing = re.compile(rf"[^\S\n]*{re.escape(marker)}[^\S\n]*(?=\n|\Z)")
    if ended := closing.match(text, at):
        return ended.end()
    while match := _IN_HEREDOC.search(text, at):
        if match[0] in _OPENING:
            at = _template_end(text, match.end(), nesting + 1)
            continue
        at = match.end()
        if match[0] == "\n" and (ended := closing.match(text, at)):
            return ended.end()
    raise Confusing


def _blocks(found: tuple[Token, ...]) -> Iterator[Block]:
    at = 0
    while at < len(found):
        if found[at] == "\n":
            at += 1
            continue
        words, opening = _header(found, at)
        end = _closing(found, opening) + 1
        yield Block(words, " ".join(found[at:end]))
        at = end


def _header(found: tuple[Token, ...], at: int) -> tuple[tuple[str, ...], int]:
    words: list[str] = []
    for place in range(at, len(found)):
        if found[place] == "{" and words:
            return tuple(words), place
        label = _PLAIN_LABEL.fullmatch(found[place])
        if label is None:
            raise Confusing
        words.append(label[1] if label[1] is not None else label[2])
    raise Confusing


def _closing(found: tuple[Token, ...], opening: int) -> int:
    depth = 0
    for place in range(opening, len(found)):
        depth += {"{": 1, "}": -1}.get(found[place], 0)
        if depth == 0:
            return place
    raise Confusing
