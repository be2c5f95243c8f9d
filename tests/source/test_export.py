from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest
from support.trees import tree_of

from tfreconcile.errors import Stalled, Transient
from tfreconcile.source.export import RESERVED, export
from tfreconcile.source.tree import EntryKind

MAIN = PurePosixPath("stacks/pay/main.tf")


def test_files_arrive_byte_by_byte_where_only_we_can_read_them(tmp_path: Path) -> None:
    tree = tree_of(
        {str(MAIN): b"$Format:%H$\r\n\xff", "run.sh": "#!/bin/sh\n", "other": ""},
        kinds={"run.sh": EntryKind.EXECUTABLE},
    )
    export(tree, (MAIN, PurePosixPath("run.sh")), tmp_path / "pass" / "files")
    root = tmp_path / "pass" / "files"
    written = {str(p.relative_to(root)): oct(p.stat().st_mode & 0o777) for p in root.rglob("*")}
    assert written == {
        "stacks": "0o700",
        "stacks/pay": "0o700",
        "stacks/pay/main.tf": "0o600",
        "run.sh": "0o700",
    }
    assert (root / MAIN).read_bytes() == b"$Format:%H$\r\n\xff"
    assert root.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("kind", [EntryKind.SYMLINK, EntryKind.SUBMODULE])
def test_links_are_never_written(tmp_path: Path, kind: EntryKind) -> None:
    with pytest.raises(Stalled, match=kind):
        export(tree_of({"x": "/etc/passwd"}, kinds={"x": kind}), (PurePosixPath("x"),), tmp_path / "to")
    assert not (tmp_path / "to").exists()


@pytest.mark.parametrize("name", ["../x", "a/../x", "/x", ".git/config", f"a/{RESERVED}"])
def test_names_that_lead_elsewhere_or_are_ours_are_never_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(Stalled) as caught:
        export(tree_of({name: ""}), (PurePosixPath(name),), tmp_path / "a" / "to")
    assert caught.value.reason == "ExportRefused"
    assert list(tmp_path.iterdir()) == []


def test_a_path_that_the_commit_lacks_is_named(tmp_path: Path) -> None:
    with pytest.raises(Stalled, match=r"stacks/pay/main\.tf is not in this commit"):
        export(tree_of({}), (MAIN,), tmp_path)


def test_nothing_that_is_there_already_is_overwritten(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("keep")
    to = tmp_path / "to"
    to.mkdir()
    (to / "x").symlink_to(victim)
    with pytest.raises(Transient):
        export(tree_of({"x": "evil"}), (PurePosixPath("x"),), to)
    assert victim.read_text() == "keep"


def test_a_directory_that_is_a_link_is_not_walked_through(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    to = tmp_path / "to"
    to.mkdir()
    (to / "a").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Transient):
        export(tree_of({"a/x": "evil"}), (PurePosixPath("a/x"),), to)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_names_that_are_no_text_are_written_as_they_are(tmp_path: Path) -> None:
    export(tree_of({"\udcff": "x"}), (PurePosixPath("\udcff"),), tmp_path / "to")
    assert [path.name for path in (tmp_path / "to").iterdir()] == ["\udcff"]
