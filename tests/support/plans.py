"""Which real plans are there, and where do their texts come from?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from hypothesis import strategies as st

from tfreconcile.plan.document import Json, Plan
from tfreconcile.plan.parse import parse

PLANS = Path(__file__).parents[1] / "plans"
NAMES = tuple(
    sorted(
        str(path.relative_to(PLANS).with_suffix("")) for path in PLANS.rglob("*.json") if path.stem != "index"
    )
)
"""Every fixture: ``create``, ``more/01_create``, ``second/01_create``."""
PAIRS = tuple(sorted(path.stem for path in (PLANS / "second").glob("*.json")))
"""Fixtures that were planned twice: in ``more`` and in ``second``."""
SECRETS = (
    "EXAMPLE-SECRET",
    "COMPUTED-SECRET",
    "EPHSECRET",
    "INLINE-SECRET",
    "SENSITIVE-ATTR",
    "hunter2",
    "shh-",
)
"""What the makers of the fixtures used as secrets, or how those begin."""


def text(name: str) -> str:
    """The JSON of one fixture, as Terraform wrote it."""
    return (PLANS / f"{name}.json").read_text(encoding="utf-8")


def document(name: str) -> dict[str, Json]:
    """A fixture's JSON, to be changed before it is parsed."""
    found = json.loads(text(name))
    assert isinstance(found, dict)
    return found


@cache
def plan(name: str) -> Plan:
    """A fixture, parsed."""
    return parse(text(name))


def places(value: Json, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The path of every value in a document, outermost first."""
    yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, (*path, key))
    if isinstance(value, list):
        for at, inner in enumerate(value):
            yield from places(inner, (*path, at))


def replaced(value: Json, path: tuple[str | int, ...], junk: Json) -> Json:
    """A document with another value at one place."""
    if not path:
        return junk
    step, *rest = path
    if isinstance(value, dict) and isinstance(step, str):
        return {**value, step: replaced(value[step], tuple(rest), junk)}
    assert isinstance(value, list)
    assert isinstance(step, int)
    return [*value[:step], replaced(value[step], tuple(rest), junk), *value[step + 1 :]]


JUNK: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
"""Any JSON value, small."""
