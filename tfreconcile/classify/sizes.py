"""Does a capacity grow or shrink by more than the host's factor, or go to nothing?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, DivisionByZero, Overflow, localcontext

from tfreconcile.classify.moves import Look, moved_on, number
from tfreconcile.classify.paths import Path
from tfreconcile.classify.sides import Sides, Spot
from tfreconcile.classify.watched import Rule, When
from tfreconcile.plan.document import Json

# AWS's own normalisation factors (Reserved Instances): each word is twice the one before.
_WORDS = {"nano": "0.25", "micro": "0.5", "small": "1", "medium": "2", "large": "4", "xlarge": "8"}
_METAL = Decimal(192)
"""A whole machine without a number: as large as 24xlarge, which most of them are."""
_MANY = 1_000_000
_NO_LIMIT = Decimal("Infinity")
_TIMES = re.compile(r"(\d{1,3})xlarge", re.ASCII)
_METAL_TIMES = re.compile(r"metal-(\d{1,3})xl", re.ASCII)
_CUSTOM = re.compile(r"(?:.*-)?custom-(\d{1,4})-\d+(?:-ext)?", re.ASCII)
_CPUS = re.compile(r"[a-z0-9-]*[a-z]-(\d{1,4})", re.ASCII)


@dataclass(frozen=True)
class Limits:
    """By how much a capacity may move unseen. ``critical``: it may not shrink at all."""

    factor: float = 2.0
    critical: bool = False

    def exceeded(self, before: Decimal, after: Decimal) -> str | None:
        """Why a move is too large; None when it is not. From nothing is measured as from one."""
        if before == after or after == _NO_LIMIT:
            return None
        if after == 0:
            return "nothing would be left"
        if before == _NO_LIMIT:
            return "it had no limit before"
        if after < before:
            return self._shrinking(_ratio(before, after))
        times = _ratio(after, before or Decimal(1))
        return f"{_times(times)} as much" if times > Decimal(str(self.factor)) else None

    def _shrinking(self, times: Decimal) -> str | None:
        if times > Decimal(str(self.factor)):
            return f"1/{_times(times)} of it would be left".replace(" times", "")
        return "a critical stack would have less" if self.critical else None


def moved(rule: Rule, sides: Sides, limits: Limits) -> Iterator[str]:
    """Capacities and sizes that move too far, and those that will be known only after apply."""
    measure = size if rule.when is When.RESIZES else amount
    before, after = sides.before, sides.after
    olds = {} if moved_on(rule, sides) else {_named(rule, before, spot): spot for spot in before(rule.names)}
    for spot in after(rule.names):
        old = olds.get(_named(rule, after, spot)) or (_below(olds, spot) if spot.unknown else None)
        if old is None:
            continue
        had, has = measure(old.value), None if spot.unknown else measure(spot.value)
        if had is None and not (rule.when is When.RESIZES and isinstance(old.value, str) and old.value):
            continue
        why = _untold(old, spot) if had is None or has is None else limits.exceeded(had, has)
        if why is not None:
            yield f"{sides.name(old)} {sides.told(old)} → {sides.told(spot)} ({why}): {rule.why}"


def _named(rule: Rule, look: Look, spot: Spot) -> Path:
    """The path of a spot, where an element goes by its name (``by``) when it has one."""
    if not rule.by or "*" not in rule.names:
        return spot.path
    at = rule.names.index("*")
    names = look((*spot.path[: at + 1], rule.by))
    known = len(names) == 1 and isinstance(names[0].value, str) and not names[0].unknown
    return (*spot.path[:at], str(names[0].value), *spot.path[at + 1 :]) if known else spot.path


def amount(value: Json) -> Decimal | None:
    """A number of things; -1 and the like mean that there is no limit."""
    found = number(value)
    return _NO_LIMIT if found is not None and found < 0 else found


def size(value: Json) -> Decimal | None:
    """How large a machine is by its name: ``t3.micro``, ``db.m5.24xlarge``, ``n2-standard-8``."""
    if not isinstance(value, str):
        return None
    if custom := _CUSTOM.fullmatch(value):
        return Decimal(custom[1])
    last = value.rpartition(".")[2] if "." in value else value.rpartition("-")[2]
    if last in _WORDS:
        return Decimal(_WORDS[last])
    if times := _TIMES.fullmatch(last) or _METAL_TIMES.fullmatch(last):
        return 8 * Decimal(times[1])
    if last == "metal":
        return _METAL
    cpus = _CPUS.fullmatch(value)
    return Decimal(cpus[1]) if cpus else None


def _untold(old: Spot, spot: Spot) -> str | None:
    """A size that is not known yet, or a word that we cannot measure."""
    return "how far is not known" if spot.unknown or spot.value != old.value else None


def _below(olds: dict[Path, Spot], spot: Spot) -> Spot | None:
    """What stood where now a whole block is not known."""
    inside = (old for old in olds.values() if old.path[: len(spot.path)] == spot.path)
    return next(inside, None)


def _ratio(large: Decimal, small: Decimal) -> Decimal:
    """A plan may hold numbers of a million digits, whose ratio is as good as infinite."""
    with localcontext() as context:
        context.traps[Overflow] = context.traps[DivisionByZero] = False
        return large / small


def _times(times: Decimal) -> str:
    if times >= _MANY:
        return f"over {_MANY} times"
    return f"{times.quantize(Decimal('0.1')).normalize():f} times"
