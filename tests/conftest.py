"""What do tests of several rooms start from?"""

from __future__ import annotations

from pathlib import Path

import pytest
from support.repository import Repository

pytest_plugins = ["support.ground", "support.team"]


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """An empty repository of a team, on branch ``main``."""
    return Repository(tmp_path / "team")
