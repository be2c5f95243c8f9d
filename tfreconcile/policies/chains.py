"""Which references does a rule of Rego hold, and what do its local names stand for?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from tfreconcile.policies.clauses import ends_statement
from tfreconcile.policies.tokens import CLOSING, OPENING, Sort, Token, at, closing

RESULT = "()"
"""What a reference begins with that goes on from the result of a call."""
ONE, ANY = "*", "**"
"""In a path: any single step, and any number of steps."""
_KEYWORDS = frozenset(
    {"some", "every", "in", "not", "if", "else", "contains", "with", "as", "null", "true", "false", "default"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """``rc.change.after.tags["x"][_]``: the first word, the steps after it, and which tokens it is.

    ``call`` is the innermost function among whose arguments it stands ("" for none), ``argument`` which one
    it is, and ``opened`` where that call's bracket is.
    """

    base: str
    steps: tuple[str, ...]
    begin: int
    end: int
    call: str = ""
    argument: int = 0
    opened: int = -1


@dataclass(slots=True)
class _Bracket:
    call: str
    argument: int
    opened: int
    counts: bool


Aliases: TypeAlias = Mapping[str, tuple[Chain, ...]]


def chains(found: Sequence[Token]) -> Iterator[Chain]:
    """Every reference of a rule but the names of called functions, those inside of brackets included."""
    stack, called = [_Bracket("", 0, -1, False)], ""
    for place, token in enumerate(found):
        ends = token.is_sign(")") or (token.sort is Sort.SIGN and _is_literal(found, place))
        goes_on = ends and at(found, place + 1).adjacent
        if goes_on or (token.sort is Sort.WORD and _begins(found, place)):
            steps, end = steps_from(found, place + 1)
            base = RESULT if goes_on else token.value
            called = ".".join((base, *steps)) if not goes_on and _is_called(found, end) else ""
            if not called and (steps or not goes_on):
                yield _chain(stack[-1], base, steps, (place, end))
        if token.sort is Sort.SIGN:
            called = _follow(stack, found, place, called)


def _is_literal(found: Sequence[Token], end: int) -> bool:
    """Is the bracket that ends here a list, set or object of which a member is taken at once?"""
    goes_on = at(found, end + 1).adjacent and at(found, end + 1).value in (".", "[")
    if found[end].value not in ("]", "}") or not goes_on:
        return False
    depth = 0
    for place in range(end, -1, -1):
        if found[place].sort is Sort.SIGN:
            depth += (found[place].value in CLOSING) - (found[place].value in OPENING)
        if depth == 0:
            return found[place].value == "{" or not is_index(found, place)
    return False


def _chain(top: _Bracket, base: str, steps: tuple[str, ...], place: tuple[int, int]) -> Chain:
    begin, end = place
    return Chain(
        base=base,
        steps=steps,
        begin=begin,
        end=end,
        call=top.call,
        argument=top.argument,
        opened=top.opened,
    )


def _begins(found: Sequence[Token], place: int) -> bool:
    before = at(found, place - 1)
    return found[place].value not in _KEYWORDS and not (before.is_sign(".") and before.adjacent)


def _is_called(found: Sequence[Token], end: int) -> bool:
    return at(found, end).is_sign("(") and at(found, end).adjacent


def _follow(stack: list[_Bracket], found: Sequence[Token], place: int, called: str) -> str:
    """Keep track of the brackets; a list among the arguments of a call stands for the argument itself."""
    token, top = found[place], stack[-1]
    if token.value == "(":
        stack.append(
            _Bracket(called, 0, place, True) if called else _Bracket(top.call, top.argument, -1, False)
        )
        return ""
    if token.value == "{" or (token.value == "[" and not is_index(found, place)):
        stack.append(_Bracket(top.call, top.argument, top.opened, False))
    elif token.value in OPENING:
        stack.append(_Bracket("", 0, -1, False))
    elif token.value in ")]}" and len(stack) > 1:
        stack.pop()
    elif token.value == "," and top.counts:
        top.argument += 1
    return called


def is_index(found: Sequence[Token], place: int) -> bool:
    """Does a bracket go on with a reference, and begin no list?"""
    before = at(found, place - 1)
    return found[place].adjacent and (
        before.sort is Sort.WORD or (before.sort is Sort.SIGN and before.value in ")]")
    )


def steps_from(found: Sequence[Token], begin: int) -> tuple[tuple[str, ...], int]:
    """The steps of a reference after its first word, and where they end."""
    steps: list[str] = []
    place = begin
    while True:
        token, following = at(found, place), at(found, place + 1)
        if token.is_sign(".") and following.sort is Sort.WORD:
            steps.append(following.value)
            place += 2
        elif token.is_sign("[") and token.adjacent:
            close = closing(found, place)
            plain = close == place + 2 and following.sort is Sort.TEXT
            steps.append(following.value if plain else ONE)
            place = close + 1
        else:
            return tuple(steps), place


def aliases(found: Sequence[Token], known: Sequence[Chain]) -> tuple[Aliases, frozenset[int]]:
    """What each local name stands for, and which tokens only give a name: they read nothing.

    ``x := ref``, ``some x in ref``, ``some k, x in ref``, ``every x in ref`` and ``walk(ref, [p, x])``.
    """
    names: defaultdict[str, list[Chain]] = defaultdict(list)
    naming = set(_declared(found))
    for chain in known:
        place, way = _named(found, chain)
        if place is not None:
            names[found[place].value].append(_further(chain, way))
            naming |= {chain.begin, place}
    return {name: tuple(found) for name, found in names.items()}, frozenset(naming)


def _declared(found: Sequence[Token]) -> Iterator[int]:
    """The names between ``some`` or ``every`` and ``in`` or the end of the statement."""
    declaring = False
    for place, token in enumerate(found):
        if token.value in ("some", "every") and token.sort is Sort.WORD:
            declaring = True
        elif token.is_word("in") or ends_statement(token):
            declaring = False
        elif declaring and token.sort is Sort.WORD:
            yield place


def _further(chain: Chain, way: tuple[str, ...]) -> Chain:
    return Chain(base=chain.base, steps=(*chain.steps, *way), begin=chain.begin, end=chain.end)


def _named(found: Sequence[Token], chain: Chain) -> tuple[int | None, tuple[str, ...]]:
    """Where the name stands that a reference is given, and the steps from the one to the other."""
    before, place = at(found, chain.begin - 1), chain.begin - 2
    if chain.call == "walk" and chain.argument == 0:
        return _walked(found, chain.opened), (ANY,)
    if at(found, place).sort is not Sort.WORD:
        return None, ()
    if before.value in (":=", "=") and before.sort is Sort.SIGN and ends_statement(at(found, chain.end)):
        return place, ()
    if before.is_word("in") and at(found, place - 1).value in ("some", "every", ","):
        return place, (ONE,)
    return None, ()


def _walked(found: Sequence[Token], opened: int) -> int | None:
    """Where the second name of the pair stands that ``walk`` gives."""
    close = closing(found, opened)
    is_pair = at(found, close - 1).is_sign("]") and at(found, close - 2).sort is Sort.WORD
    return close - 2 if is_pair else None
