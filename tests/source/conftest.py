"""What do tests of signatures start from?"""

from __future__ import annotations

from pathlib import Path

import pytest
from support import signing
from support.repository import Repository
from support.trust import Keys, Place

from tfreconcile.source.git import Mirror


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    """Keys take time to make, and nothing changes them."""
    folder = tmp_path_factory.mktemp("keys")
    return Keys(
        ana=signing.ssh(folder, "ana@example.com"),
        eve=signing.ssh(folder, "eve@example.com"),
        bo=signing.gpg(folder, "bo@example.com", since="20200101T000000"),
        eve_gpg=signing.gpg(folder, "eve@example.com"),
    )


@pytest.fixture
def place(repository: Repository, tmp_path: Path) -> Place:
    repository.write({"main.tf": "# one\n"}).commit("First")
    host = tmp_path / "etc"
    host.mkdir()
    mirror = Mirror(path=tmp_path / "state" / "mirror.git", url=repository.url, branch="main", pause=0)
    return Place(repository, mirror, host)
