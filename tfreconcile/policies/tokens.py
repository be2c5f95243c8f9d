"""Which words is a Rego text made of? Enough of its grammar to follow references, whatever the engine."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

_TOKEN = re.compile(
    r"""(?P<newline>\n)
    |(?P<space>[^\S\n]+|\#[^\n]*)
    |(?P<word>[A-Za-z_]\w*)
    |(?P<raw>`[^`]*`)
    |(?P<text>"(?:\\.|[^"\\\n])*")
    |(?P<number>\d[\w.]*)
    |(?P<sign>:=|==|!=|<=|>=|.)""",
    re.VERBOSE | re.DOTALL,
)
OPENING, CLOSING = frozenset("([{"), frozenset(")]}")


class Sort(StrEnum):
    """What a token is."""

    WORD = "word"
    TEXT = "text"
    NUMBER = "number"
    SIGN = "sign"
    NEWLINE = "newline"


@dataclass(frozen=True, slots=True)
class Token:
    """A word of the text. ``value`` of a TEXT is what it means; ``adjacent``: no space before it."""

    sort: Sort
    value: str
    line: int
    adjacent: bool

    def is_sign(self, value: str) -> bool:
        """Is it this sign?"""
        return self.sort is Sort.SIGN and self.value == value

    def is_word(self, value: str) -> bool:
        """Is it this word?"""
        return self.sort is Sort.WORD and self.value == value


END = Token(Sort.NEWLINE, "\n", 0, False)
"""What stands beyond both ends of a text."""


def tokens(text: str) -> tuple[Token, ...]:
    """Every token without comments. What no engine would parse gives some tokens all the same."""
    return tuple(_tokens(text))


def _tokens(text: str) -> Iterator[Token]:
    line, adjacent = 1, False
    for found in _TOKEN.finditer(text):
        kind, value = str(found.lastgroup), found.group()
        if kind != "space":
            yield _token(kind, value, line, adjacent)
        adjacent = kind not in ("space", "newline")
        line += value.count("\n")


def _token(kind: str, value: str, line: int, adjacent: bool) -> Token:
    match kind:
        case "raw":
            return Token(Sort.TEXT, value[1:-1], line, adjacent)
        case "text":
            return Token(Sort.TEXT, _meant(value), line, adjacent)
    return Token(Sort(kind), value, line, adjacent)


def _meant(quoted: str) -> str:
    try:
        return str(json.loads(quoted))
    except ValueError:
        return quoted[1:-1]


def at(found: Sequence[Token], place: int) -> Token:
    """The token at a place, END outside of the text."""
    return found[place] if 0 <= place < len(found) else END


def closing(found: Sequence[Token], opened: int) -> int:
    """Where the bracket at ``opened`` is closed; the end of the text if nowhere."""
    depth = 0
    for place in range(opened, len(found)):
        if found[place].sort is Sort.SIGN:
            depth += (found[place].value in OPENING) - (found[place].value in CLOSING)
        if depth == 0:
            return place
    return len(found)


def clauses(found: Sequence[Token]) -> Iterator[tuple[Token, ...]]:
    """The package, imports and rules of a text, each with all of its bodies."""
    depth, begun = 0, 0
    for place, token in enumerate(found):
        if token.sort is Sort.SIGN:
            depth += (token.value in OPENING) - (token.value in CLOSING)
        if token.sort is Sort.NEWLINE and depth <= 0 and not _goes_on(found, begun, place):
            if place > begun:
                yield tuple(found[begun:place])
            begun = place + 1
    if begun < len(found):
        yield tuple(found[begun:])


def _goes_on(found: Sequence[Token], begun: int, end: int) -> bool:
    """Does a clause go on in the next line: after ``if`` or ``:=``, before ``else`` or a bracket?"""
    following = next((one for one in found[end:] if one.sort is not Sort.NEWLINE), END)
    last = at(found, end - 1) if end > begun else END
    unfinished = last.value in ("if", ":=", "=", "contains", "|", ",") and last.sort is not Sort.TEXT
    return unfinished or following.is_word("else") or following.is_sign("{")
