"""Which authors and which lines of a commit message are those of no person, if the host says nothing?"""

from __future__ import annotations

import tomllib
from importlib import resources

from tfreconcile.classify.model import Unattended

_TABLE = tomllib.loads((resources.files(__package__) / "unattended.toml").read_text("utf-8"))


def _authors() -> tuple[str, ...]:
    return tuple(str(pattern) for group in _TABLE["authors"].values() for pattern in group)


def _trailers() -> tuple[str, ...]:
    named = _TABLE["trailers"]
    return tuple(f"{key}: {assistant}" for key in named["keys"] for assistant in named["assistants"])


WELL_KNOWN = Unattended(authors=_authors(), trailers=_trailers())
"""Robots, services, pipelines and coding assistants; unattended.toml says who is left out, and why."""
