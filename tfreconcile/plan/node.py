"""Where in a JSON document are we, and is this what was expected there?"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, DecimalException
from itertools import chain
from typing import NoReturn

from tfreconcile.errors import Stalled
from tfreconcile.plan.document import Json

MAX_DEPTH = 200
"""Levels of nesting that we read. Terraform's deepest real documents have about 30."""


@dataclass(frozen=True)
class Node:
    """A value and its place. An absent member is a Node of ``None``, as Terraform omits what is empty.

    Whatever does not fit raises ``Stalled("UnreadablePlan")`` with the place, what was found there and
    what was expected; the value itself is never quoted, since it may be a secret.
    """

    value: Json
    path: str = ""

    def get(self, *keys: str) -> Node:
        """The member below one or more keys; absent all the way down when one of them is absent."""
        node = self
        for key in keys:
            node = Node(node.mapping().get(key), f"{node.path}.{key}" if node.path else key)
        return node

    def mapping(self) -> Mapping[str, Json]:
        """An object's raw members, none when it is absent."""
        if self.value is None:
            return {}
        return self.value if isinstance(self.value, dict) else self.unexpected("an object")

    def members(self) -> dict[str, Node]:
        """An object's members by name, none when it is absent."""
        return {key: self.get(key) for key in self.mapping()}

    def entries(self) -> tuple[Node, ...]:
        """A list's elements, none when it is absent."""
        if self.value is None:
            return ()
        if not isinstance(self.value, list):
            return self.unexpected("a list")
        return tuple(Node(value, f"{self.path}[{at}]") for at, value in enumerate(self.value))

    def text(self) -> str:
        """A string that must be there."""
        return self.value if isinstance(self.value, str) else self.unexpected("a string")

    def text_or(self, absent: str) -> str:
        """A string, or ``absent`` when there is none."""
        return absent if self.value is None else self.text()

    def text_or_none(self) -> str | None:
        """A string, or ``None`` when there is none."""
        return None if self.value is None else self.text()

    def texts(self) -> tuple[str, ...]:
        """A list of strings, empty when it is absent."""
        return tuple(entry.text() for entry in self.entries())

    def flag(self, absent: bool = False) -> bool:
        """A boolean, or ``absent`` when there is none."""
        if self.value is None:
            return absent
        return self.value if isinstance(self.value, bool) else self.unexpected("true or false")

    def count(self) -> int:
        """A whole number of at least 0 that must be there."""
        if isinstance(self.value, bool) or not isinstance(self.value, int) or self.value < 0:
            return self.unexpected("a whole number")
        return self.value

    def unexpected(self, expected: str) -> NoReturn:
        """Raises ``Stalled("UnreadablePlan")``: this is not what should stand here."""
        found = _kind(self.value)
        raise unreadable(f"at {self.path or 'the top'}: found {found}, expected {expected}")


def unreadable(what: str) -> Stalled:
    """The error for a document that is not a plan that we can read."""
    return Stalled("UnreadablePlan", what)


def decode(text: bytes | str, *, unique: bool = False) -> Json:
    """Read JSON; numbers with a fraction become Decimals, NaN and Infinity are refused.

    ``unique`` refuses an object that names a member twice: Terraform never writes one, people may.
    Raises ``Stalled("UnreadablePlan")`` for anything that is not one JSON value of at most
    ``MAX_DEPTH`` levels.
    """
    hook = _once if unique else None
    try:
        value: Json = json.loads(text, parse_float=Decimal, parse_constant=_refuse, object_pairs_hook=hook)
    except RecursionError as error:
        raise unreadable(f"nested deeper than {MAX_DEPTH} levels") from error
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise unreadable(f"not JSON: {error.msg} at {where}, expected one JSON object") from error
    except (ValueError, DecimalException) as error:  # bad UTF-8, NaN, a number of 5,000 digits
        raise unreadable(f"not JSON that can be read: found {type(error).__name__}") from error
    if _deeper_than(value, MAX_DEPTH):
        raise unreadable(f"nested deeper than {MAX_DEPTH} levels")
    return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _once(members: list[tuple[str, Json]]) -> dict[str, Json]:
    if len(members) != len(dict(members)):
        raise ValueError("a member twice")
    return dict(members)


def _deeper_than(value: Json, limit: int) -> bool:
    """Level by level and without recursion, since everything after this recurses."""
    level = [value]
    for _ in range(limit):
        level = list(chain.from_iterable(map(_containers, level)))
        if not level:
            return False
    return True


def _containers(value: Json) -> list[Json]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [entry for entry in inner if isinstance(entry, dict | list)]


def _kind(value: Json) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "a boolean"
        case str():
            return "a string"
        case list():
            return "a list"
        case dict():
            return "an object"
        case _:
            return "a number"
