"""How is a value kept in a column? Types that every database we speak to stores the same way."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from sqlalchemy import JSON, DateTime, Dialect, String, Text, TypeDecorator

from tfreconcile.source.model import Signature

Word = TypeVar("Word", bound=StrEnum)
Item = TypeVar("Item")


class Moment(TypeDecorator[datetime]):
    """An aware moment, kept in UTC and given back in UTC. A naive one is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """UTC; without its zone where the database has none. Raises ValueError for a naive moment."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a moment needs a time zone, found {value.isoformat()}")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Aware, in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Prose(TypeDecorator[str]):
    """A sentence whose origin we do not control, such as a diagnostic of a foreign program."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """What no database can hold (half characters, NUL) becomes U+FFFD: a message never fails a write."""
        return None if value is None else clean(value)


class OneOf(TypeDecorator[Word]):
    """One word of a closed list, kept as text."""

    impl = String
    cache_ok = True

    def __init__(self, words: type[Word]) -> None:
        super().__init__()
        self.words = words

    def process_bind_param(self, value: Word | None, dialect: Dialect) -> str | None:
        """The word as text."""
        return None if value is None else str(self.words(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Word | None:
        """The member; a word that this version does not know raises ValueError."""
        return None if value is None else self.words(value)


class Listed(TypeDecorator[tuple[Item, ...]]):
    """A tuple of plain JSON values, kept as a JSON list."""

    impl = JSON
    cache_ok = True

    def process_bind_param(self, value: Collection[Item] | None, dialect: Dialect) -> list[Item] | None:
        """A list, in the given order."""
        return None if value is None else list(value)

    def process_result_value(self, value: Iterable[Item] | None, dialect: Dialect) -> tuple[Item, ...] | None:
        """A tuple, in the stored order."""
        return None if value is None else tuple(value)


class Digests(TypeDecorator[frozenset[str]]):
    """A set of texts, kept as a sorted JSON list."""

    impl = JSON
    cache_ok = True

    def process_bind_param(self, value: frozenset[str] | None, dialect: Dialect) -> list[str] | None:
        """Sorted, so that equal sets are equal rows."""
        return None if value is None else sorted(value)

    def process_result_value(self, value: Sequence[str] | None, dialect: Dialect) -> frozenset[str] | None:
        """The set."""
        return None if value is None else frozenset(value)


class Pairs(TypeDecorator[frozenset[tuple[str, str]]]):
    """A set of (text, text), kept as a sorted JSON list of lists."""

    impl = JSON
    cache_ok = True

    def process_bind_param(
        self, value: frozenset[tuple[str, str]] | None, dialect: Dialect
    ) -> list[tuple[str, str]] | None:
        """Sorted, so that equal sets are equal rows."""
        return None if value is None else sorted(value)

    def process_result_value(
        self, value: Sequence[Sequence[str]] | None, dialect: Dialect
    ) -> frozenset[tuple[str, str]] | None:
        """The set."""
        return None if value is None else frozenset((first, second) for first, second in value)


class Signed(TypeDecorator[Signature]):
    """A signature, kept as a JSON object with its fields."""

    impl = JSON(none_as_null=True)
    cache_ok = True

    def process_bind_param(self, value: Signature | None, dialect: Dialect) -> dict[str, object] | None:
        """An object of plain JSON."""
        return None if value is None else dataclasses.asdict(value)

    def process_result_value(self, value: dict[str, str] | None, dialect: Dialect) -> Signature | None:
        """The signature; an object with other keys raises TypeError."""
        make: Callable[..., Signature] = Signature
        return None if value is None else make(**value)


def clean(text: str) -> str:
    """The text as a ``Prose`` column gives it back."""
    return "".join("\ufffd" if c == "\0" or "\ud800" <= c <= "\udfff" else c for c in text)


def written(value: object) -> str:
    """JSON text of a column. Refuses NaN and infinities (ValueError): other databases do too."""
    return json.dumps(value, default=_decimal, allow_nan=False)


def _decimal(value: object) -> str:
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"a column holds plain JSON, found {type(value).__name__}")
