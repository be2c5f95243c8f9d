"""Where are the head and the body of a rule, and to which resource types does the body hold a name?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tfreconcile.policies.chains import Aliases, Chain
from tfreconcile.policies.tokens import OPENING, Sort, Token, at, closing


def head(found: Sequence[Token]) -> int:
    """Where the head of a rule ends: at ``if``, else where its body begins."""
    words = (place for place, token in enumerate(found) if token.is_word("if"))
    bodies = (begin for begin, _ in _groups(found) if _is_body(found, begin))
    return next(words, next(bodies, 0))


def restricted(
    found: Sequence[Token], known: Sequence[Chain], named: Aliases, resources: frozenset[str]
) -> Iterator[tuple[str, frozenset[str]]]:
    """Local names of resources that one body says to be of these types, and of no others."""
    groups = tuple(_groups(found))
    if sum(_is_body(found, begin) for begin, _ in groups) > 1 or any(one.is_word("else") for one in found):
        return
    for one in known:
        sole = len(named.get(one.base, ())) <= 1
        if one.steps == ("type",) and one.base in resources and sole and _is_direct(found, groups, one.begin):
            types = frozenset(_compared(found, one))
            if types:
                yield one.base, types


def _is_body(found: Sequence[Token], begin: int) -> bool:
    before = at(found, begin - 1)
    if before.is_word("contains"):
        return False
    return before.sort is not Sort.SIGN or before.value in ")]}"


def _is_direct(found: Sequence[Token], groups: Sequence[tuple[int, int]], place: int) -> bool:
    """Does a statement of the body itself begin here, not one inside of brackets or after ``not``?"""
    begin = next((begin for begin, end in groups if begin < place < end), None)
    if begin is None:
        return False
    depth = sum(
        (one.value in "([{") - (one.value in ")]}")
        for one in found[begin + 1 : place]
        if one.sort is Sort.SIGN
    )
    before = at(found, place - 1)
    return depth == 0 and (before.sort is Sort.NEWLINE or before.value in ("{", ";"))


def _compared(found: Sequence[Token], one: Chain) -> Iterator[str]:
    sign, value = at(found, one.end), at(found, one.end + 1)
    if sign.value in ("==", "=") and value.sort is Sort.TEXT:
        yield value.value
    elif sign.is_word("in") and value.is_sign("{"):
        inner = found[one.end + 2 : closing(found, one.end + 1)]
        if all(token.sort in (Sort.TEXT, Sort.NEWLINE) or token.is_sign(",") for token in inner):
            yield from (token.value for token in inner if token.sort is Sort.TEXT)


def _groups(found: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """From where to where each outermost pair of braces of a clause reaches."""
    place = 0
    while place < len(found):
        if found[place].sort is Sort.SIGN and found[place].value in OPENING:
            end = closing(found, place)
            if found[place].value == "{":
                yield place, end
            place = end
        place += 1


def spelled(found: Sequence[Token], one: Chain) -> tuple[str, ...]:
    """The path that the argument after a reference spells out, as a text or a list of texts; else nothing."""
    first = at(found, one.end + 1)
    if not at(found, one.end).is_sign(","):
        return ()
    if first.sort is Sort.TEXT:
        return (first.value,)
    inner = found[one.end + 2 : closing(found, one.end + 1)] if first.is_sign("[") else ()
    steps = [token for token in inner if not token.is_sign(",") and token.sort is not Sort.NEWLINE]
    return tuple(token.value if token.sort is Sort.TEXT else "*" for token in steps)
