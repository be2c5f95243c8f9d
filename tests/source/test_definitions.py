"""Which stacks does a commit define, and what becomes of those that are broken?"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfreconcile.source.definitions import Broken, Definitions, discover
from tfreconcile.source.document import LIMIT
from tfreconcile.source.tree import Entry, EntryKind, Tree

STACKS = PurePosixPath("stacks")


def _never(path: PurePosixPath) -> bytes:
    raise AssertionError(f"{path} was read")


def _tree(files: Mapping[str, str | bytes]) -> Tree:
    content = {
        PurePosixPath(path): text.encode() if isinstance(text, str) else text for path, text in files.items()
    }
    entries = {path: Entry(kind=EntryKind.FILE, oid="", size=len(text)) for path, text in content.items()}
    return Tree(entries=entries, read=content.__getitem__)


def _found(**definitions: str) -> Definitions:
    return discover(_tree({f"stacks/{name}/stack.yaml": text for name, text in definitions.items()}), STACKS)


def _names(found: Definitions) -> list[str]:
    return [stack.name for stack in found.stacks]


def _said(broken: Broken) -> str:
    return "\n".join(str(problem) for problem in broken.problems)


def test_every_definition_below_the_path_is_found_and_nothing_else() -> None:
    tree = _tree(
        {
            "stacks/b/stack.yaml": "suspend: false",
            "stacks/deep/er/a/stack.yaml": "suspend: false",
            "stacks/b/main.tf": "",
            "stacks/b/old-stack.yaml": "%",
            "other/stack.yaml": "%",
            "stacks2/stack.yaml": "%",
        }
    )
    found = discover(tree, STACKS)
    assert _names(found) == ["a", "b"]
    assert found.broken == ()


def test_the_root_of_the_repository_can_be_the_path() -> None:
    assert _names(discover(_tree({"a/stack.yaml": "suspend: true"}), PurePosixPath())) == ["a"]


def test_a_broken_definition_hides_no_other() -> None:
    found = _found(a="suspend: no", b="suspend: false", c="[")
    assert _names(found) == ["b"]
    assert [each.name for each in found.broken] == ["a", "c"]
    assert _said(found.broken[0]).startswith("stacks/a/stack.yaml:1:10: suspend: found 'no'")


def test_a_broken_definition_keeps_the_name_that_it_declares() -> None:
    found = _found(a="x: [\nname: 'payments'  # the real one\n")
    assert [each.name for each in found.broken] == ["payments"]


@pytest.mark.parametrize(
    "text",
    [
        "{name: payments, bogus: 1}",
        "{bogus: {name: inner}, name: payments}",
        '"name": payments\nbogus: 1',
        "name : payments\nbogus: 1",
        "? name\n: payments\nbogus: 1",
        "name:\n  payments\nbogus: 1",
        "name: >-\n  payments\nbogus: 1",
        'name: "pay\\x6dents"\nbogus: 1',
        "name: !!str payments",
        "name: &x payments",
        "\ufeffname: payments\nbogus: 1",
        "  name: payments\n  bogus: 1",
        "bogus: 1\rname: payments",
        "{a: [1, {b: 2}], c: *x, name: payments}",
        "{name: payments, bogus: [}",
        "suspend: true\n---\n{name: payments}",
        "name: payments\nbogus: \x01",
        "name: payments\nbogus: 'open",
        "bogus: " + "[" * 40 + "\nname: payments",
    ],
)
def test_the_declared_name_is_found_however_it_is_written(text: str) -> None:
    found = _found(a=text)
    assert [each.name for each in found.broken] == ["payments"]


@pytest.mark.parametrize(
    "text",
    [
        "[name, payments]",
        "{x: {name: payments}}",
        "x:\n  name: payments",
        "{payments: name}",
        "{name: Pay_Ments}",
        "{name: [payments]}",
        "{name: }",
        "name",
        "",
    ],
)
def test_what_only_looks_like_a_name_declares_none(text: str) -> None:
    found = _found(a=text)
    assert [each.name for each in found.broken] == ["a"]


def test_two_holders_of_one_name_see_each_other_in_any_style() -> None:
    found = _found(a="{bogus: 1, name: pay}", b="name: pay")
    assert [each.name for each in found.broken] == ["pay", "pay"]
    assert "name: pay is taken by stacks/a/stack.yaml:1:18 too" in _said(found.broken[1])


def test_a_broken_definition_without_a_name_never_takes_that_of_another() -> None:
    tree = _tree({"stacks/x/a/stack.yaml": "[", "stacks/b/stack.yaml": "name: a", "stacks/Ü/stack.yaml": "["})
    found = discover(tree, STACKS)
    assert _names(found) == ["a"]
    assert [each.name for each in found.broken] == ["stacks", "stacks-x-a"]


def test_all_holders_of_one_name_are_broken_and_name_each_other() -> None:
    found = _found(a="name: pay", pay="suspend: true", c="suspend: 1\nname: pay", d="name: other")
    assert _names(found) == ["other"]
    assert [each.name for each in found.broken] == ["pay", "pay", "pay"]
    first, second, third = found.broken
    assert "stacks/a/stack.yaml:1:7: name: pay is taken by stacks/c/stack.yaml:2:7, stacks" in _said(first)
    assert "stacks/a/stack.yaml:1:7" in _said(second)
    assert "stacks/a/stack.yaml:1:7" in _said(third)


def test_a_dependency_on_nobody_breaks_the_one_who_depends() -> None:
    found = _found(network="suspend: true", b="depends_on: [network, netwrok]", c="depends_on: [b]")
    assert _names(found) == ["c", "network"]
    assert _said(found.broken[0]) == (
        "stacks/b/stack.yaml:1:23: depends_on: there is no stack netwrok (did you mean network?)"
    )


def test_a_stack_that_depends_on_a_broken_one_is_fine() -> None:
    assert _names(_found(a="name: [", b="depends_on: [a]")) == ["b"]


def test_a_circle_breaks_its_members_only() -> None:
    found = _found(a="depends_on: [b]", b="depends_on: [a]", c="depends_on: [a]", d="depends_on: [d]")
    assert _names(found) == ["c"]
    assert [each.name for each in found.broken] == ["a", "b", "d"]
    assert _said(found.broken[0]) == (
        "stacks/a/stack.yaml:1:14: depends_on: stacks wait for each other in a circle: a -> b -> a "
        "(remove one of these dependencies)"
    )
    assert "d -> d" in _said(found.broken[2])


def test_a_huge_definition_is_refused_without_reading_it() -> None:
    entries = {PurePosixPath("a/stack.yaml"): Entry(kind=EntryKind.FILE, oid="", size=10 * 1024 * 1024)}
    found = discover(Tree(entries=entries, read=_never), PurePosixPath())
    assert f"the file has 10485760 bytes; allowed: up to {LIMIT}" in _said(found.broken[0])


def test_a_link_or_a_submodule_is_no_definition() -> None:
    entries = {
        PurePosixPath("a/stack.yaml"): Entry(kind=EntryKind.SYMLINK, oid="", size=9),
        PurePosixPath("b/stack.yaml"): Entry(kind=EntryKind.SUBMODULE, oid="", size=0),
    }
    found = discover(Tree(entries=entries, read=_never), PurePosixPath())
    assert [_said(each).split(";")[0] for each in found.broken] == [
        "a/stack.yaml: a definition cannot be a symlink",
        "b/stack.yaml: a definition cannot be a submodule",
    ]


def test_a_misspelt_file_name_is_told_and_does_no_harm_to_the_right_one() -> None:
    tree = _tree(
        {"stacks/a/stack.yml": "name: a", "stacks/a/stack.yaml": "name: a", "b/stack.yml": "name: b"}
    )
    found = discover(tree, PurePosixPath())
    assert _names(found) == ["a"]
    assert [each.name for each in found.broken] == ["b", "stacks-a"]
    assert "(rename it to stack.yaml)" in _said(found.broken[0])


def test_a_path_that_is_not_text_is_told_in_a_way_that_can_be_printed() -> None:
    found = discover(_tree({"a\udcff\x1b/stack.yaml": "suspend: 1"}), PurePosixPath())
    assert _said(found.broken[0]).startswith("a\\udcff\\x1b/stack.yaml:1:10: suspend: found 1")
    assert found.broken[0].name == "a"


_lines = st.sampled_from(
    [
        "name: a",
        "name: b",
        "depends_on: [a]",
        "depends_on: [b, c]",
        "suspend: true",
        "x: [",
        "module: /",
        "\xff",
    ]
)
_files = st.lists(_lines, max_size=3).map(lambda lines: "\n".join(lines).encode("latin-1"))
_paths = st.sampled_from(
    [f"{directory}/{name}" for directory in "abc" for name in ("stack.yaml", "stack.yml")]
)


@given(st.dictionaries(_paths, _files))
@settings(max_examples=150, deadline=None)
def test_each_definition_is_either_a_stack_or_broken_and_names_of_stacks_are_unique(
    files: dict[str, bytes],
) -> None:
    found = discover(_tree(files), PurePosixPath())
    seen = [stack.definition for stack in found.stacks] + [each.definition for each in found.broken]
    assert sorted(map(str, seen)) == sorted(files)
    assert all(each.problems for each in found.broken)
    assert len(set(_names(found))) == len(found.stacks)
    assert not {stack.name for stack in found.stacks} & {each.name for each in found.broken}
