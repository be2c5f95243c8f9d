"""Does a capacity grow or shrink by more than the host's factor, or go to nothing?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from tfreconcile.classify.moves import moved_on, number
from tfreconcile.classify.sides import Sides, Spot
from tfreconcile.classify.watched import Rule, When
from tfreconcile.plan.document import Json

# AWS's own normalisation factors (Reserved Instances): each word is twice the one before.
_WORDS = {"nano": "0.25", "micro": "0.5", "small": "1", "medium": "2", "large": "4", "xlarge": "8"}
_METAL = Decimal(192)
"""A whole machine without a number: as large as 24xlarge, which most of them are."""
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
            return self._shrinking(before / after)
        times = after / (before or Decimal(1))
        return f"{_times(times)} as much" if times > Decimal(str(self.factor)) else None

    def _shrinking(self, times: Decimal) -> str | None:
        if times > Decimal(str(self.factor)):
            return f"1/{_times(times)} of it would be left".replace(" times", "")
        return "a critical stack would have less" if self.critical else None


def moved(rule: Rule, sides: Sides, limits: Limits) -> Iterator[str]:
    """Capacities and sizes that move too far, and those that will be known only after apply."""
    measure = size if rule.when is When.RESIZES else amount
    olds = {} if moved_on(rule, sides) else {spot.path: spot for spot in sides.before(rule.names)}
    for spot in sides.after(rule.names):
        old = olds.get(spot.path) or (_below(olds, spot) if spot.unknown else None)
        before = None if old is None else measure(old.value)
        if old is None or before is None:
            continue
        after = None if spot.unknown else measure(spot.value)
        why = limits.exceeded(before, after) if after is not None else _untold(old, spot)
        if why is not None:
            yield f"{sides.name(old)} {sides.told(old)} → {sides.told(spot)} ({why}): {rule.why}"


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


def _below(olds: dict[tuple[str | int, ...], Spot], spot: Spot) -> Spot | None:
    """What stood where now a whole block is not known."""
    inside = (old for path, old in olds.items() if path[: len(spot.path)] == spot.path)
    return next(inside, None)


def _times(times: Decimal) -> str:
    return f"{times.quantize(Decimal('0.1')).normalize():f} times"
