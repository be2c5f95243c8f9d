"""Which values differ between two sides, at which path, and what may be shown of them?"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from tfreconcile.plan.canonical import canonical, same
from tfreconcile.plan.document import Json, Step
from tfreconcile.plan.effect import any_true
from tfreconcile.redact import SENSITIVE, Scrubber, element

UNKNOWN = "(known after apply)"
MAX_TEXT = 2_000
"""Characters of one value. The rest is counted, not kept."""

_PLAIN_KEY = re.compile(r"[^\W\d][\w-]*", re.ASCII)
_ESCAPES = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One place where two values differ. ``None`` stands for null and for absent alike.

    ``mask`` is what is marked at this place, ``unknown`` that the new value is not known yet.
    """

    path: tuple[Step, ...] = ()
    before: Json
    after: Json
    unknown: Json = False
    mask: object = False

    def inside(self) -> Iterator[Difference]:
        """The smallest differing places: leaves, unknown values, and whole marked values."""
        if not self._differs():
            return
        inner = None if self.mask is True or self.unknown is True else self._steps()
        if inner is None:
            yield self
            return
        for step in inner:
            yield from self._at(step).inside()

    def texts(self, scrubber: Scrubber) -> tuple[str | None, str | None]:
        """What may be shown of both sides."""
        after = UNKNOWN if self.unknown is True else shown(self.after, self.mask, scrubber)
        return shown(self.before, self.mask, scrubber), after

    def is_read_back(self) -> bool:
        """Whether only the way of writing "nothing" differs, as providers do between two reads."""
        return not self.unknown and all(side in (None, "", [], {}) for side in (self.before, self.after))

    def _differs(self) -> bool:
        return any_true(self.unknown) or not same(self.before, self.after)

    def _steps(self) -> list[Step] | None:
        """What to look into, when both sides are of one shape and there is something in them."""
        sides = [side for side in (self.before, self.after) if side is not None]
        if sides and all(isinstance(side, dict) for side in sides):
            return sorted({*_keys(self.before), *_keys(self.after), *_keys(self.unknown)}) or None
        if sides and all(isinstance(side, list) for side in sides):
            return list(range(max(len(side) for side in sides if isinstance(side, list)))) or None
        return None

    def _at(self, step: Step) -> Difference:
        return Difference(
            path=(*self.path, step),
            before=_below(self.before, step),
            after=_below(self.after, step),
            unknown=_below(self.unknown, step) or False,
            mask=mask_below(self.mask, step),
        )


def path_text(path: tuple[Step, ...], scrubber: Scrubber) -> str:
    """A dotted path, ``a.b[0].c``; keys that are no plain names are quoted, ``tags["my key"]``."""
    return "".join(_step_text(step, scrubber) for step in path).removeprefix(".")


def safe(text: str, scrubber: Scrubber) -> str:
    """A text without secrets, and without characters that a terminal obeys or that turn its direction.

    Names and messages come from a cloud or a provider: whoever can write there must not be able to
    write to the operator's terminal.
    """
    return printable(scrubber.scrub(text))


def printable(text: str) -> str:
    """The text with control, format and other invisible characters written as escapes."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else _escaped(character) for character in text)


def _escaped(character: str) -> str:
    code = ord(character)
    return _ESCAPES.get(character) or (f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")


def shown(value: Json, mask: object, scrubber: Scrubber) -> str | None:
    """What may be shown of a value of which ``mask`` is marked; None for null."""
    if value is None:
        return None
    veiled = _veiled(value, mask, scrubber)
    if veiled == SENSITIVE:
        return SENSITIVE
    text = printable(_written(veiled))
    rest = len(text) - MAX_TEXT
    return text if rest <= 0 else f"{text[:MAX_TEXT]}… ({rest:,} more characters)"


def _written(value: Json) -> str:
    return str(value) if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False, default=str)


def _veiled(value: Json, mask: object, scrubber: Scrubber) -> Json:
    """The value with every marked part replaced and every text scrubbed; keys are texts too."""
    if mask is False and not isinstance(value, str | dict | list):
        return value
    if mask is False and isinstance(value, str):
        return scrubber.scrub(value)
    if isinstance(value, dict) and (mask is False or isinstance(mask, dict)):
        return {
            scrubber.scrub(key): _veiled(inner, mask_below(mask, key), scrubber)
            for key, inner in value.items()
        }
    if isinstance(value, list) and (mask is False or isinstance(mask, list)):
        return [_veiled(inner, mask_below(mask, at), scrubber) for at, inner in enumerate(value)]
    return SENSITIVE


def mask_below(mask: object, step: Step) -> object:
    """The mask one step further down; where its shape does not fit, everything is marked."""
    if isinstance(mask, dict) and isinstance(step, str):
        return mask.get(step, False)
    if isinstance(mask, list) and isinstance(step, int):
        return element(mask, step)
    return mask is not False


def _below(value: Json, step: Step) -> Json:
    if isinstance(value, dict) and isinstance(step, str):
        return value.get(step)
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return value[step]
    return None


def _keys(value: Json) -> frozenset[str]:
    return frozenset(value) if isinstance(value, dict) else frozenset()


def _step_text(step: Step, scrubber: Scrubber) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    key = safe(step, scrubber)
    return f".{key}" if _PLAIN_KEY.fullmatch(key) or key == SENSITIVE else f"[{canonical(key)}]"
