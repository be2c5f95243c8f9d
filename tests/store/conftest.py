"""What do tests of the store start from?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from tfreconcile.store.database import Store, connect


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Where an empty database may be made."""
    return f"sqlite:///{tmp_path}/state/tfreconcile.db"


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """An empty database with the newest schema."""
    with closing(connect(url, patience=timedelta(seconds=30))) as opened:
        yield opened
