"""Did a watched attribute move the wrong way? One small function for each plain kind of rule."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import TypeAlias

from tfreconcile.classify.conditions import is_telling
from tfreconcile.classify.paths import Path, is_alike, settled
from tfreconcile.classify.sides import Sides, Spot
from tfreconcile.classify.watched import Rule, When, path
from tfreconcile.plan.differences import UNKNOWN
from tfreconcile.plan.document import Json

Look: TypeAlias = Callable[[Path], tuple[Spot, ...]]
"""One side of a change."""

_FULL = frozenset({"READ", "WRITE", "READ_ACP", "WRITE_ACP"})
"""What ``FULL_CONTROL`` of an ACL holds."""


def becomes(rule: Rule, sides: Sides) -> Iterator[str]:
    """A bad value that was not there before; one that is not known yet may be it."""
    old = () if moved_on(rule, sides) else sides.before(rule.names)
    had = {hit for spot in old for hit in _able(rule, sides.before, spot)}
    for spot in sides.after(rule.names):
        new = _able(rule, sides.after, spot) - had
        if new or spot.unknown:
            yield _moved(rule, sides, _at(old, spot), spot)


def leaves(rule: Rule, sides: Sides) -> Iterator[str]:
    """A good value that was there before and is not surely there after."""
    now = sides.after(rule.names)
    has = {hit for spot in now for hit in _hits(rule, spot.value) if not spot.unknown}
    for spot in _guards(rule, sides):
        if _hits(rule, spot.value) - has:
            yield _moved(rule, sides, spot, _at(now, spot))


def less(rule: Rule, sides: Sides) -> Iterator[str]:
    """A number that gets smaller, or is not given any more."""
    now = sides.after(rule.names)
    implied = (Spot(rule.names, None),) if rule.absent is not None and sides.change.before else ()
    for spot in _guards(rule, sides) or implied:
        after = _at(now, spot)
        was, will = _rank(rule, spot.value), None if after.unknown else _rank(rule, after.value)
        if was is not None and (will is None or will < was):
            yield _moved(rule, sides, spot, after)


def shrinks(rule: Rule, sides: Sides) -> Iterator[str]:
    """A list that loses members."""
    now = sides.after(rule.names)
    for spot in _guards(rule, sides):
        after = _at(now, spot)
        lost = [member for member in members(spot.value) if member not in members(after.value)]
        if lost:
            yield _moved(rule, sides, spot, after)


def emptied(rule: Rule, sides: Sides) -> Iterator[str]:
    """Something that will be nothing: a block that is taken out, a name that is not given any more."""
    now = sides.after(rule.names)
    for spot in sides.before(rule.names):
        after = _at(now, spot)
        if settled(spot.value) not in (None, False) and not after.unknown and settled(after.value) is None:
            yield f"{sides.name(spot)} would be taken away: {rule.why}"


def changes(rule: Rule, sides: Sides) -> Iterator[str]:
    """Something that will be something else; nothing instead of it is EMPTIED."""
    now = sides.after(rule.names)
    for spot in _guards(rule, sides):
        after = _at(now, spot)
        becomes_other = settled(after.value) is not None and not is_alike(spot.value, after.value)
        if settled(spot.value) is not None and (after.unknown or becomes_other):
            yield _moved(rule, sides, spot, after)


def deleted(rule: Rule, sides: Sides) -> Iterator[str]:
    """The guard itself goes, unless it guarded nothing (``values``, where it has some)."""
    spots = sides.before(rule.names)
    if not rule.values or any(_hits(rule, spot.value) for spot in spots):
        yield f"it would be gone: {rule.why}"


PLAIN: dict[When, Callable[[Rule, Sides], Iterator[str]]] = {
    When.BECOMES: becomes,
    When.LEAVES: leaves,
    When.LESS: less,
    When.SHRINKS: shrinks,
    When.EMPTIED: emptied,
    When.CHANGES: changes,
    When.DELETED: deleted,
}


def applies(rule: Rule, sides: Sides) -> bool:
    """Does the rule speak of this very resource, by ``only`` and ``unless``?"""
    if sides.ends is not (rule.when is When.DELETED):
        return False
    here = sides.before if sides.ends else sides.after
    if _is_harmless(rule, here):
        return False
    return all(fits(here(path(name)), allowed) for name, allowed in rule.only.items())


def fits(spots: tuple[Spot, ...], allowed: tuple[Json, ...]) -> bool:
    """Is one of the values there, or none, or one that is not known?"""
    return not spots or any(spot.unknown or same_word(spot.value, allowed) for spot in spots)


def same_word(value: Json, allowed: tuple[Json, ...]) -> bool:
    """Is it one of these, texts as patterns and without regard to case?"""
    if isinstance(value, str):
        return any(isinstance(one, str) and fnmatchcase(value.lower(), one.lower()) for one in allowed)
    return any(one is value or (type(one) is type(value) and one == value) for one in allowed)


def moved_on(rule: Rule, sides: Sides) -> bool:
    """Is it about somebody or something else than before, about more, or no longer made harmless?"""
    if _is_harmless(rule, sides.before) or any(_says_more(name, sides) for name in rule.narrows):
        return True
    return any(
        spot.unknown or spot.value not in [one.value for one in sides.before(path(name))]
        for name in rule.beside
        for spot in sides.after(path(name))
    )


def members(value: Json) -> list[Json]:
    """The elements of a list; a plain value is its own only one."""
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


def number(value: Json) -> Decimal | None:
    """A number, also one that is written as text; None for all else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | Decimal):
        return Decimal(value)
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return Decimal(value)
    return None


