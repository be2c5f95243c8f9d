from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

import pytest
from support.repository import Repository

from tfreconcile.errors import Misconfigured
from tfreconcile.source.folder import folder_tree, repository_root
from tfreconcile.source.tree import EntryKind


def test_a_folder_is_seen_as_a_commit_of_it_would_be(repository: Repository, tmp_path: Path) -> None:
    repository.write({"a/main.tf": "# x", "a/.terraform/lib": "", "run": "", ".git/x": ""})
    (repository.path / "run").chmod(0o755)
    (repository.path / "link").symlink_to("a")
    (repository.path / "dangling").symlink_to("nowhere")
    os.mkfifo(repository.path / "pipe")
    Repository(repository.path / "nested").write({"hidden.tf": ""})
    tree = folder_tree(repository.path)
    assert {str(path): entry.kind for path, entry in tree.entries.items()} == {
        "a/main.tf": EntryKind.FILE,
        "run": EntryKind.EXECUTABLE,
        "link": EntryKind.SYMLINK,
        "dangling": EntryKind.SYMLINK,
        "nested": EntryKind.SUBMODULE,
    }
    assert tree.read(PurePosixPath("a/main.tf")) == b"# x"
    assert tree.entries[PurePosixPath("a/main.tf")].size == 3


@pytest.mark.parametrize("name", ["link", "absent", "../outside"])
def test_only_regular_files_of_the_folder_can_be_read(tmp_path: Path, name: str) -> None:
    (tmp_path / "outside").touch()
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "link").symlink_to("../outside")
    with pytest.raises(KeyError):
        folder_tree(tmp_path / "in").read(PurePosixPath(name))


def test_a_file_that_became_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "x").touch()
    tree = folder_tree(tmp_path)
    (tmp_path / "x").unlink()
    (tmp_path / "x").symlink_to("/etc/passwd")
    with pytest.raises(Misconfigured, match="cannot be read"):
        tree.read(PurePosixPath("x"))


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="nowhere: cannot be read: No such file"):
        folder_tree(tmp_path / "nowhere")


def test_the_root_is_the_nearest_directory_with_a_repository(repository: Repository) -> None:
    repository.write({"stacks/pay/stack.yaml": ""})
    assert repository_root(repository.path / "stacks" / "pay" / "stack.yaml") == repository.path.resolve()


def test_without_a_repository_the_path_is_its_own_root(tmp_path: Path) -> None:
    assert repository_root(tmp_path) == tmp_path.resolve()
