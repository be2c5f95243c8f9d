"""What do tests of the store start from?"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from support import ledger
from support.remembered import KEY

from tfreconcile.store.database import Store, connect


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Where an empty database may be made."""
    return f"sqlite:///{tmp_path}/state/tfreconcile.db"


@pytest.fixture
def store(url: str, tmp_path: Path) -> Iterator[Store]:
    """An empty database with the newest schema."""
    anchor = tmp_path / "journal.head"
    with closing(connect(url, key=KEY, anchor=anchor, patience=timedelta(seconds=30))) as opened:
        yield opened


@pytest.fixture(scope="session")
def once_filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a host on which ``ledger.fill`` happened."""
    home = tmp_path_factory.mktemp("filled")
    with closing(connect(f"sqlite:///{home}/x.db", key=KEY, anchor=home / "journal.head")) as opened:
        ledger.fill(opened)
    return home


@pytest.fixture
def grown(once_filled: Path, tmp_path: Path) -> Iterator[Store]:
    """A database with one of everything, as ``ledger.fill`` leaves it."""
    home = shutil.copytree(once_filled, tmp_path / "grown")
    with closing(connect(f"sqlite:///{home}/x.db", key=KEY, anchor=home / "journal.head")) as opened:
        yield opened