def _guards(rule: Rule, sides: Sides) -> tuple[Spot, ...]:
    """What stood there, and is the code's to keep."""
    return tuple(spot for spot in sides.before(rule.names) if not sides.is_left_to_cloud(spot.path))


def _hits(rule: Rule, value: Json) -> set[str]:
    """The members that one of the rule's values speaks of, as texts."""
    return {
        str(member)
        for member in members(value)
        if isinstance(member, str | bool) and any(_fits(member, wanted) for wanted in rule.values)
    }


def _fits(member: str | bool, wanted: Json) -> bool:
    if isinstance(member, bool) or isinstance(wanted, bool):
        return member is wanted
    return isinstance(wanted, str) and fnmatchcase(member.lower(), wanted.lower())


def _at(spots: tuple[Spot, ...], like: Spot) -> Spot:
    """The spot of the other side at the same place, or around it when all of that is unknown."""
    for spot in spots:
        if spot.path == like.path or (spot.unknown and like.path[: len(spot.path)] == spot.path):
            return spot
    return Spot(like.path, None)


def _rank(rule: Rule, value: Json) -> Decimal | None:
    found = number(value)
    if found is None:
        return None if rule.absent is None else Decimal(rule.absent)
    return Decimal("Infinity") if found == rule.forever else found


def _able(rule: Rule, look: Look, spot: Spot) -> set[tuple[str, str]]:
    """The hits at a spot, each with what it may do; full control is all of the others."""
    hits = _hits(rule, spot.value)
    if not rule.along:
        return {(hit, "") for hit in hits}
    place = tuple(at if name == "*" else name for name, at in zip(path(rule.along), spot.path, strict=False))
    spots = look(place)
    words = {str(member) for one in spots for member in members(one.value)}
    words |= {UNKNOWN} if any(one.unknown for one in spots) else set()
    return {(hit, word) for hit in hits for word in (*words, *(_FULL if "FULL_CONTROL" in words else ()), "")}


def _is_harmless(rule: Rule, look: Look) -> bool:
    return any(_is_set(look(path(name))) for name in rule.unless)


def _is_set(spots: tuple[Spot, ...]) -> bool:
    """A text with wildcards that names nobody is as good as none."""
    return any(spot.unknown or (settled(spot.value) is not None and _tells(spot.value)) for spot in spots)


def _tells(value: Json) -> bool:
    return not isinstance(value, str) or not set(value) & {"*", "?"} or is_telling(value)


def _says_more(name: str, sides: Sides) -> bool:
    """Is a list that says what alone it is about taken away, or has it new members, or may it?"""
    before = [one for spot in sides.before(path(name)) for one in members(spot.value)]
    spots = sides.after(path(name))
    after = [one for spot in spots for one in members(spot.value)]
    if not before:
        return False
    return not after or any(spot.unknown for spot in spots) or any(one not in before for one in after)


def _moved(rule: Rule, sides: Sides, before: Spot, after: Spot) -> str:
    return f"{sides.name(before)} {sides.told(before)} → {sides.told(after)}: {rule.why}"
