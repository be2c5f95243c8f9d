"""What stands at an attribute before and after a change, and what of it may be shown?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property

from tfreconcile.classify.paths import Path, dotted
from tfreconcile.plan.differences import UNKNOWN, mask_below, shown
from tfreconcile.plan.document import Change, Json, Kind, Step
from tfreconcile.plan.effect import any_true
from tfreconcile.plan.secrets import mask_of
from tfreconcile.redact import Scrubber

LONGEST = 120
"""Characters of one value in a sentence."""

_NOBODY = Scrubber()
_ENDS = frozenset({Kind.DELETE, Kind.FORGET})


@dataclass(frozen=True)
class Spot:
    """One place of a value. ``unknown``: it, or something inside of it, is known only after apply."""

    path: Path
    value: Json
    unknown: bool = False


@dataclass(frozen=True)
class Sides:
    """A change, seen as two values of one resource.

    ``configured`` are the attributes that the code gives, None when that is not known. A computed attribute
    that the code does not give is unknown in every new object and says nothing. Unless ``nested_shown``, a
    ``dynamic`` block may give what looks like that, so that whatever lies inside of something counts.
    """

    change: Change
    configured: frozenset[str] | None = None
    nested_shown: bool = True

    @property
    def ends(self) -> bool:
        """Does the resource leave, so that there is no other side to compare with?"""
        return self.change.kind in _ENDS

    def before(self, names: Path) -> tuple[Spot, ...]:
        """All that stands at a path before the change; ``*`` is any part of a name, or an element."""
        return tuple(_spots(self.change.before, False, names, ()))

    def after(self, names: Path) -> tuple[Spot, ...]:
        """All that will stand there, as far as it is known, and where it is not."""
        return tuple(
            spot for spot in self._all_after(names) if not (spot.unknown and self._is_computed(spot, names))
        )

    def is_left_to_cloud(self, at: Path) -> bool:
        """Will the cloud choose the value, as it did before? The code says nothing of the attribute."""
        return any(spot.unknown and self._is_computed(spot, at) for spot in self._all_after(at[:1]))

    def told(self, spot: Spot) -> str:
        """The value in a sentence, never one that is marked as sensitive on either side."""
        if spot.unknown:
            return UNKNOWN
        return cut(shown(spot.value, self._mask_at(spot.path), _NOBODY) or "nothing")

    def word(self, spot: Spot, text: str) -> str:
        """A part of the value at a spot, which is as sensitive as the whole."""
        return cut(shown(text, self._mask_at(spot.path), _NOBODY) or "nothing").strip('"')

    def name(self, spot: Spot) -> str:
        """The path of a spot in a sentence."""
        return dotted(spot.path)

    @cached_property
    def _mask(self) -> object:
        return mask_of(self.change)

    def _mask_at(self, path: Path) -> object:
        mask = self._mask
        for step in path:
            mask = mask_below(mask, step)
        return mask

    def _all_after(self, names: Path) -> Iterator[Spot]:
        return _spots(self.change.after, self.change.after_unknown, names, ())

    def _is_computed(self, spot: Spot, asked: Path) -> bool:
        """Is a whole attribute unknown that the code does not give?"""
        if self.configured is None or (len(asked) > 1 and not self.nested_shown):
            return False
        return len(spot.path) == 1 and spot.path[0] not in self.configured


def cut(text: str) -> str:
    """A text of at most ``LONGEST`` characters."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _spots(value: Json, unknown: Json, names: Path, at: Path) -> Iterator[Spot]:
    if unknown is True:
        yield Spot(at, None, unknown=True)
        return
    if not names:
        hidden = any_true(unknown)
        if value is not None or hidden:
            yield Spot(at, value, unknown=hidden)
        return
    for step in _steps(value, unknown, names[0]):
        yield from _spots(_at(value, step), _at(unknown, step), names[1:], (*at, step))


def _steps(value: Json, unknown: Json, name: Step) -> tuple[Step, ...]:
    if isinstance(name, int):
        return (name,) if isinstance(value, list) or isinstance(unknown, list) else ()
    if "*" not in name:
        return (name,) if isinstance(value, dict) or isinstance(unknown, dict) else ()
    if name == "*" and (isinstance(value, list) or isinstance(unknown, list)):
        return tuple(range(max(len(side) for side in (value, unknown) if isinstance(side, list))))
    keys = {key for side in (value, unknown) if isinstance(side, dict) for key in side}
    return tuple(key for key in sorted(keys) if fnmatchcase(key, name))


def _at(value: Json, step: Step) -> Json:
    if isinstance(value, dict) and isinstance(step, str):
        return value.get(step)
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return value[step]
    return None
