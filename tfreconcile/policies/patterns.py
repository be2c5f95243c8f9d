"""Which attributes do the objects name that a rule matches things against: ``some {"acl": x} in …``?"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from tfreconcile.policies.tokens import Sort, Token, at, closing

_COMPARING = frozenset({"==", "!=", "="})


def keys(found: Sequence[Token], head: int, known: Collection[str]) -> Iterator[tuple[str, int]]:
    """Each text that is a key of a pattern, and where it stands.

    ``head`` is where the head of the rule ends, ``known`` the names that stand for something already: to
    compare one of them is to match it, while another one is only given a value.
    """
    end = 0
    for place, token in enumerate(found):
        if token.is_sign("{") and place >= end and _is_pattern(found, place, head, known):
            end = closing(found, place)
            yield from _keys(found, place, end)


def _keys(found: Sequence[Token], begin: int, end: int) -> Iterator[tuple[str, int]]:
    """The keys of an object and of those inside of it; what a resource has beside its attributes is none."""
    opened: list[list[tuple[str, int]]] = []
    for place in range(begin, min(end + 1, len(found))):
        token = found[place]
        if token.is_sign("{"):
            opened.append([])
        elif token.is_sign("}") and opened:
            yield from _attributes(opened.pop())
        elif opened and token.sort is Sort.TEXT and at(found, place + 1).is_sign(":"):
            opened[-1].append((token.value, place))
    for left in opened:
        yield from _attributes(left)


def _attributes(keys: list[tuple[str, int]]) -> list[tuple[str, int]]:
    return [] if {"change", "values"} & {key for key, _ in keys} else keys


def _is_pattern(found: Sequence[Token], place: int, head: int, known: Collection[str]) -> bool:
    """Is this object matched against something: before ``in``, beside a comparison, a parameter, in walk?"""
    outer = _outermost(found, place)
    before, behind = at(found, outer - 1), at(found, closing(found, outer) + 1)
    if behind.is_word("in") or (behind.sort is Sort.SIGN and behind.value in (*_COMPARING, ":=")):
        return True
    if before.sort is Sort.SIGN and before.value in _COMPARING:
        named = at(found, outer - 2)
        fresh = before.value == "=" and named.sort is Sort.WORD and not at(found, outer - 3).is_sign(".")
        return outer > head and not (fresh and named.value not in known)
    return (
        before.sort is Sort.WORD
        and at(found, outer).is_sign("(")
        and (outer < head or before.value == "walk")
    )


def _outermost(found: Sequence[Token], place: int) -> int:
    """The opening of the call, list or object that this object is directly a member of, or its own."""
    depth, outer = 0, place
    for back in range(place - 1, -1, -1):
        token = found[back]
        if token.sort is Sort.NEWLINE or token.is_sign(";") or token.is_sign("|"):
            break
        if token.sort is Sort.SIGN and token.value in ")]}":
            depth += 1
        elif token.sort is Sort.SIGN and token.value in "([{":
            depth -= 1
            if depth < 0:
                if token.is_sign("{") and not _holds_keys(found, back):
                    break
                outer, depth = back, 0
    return outer


def _holds_keys(found: Sequence[Token], opened: int) -> bool:
    return at(found, opened + 1).sort is Sort.TEXT and at(found, opened + 2).is_sign(":")
