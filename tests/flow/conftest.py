"""What do whole passes start from?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from support.repository import Repository
from support.worlds import Shop, shop

from tfreconcile.terraform.engine import Engine


@pytest.fixture
def team(tmp_path: Path, repository: Repository, engines: Mapping[str, Engine]) -> Iterator[Shop]:
    """A repository, and a tfreconcile with a Terraform binary beside it."""
    with shop(tmp_path / "var", repository, engines["terraform"]) as made:
        yield made
