"""What must one value of a configuration file look like?

The types here are for pydantic models; each says the same thing three times: to the validator, to the JSON
Schema, and (``allowed``) to the person who wrote something else.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated

from pydantic import (
    AfterValidator,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainValidator,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

NOT_ALLOWED = "tfreconcile_not_allowed"
"""Error type: the value is to be shown beside ``allowed`` of the context."""
SENTENCE = "tfreconcile_sentence"
"""Error type: ``sentence`` of the context says everything; the value is not shown."""

_UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_DURATION = re.compile(r"(?=.)(?:([0-9]{1,6})d)?(?:([0-9]{1,6})h)?(?:([0-9]{1,6})m)?(?:([0-9]{1,6})s)?")
_DURATION_WORDS = "a duration such as 90s, 10m, 1h30m or 2d"


def not_allowed(allowed: str, hint: str = "") -> PydanticCustomError:
    """The error "found this; allowed: that", to be raised by a validator."""
    return PydanticCustomError(NOT_ALLOWED, "not allowed", {"allowed": allowed, "hint": hint})


def sentence(what: str, hint: str = "") -> PydanticCustomError:
    """An error in words of its own, which must not hold the value."""
    return PydanticCustomError(SENTENCE, "not allowed", {"sentence": what, "hint": hint})


@dataclass(frozen=True)
class Text:
    """What a text must look like: the whole of it matches ``pattern``, and ``accepts`` agrees."""

    pattern: str
    allowed: str
    accepts: Callable[[str], bool] = lambda _text: True

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {**handler(core), "pattern": f"^(?:{self.pattern})$", "description": self.allowed}

    def _checked(self, text: str) -> str:
        if re.fullmatch(self.pattern, text) and self.accepts(text):
            return text
        raise not_allowed(self.allowed)


@dataclass(frozen=True)
class OneOf:
    """A text that is one of a few words which are not known as a Literal."""

    words: tuple[str, ...]

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {**handler(core), "enum": list(self.words)}

    def _checked(self, text: str) -> str:
        if text in self.words:
            return text
        raise not_allowed(", ".join(self.words))


def duration_text(span: timedelta) -> str:
    """The shortest way to write a span of whole seconds: ``1h30m``; no time at all is ``0s``."""
    left = int(span.total_seconds())
    parts: list[str] = []
    for unit, size in _UNITS.items():
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def _duration(value: object) -> timedelta:
    if isinstance(value, int) and not isinstance(value, bool):
        raise not_allowed(_DURATION_WORDS, f"write {value}s" if 0 <= value < 10**6 else "add the unit")
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise not_allowed(_DURATION_WORDS)
    counts = zip(found.groups(default="0"), _UNITS.values(), strict=True)
    return timedelta(seconds=sum(int(count) * size for count, size in counts))


Duration = Annotated[
    timedelta,
    PlainValidator(_duration),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": f"^{_DURATION.pattern}$",
            "description": _DURATION_WORDS,
            "examples": ["90s", "10m", "1h30m", "2d"],
        }
    ),
]
"""A span of time as people write it: days, hours, minutes and seconds, in that order, each at most once."""


def between(least: timedelta, most: timedelta) -> AfterValidator:
    """A bound on a Duration, both ends included."""

    def bounded(span: timedelta) -> timedelta:
        if least <= span <= most:
            return span
        raise not_allowed(f"{duration_text(least)} to {duration_text(most)}")

    return AfterValidator(bounded)


def _day(value: object) -> date:
    if isinstance(value, str) and re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise not_allowed("a day of the calendar") from None
    raise not_allowed("a date such as 2027-01-31")


Day = Annotated[
    date,
    PlainValidator(_day),
    WithJsonSchema({"type": "string", "format": "date", "description": "a date such as 2027-01-31"}),
]
"""A day of the calendar, ``2027-01-31``."""

Note = Annotated[str, Text(r"(?=[\s\S]*\S)[\s\S]{1,500}", "a text of up to 500 characters that is not blank")]
"""A few words for people."""

HostPath = Annotated[
    str,
    Text(r"(?!~)[^\x00-\x1f?#%]{1,1000}", "a path, absolute or relative to this file, without ~, ?, # and %"),
]
"""A path on the machine that the file stands on."""
