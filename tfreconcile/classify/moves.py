"""Did a watched attribute move the wrong way? One small function for each plain kind of rule."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from fnmatch import fnmatchcase

from tfreconcile.classify.paths import settled
from tfreconcile.classify.sides import Sides, Spot
from tfreconcile.classify.watched import Rule, When, path
from tfreconcile.plan.document import Json


def becomes(rule: Rule, sides: Sides) -> Iterator[str]:
    """A bad value that was not there before; one that is not known yet may be it."""
    old = () if moved_on(rule, sides) else sides.before(rule.names)
    had = {hit for spot in old for hit in _hits(rule, spot.value)}
    for spot in sides.after(rule.names):
        new = sorted(_hits(rule, spot.value) - had)
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
    When.DELETED: deleted,
}


def applies(rule: Rule, sides: Sides) -> bool:
    """Does the rule speak of this very resource, by ``only`` and ``unless``?"""
    if sides.ends is not (rule.when is When.DELETED):
        return False
    here = sides.before if sides.ends else sides.after
    if any(_is_set(here(path(name))) for name in rule.unless):
        return False
    return all(fits(here(path(name)), allowed) for name, allowed in rule.only.items())


def fits(spots: tuple[Spot, ...], allowed: tuple[Json, ...]) -> bool:
    """Is one of the values there, or none, or one that is not known?"""
    return not spots or any(spot.unknown or same_word(spot.value, allowed) for spot in spots)


def same_word(value: Json, allowed: tuple[Json, ...]) -> bool:
    """Is it one of these, texts without regard to case?"""
    if isinstance(value, str):
        return any(isinstance(one, str) and one.lower() == value.lower() for one in allowed)
    return any(one is value or (type(one) is type(value) and one == value) for one in allowed)


def moved_on(rule: Rule, sides: Sides) -> bool:
    """Is it about somebody or something else than before?"""
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


def _is_set(spots: tuple[Spot, ...]) -> bool:
    return any(spot.unknown or settled(spot.value) is not None for spot in spots)


def _moved(rule: Rule, sides: Sides, before: Spot, after: Spot) -> str:
    return f"{sides.name(before)} {sides.told(before)} → {sides.told(after)}: {rule.why}"
