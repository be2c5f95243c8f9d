from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.trees import tree_of

from tfreconcile.source.tree import (
    ROOT,
    EntryKind,
    OutsideRepository,
    directly_in,
    in_the_way,
    inside,
    is_directory,
    is_file,
    parse_listing,
    printable,
    under,
)

HERE = PurePosixPath("stacks/pay")
TREE = tree_of(
    {"a/x": "", "a/b/y": "", "a-b/z": "", "a0": "", "ab": "", "link": "t"}, kinds={"link": EntryKind.SYMLINK}
)


def paths(*names: str) -> tuple[PurePosixPath, ...]:
    return tuple(map(PurePosixPath, names))


def test_a_directory_holds_what_is_below_it_and_nothing_that_only_starts_alike() -> None:
    assert under(TREE, PurePosixPath("a")) == paths("a/b/y", "a/x")
    assert directly_in(TREE, PurePosixPath("a")) == paths("a/x")


def test_the_root_holds_everything() -> None:
    assert set(under(TREE, ROOT)) == set(TREE.entries)


def test_files_and_directories_are_told_apart() -> None:
    answers = [(is_file(TREE, p), is_directory(TREE, p)) for p in paths("a", "a/x", "link", "none", ".")]
    assert answers == [(False, True), (True, False), (False, False), (False, False), (False, True)]


def test_a_link_on_the_way_is_found() -> None:
    assert in_the_way(TREE, PurePosixPath("link/x/y")) == PurePosixPath("link")
    assert in_the_way(TREE, PurePosixPath("link")) == PurePosixPath("link")
    assert in_the_way(TREE, PurePosixPath("a/b/y")) is None


@pytest.mark.parametrize(
    ("relative", "meant"),
    [
        (".", "stacks/pay"),
        ("./x.tfvars", "stacks/pay/x.tfvars"),
        ("../../modules/vpc", "modules/vpc"),
        ("../..", "."),
        ("a//b/./c/", "stacks/pay/a/b/c"),
        ("..x/...", "stacks/pay/..x/..."),
        (".github", "stacks/pay/.github"),
    ],
)
def test_a_path_inside_is_resolved_by_text(relative: str, meant: str) -> None:
    assert inside(HERE, relative) == PurePosixPath(meant)


@pytest.mark.parametrize(
    ("relative", "why"),
    [
        ("../../..", "leaves the repository"),
        ("../../../etc/passwd", "leaves the repository"),
        ("x/../../../../x", "leaves the repository"),
        ("/etc/passwd", "is absolute"),
        ("..\\..\\x", "backslash"),
        ("x\0", "NUL"),
        ("../../.git/config", ".git directory"),
        ("../../.GIT/config", ".git directory"),
        (".Git", ".git directory"),
    ],
)
def test_a_path_that_leads_outside_is_refused_with_the_reason(relative: str, why: str) -> None:
    with pytest.raises(OutsideRepository, match=why):
        inside(HERE, relative)


@given(st.lists(st.sampled_from(["..", ".", "a", ".git", "b c", "", "\\"]), max_size=8).map("/".join))
@settings(max_examples=200, deadline=None)
def test_whatever_is_accepted_stays_inside(relative: str) -> None:
    try:
        found = inside(HERE, relative)
    except OutsideRepository:
        return
    assert not found.is_absolute()
    assert not {"..", ".git"} & set(found.parts)


def test_a_listing_of_git_is_read_with_kinds_sizes_and_odd_names() -> None:
    oid = b"0" * 40
    rows = (
        b"100644 blob %s       7\ta\tb\n" % oid,
        b"100755 blob %s       8\trun" % oid,
        b"120000 blob %s       9\t\xff" % oid,
        b"160000 commit %s       -\tlib" % oid,
    )
    found = parse_listing(b"".join(row + b"\0" for row in rows))
    assert [(str(path), entry.kind, entry.size) for path, entry in found.items()] == [
        ("a\tb\n", EntryKind.FILE, 7),
        ("run", EntryKind.EXECUTABLE, 8),
        ("\udcff", EntryKind.SYMLINK, 9),
        ("lib", EntryKind.SUBMODULE, 0),
    ]


def test_a_path_is_shown_in_a_way_that_every_terminal_takes() -> None:
    assert [printable(path) for path in paths("a/ö", "a\n\udcff")] == ["a/ö", "a\\n\\udcff"]
