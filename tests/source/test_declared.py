"""Which name does a definition declare that cannot be used?"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfreconcile.errors import Place
from tfreconcile.source.declared import name_in

FILE = "a/stack.yaml"


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("{bogus: 1, name: pay}", 1, 18),
        ("bogus: 1\nname: pay", 2, 7),
        ("x: [\nname: pay", 2, 7),
        ("? " + "[" * 40 + "\nname: pay", 2, 7),
    ],
    ids=["flow", "block", "fault-before", "deep-key-before"],
)
def test_a_name_is_told_with_its_place(text: str, line: int, column: int) -> None:
    assert name_in(text.encode(), FILE) == ("pay", Place(FILE, line, column))


def test_of_two_names_the_first_counts() -> None:
    found = name_in(b"{name: a, name: b}", FILE)
    assert found is not None
    assert found[0] == "a"


_PIECES = (
    "name",
    ": ",
    "pay",
    "{",
    "}",
    "[",
    "]",
    ", ",
    "\n",
    "? ",
    "- ",
    "&x ",
    "*x",
    "'",
    '"',
    "|",
    "\xff",
)


@given(st.lists(st.sampled_from(_PIECES), max_size=12).map(lambda pieces: "".join(pieces).encode("latin-1")))
@settings(max_examples=200, deadline=None)
def test_whatever_a_file_holds_a_name_is_one_or_there_is_none(content: bytes) -> None:
    found = name_in(content, FILE)
    assert found is None or set(found[0]) <= set("namepy")


_names = st.from_regex("[a-z]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)


@given(
    _names, st.sampled_from(["{{name: {0}}}", "name: {0}", "'name': '{0}'", "{{x: [1], name: {0}, y: [}}"])
)
@settings(max_examples=60, deadline=None)
def test_a_declared_name_is_found_in_every_style(name: str, style: str) -> None:
    found = name_in(style.format(name).encode(), FILE)
    assert found is not None
    assert found[0] == name
