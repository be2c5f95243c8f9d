"""Where two values differ."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfreconcile.classify.paths import (
    Path,
    changed_paths,
    dotted,
    is_alike,
    is_masked,
    overlaps,
    planned_paths,
    settled,
    value_at,
)
from tfreconcile.plan.document import Json

_LEAVES = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "a", "b"])
VALUES: st.SearchStrategy[Json] = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("xyz"), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param({"a": 1}, {"a": 1}, [], id="equal"),
        pytest.param({"a": 1}, {"a": 2}, [("a",)], id="leaf"),
        pytest.param(
            {"a": {"b": 1, "c": 1}}, {"a": {"b": 1, "c": 2}}, [("a", "c")], id="only the inner leaf"
        ),
        pytest.param({"a": [1, 2]}, {"a": [1, 3, 4]}, [("a", 1), ("a", 2)], id="lists by position"),
        pytest.param({"a": None}, {"a": {"b": 1}}, [("a", "b")], id="null to an object"),
        pytest.param({"a": None}, {"a": {}}, [("a",)], id="null to empty is a difference"),
        pytest.param({"a": {}}, {"a": {"b": None}}, [("a",)], id="a null appears"),
        pytest.param({"a": [1]}, {"a": {"0": 1}}, [("a",)], id="list to object"),
        pytest.param({"a": 1}, {"a": True}, [("a",)], id="one is not true"),
        pytest.param({"a": 1}, None, [("a",)], id="all gone"),
        pytest.param(1, 2, [()], id="no object at all"),
    ],
)
def test_the_leaves_that_differ_are_named(before: Json, after: Json, expected: list[Path]) -> None:
    assert changed_paths(before, after) == frozenset(expected)


@pytest.mark.parametrize(
    ("before", "after", "unknown", "expected"),
    [
        pytest.param({"a": 1}, {}, {"a": True}, [("a",)], id="known to unknown"),
        pytest.param({"a": 1}, {"a": 1}, {"a": True}, [("a",)], id="unknown counts even if equal"),
        pytest.param({"a": {"b": 1, "c": 2}}, {}, {"a": True}, [("a",)], id="at the level of the mask"),
        pytest.param({"a": [1, 2]}, {"a": [1, None]}, {"a": [False, True]}, [("a", 1)], id="in a list"),
        pytest.param(None, {"a": 1}, {"id": True}, [("a",), ("id",)], id="create"),
        pytest.param({"a": 1}, {"a": 1}, {}, [], id="wholly known"),
        pytest.param({"a": 1}, {"a": 1}, True, [()], id="wholly unknown"),
    ],
)
def test_what_is_not_known_yet_counts_as_changed(
    before: Json, after: Json, unknown: Json, expected: list[Path]
) -> None:
    assert planned_paths(before, after, unknown) == frozenset(expected)


@pytest.mark.parametrize(
    "empty",
    [None, "", [], {}, [None], [""], {"a": None}, {"a": {"b": []}}, [{"name": "", "policy": ""}]],
    ids=str,
)
def test_every_spelling_of_nothing_is_alike(empty: Json) -> None:
    assert settled(empty) is None
    assert is_alike({"tags": empty}, {"tags": None})


@pytest.mark.parametrize("value", [0, False, " ", [0], {"a": False}], ids=str)
def test_zero_and_false_are_values(value: Json) -> None:
    assert not is_alike(value, None)


@given(VALUES)
@settings(max_examples=60, deadline=None)
def test_a_value_does_not_differ_from_itself(value: Json) -> None:
    assert not changed_paths(value, value)
    assert is_alike(value, settled(value))


@given(VALUES, VALUES)
@settings(max_examples=150, deadline=None)
def test_every_named_leaf_differs_and_something_is_named_when_values_differ(
    before: Json, after: Json
) -> None:
    paths = changed_paths(before, after)
    assert paths == changed_paths(after, before)
    assert bool(paths) == (repr_of(before) != repr_of(after))
    for path in paths:
        assert repr_of(value_at(before, path)) != repr_of(value_at(after, path))


def repr_of(value: Json) -> str:
    """Unlike ``==``, tells 1 from True; key order does not count."""
    return repr(sorted_keys(value))


def sorted_keys(value: Json) -> Json:
    """The same value with its keys in order."""
    if isinstance(value, dict):
        return {key: sorted_keys(value[key]) for key in sorted(value)}
    return [sorted_keys(inner) for inner in value] if isinstance(value, list) else value


def test_a_path_overlaps_what_is_inside_it_and_around_it() -> None:
    assert overlaps(("a",), {("a", "b")})
    assert overlaps(("a", "b"), {("a",)})
    assert not overlaps(("a", "b"), {("a", "c"), ("ab",)})


def test_a_mask_of_true_speaks_of_all_below() -> None:
    assert is_masked({"a": True}, ("a", "b", 0))
    assert not is_masked({"a": {"b": False}}, ("a", "b"))
    assert not is_masked(False, ("a",))


def test_a_path_is_shown_with_dots() -> None:
    assert dotted(("ingress", 0, "cidr_blocks")) == "ingress.0.cidr_blocks"
