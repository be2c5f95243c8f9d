"""What do tests of the steps start from?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.worlds import opened

from tfreconcile.reconcile.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A world with an empty database and no engine."""
    with opened(tmp_path / "var") as made:
        yield made
