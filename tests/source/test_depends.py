"""Which stacks wait for each other in a circle?"""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfreconcile.source.depends import cycles
from tfreconcile.source.model import StackName


def _graph(text: str) -> dict[StackName, tuple[StackName, ...]]:
    rows = (row.split(">") for row in text.split())
    return {StackName(name): tuple(StackName(each) for each in others) for name, others in rows}


@pytest.mark.parametrize(
    ("graph", "circles"),
    [
        ("a> b>a c>ab", {}),
        ("a>x", {}),
        ("a>a", {"a": "aa"}),
        ("a>b b>a", {"a": "aba", "b": "bab"}),
        ("a>b b>c c>a d>a", {"a": "abca", "b": "bcab", "c": "cabc"}),
        ("a>b b>ac c>d d>b", {"a": "aba", "b": "bab", "c": "cdbc", "d": "dbcd"}),
    ],
    ids=["a diamond", "unknown", "itself", "two", "three and one who waits for them", "the shortest of two"],
)
def test_members_of_a_circle_are_found_and_others_are_not(graph: str, circles: dict[str, str]) -> None:
    found = cycles(_graph(graph))
    assert {name: "".join(circle) for name, circle in found.items()} == circles


def test_a_chain_of_thousands_is_no_circle_and_no_recursion() -> None:
    assert cycles({StackName(str(n)): (StackName(str(n + 1)),) for n in range(5000)}) == {}


_names = st.sampled_from([StackName(name) for name in "abcdef"])


@given(st.dictionaries(_names, st.lists(_names, max_size=3).map(tuple)))
@settings(max_examples=200, deadline=None)
def test_a_circle_is_a_walk_that_returns_and_without_it_there_is_none(
    graph: dict[StackName, tuple[StackName, ...]],
) -> None:
    found = cycles(graph)
    for name, circle in found.items():
        assert circle[0] == circle[-1] == name
        assert all(after in graph[before] for before, after in pairwise(circle))
    assert cycles({name: others for name, others in graph.items() if name not in found}) == {}
