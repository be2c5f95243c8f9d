from __future__ import annotations

import re
from pathlib import PurePosixPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.trees import tree_of

from tfreconcile.source.watch import matches, watched

TREE = tree_of(
    {"shared/policies/a.rego": "", "shared/policies/eu/b.rego": "", "shared/x.json": "", "top": ""}
)


@pytest.mark.parametrize(
    ("glob", "found"),
    [
        ("shared/policies/**", ["shared/policies/a.rego", "shared/policies/eu/b.rego"]),
        ("shared/**/*.rego", ["shared/policies/a.rego", "shared/policies/eu/b.rego"]),
        ("**/b.rego", ["shared/policies/eu/b.rego"]),
        ("shared/*", ["shared/x.json"]),
        ("shared/*/a.reg?", ["shared/policies/a.rego"]),
        ("shared/[xy].json", ["shared/x.json"]),
        ("shared/policies", ["shared/policies/a.rego", "shared/policies/eu/b.rego"]),
        ("shared/policies/", ["shared/policies/a.rego", "shared/policies/eu/b.rego"]),
        ("top", ["top"]),
        ("*", ["top"]),
        ("none/**", []),
        ("none", []),
        ("SHARED/*", []),
    ],
)
def test_a_glob_names_files(glob: str, found: list[str]) -> None:
    assert [str(path) for path in watched(TREE, glob)] == found


parts = st.lists(st.sampled_from(["**", "*", "a", "b", "a*"]), min_size=1, max_size=5).map(tuple)
names = st.lists(st.sampled_from(["a", "b", "ab"]), min_size=1, max_size=5).map(tuple)
WORDS = {"**": "(?:[^/]+/)*", "*": "[^/]*/", "a": "a/", "b": "b/", "a*": "a[^/]*/"}


@given(parts, names)
@settings(max_examples=300, deadline=None)
def test_matching_agrees_with_a_regular_expression(glob: tuple[str, ...], path: tuple[str, ...]) -> None:
    expression = "".join(WORDS[part] for part in glob)
    assert matches(glob, path) == bool(re.fullmatch(expression, "".join(f"{name}/" for name in path)))


def test_a_glob_made_to_take_for_ever_does_not() -> None:
    glob = ("**", "a*a*a*a*a*b") * 20
    assert not matches(glob, PurePosixPath("/".join(["a" * 60] * 60)).parts)
