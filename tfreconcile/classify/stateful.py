"""Does a resource of this type hold data that Terraform cannot make again?"""

from __future__ import annotations

import tomllib
from fnmatch import fnmatchcase
from functools import lru_cache
from importlib import resources

_TABLE = tomllib.loads((resources.files(__package__) / "stateful.toml").read_text("utf-8"))
STATEFUL_TYPES = frozenset(str(type_) for group in _TABLE.values() for type_ in group["types"])
"""Patterns (``*`` and ``?``) over resource types; stateful.toml says which are left out, and why."""


@lru_cache(maxsize=1024)  # a plan has thousands of changes and a dozen types
def is_stateful(type_: str, extra: frozenset[str] = frozenset()) -> bool:
    """Is the type in the catalogue, or does one of the host's own patterns match it?"""
    if type_ in STATEFUL_TYPES:
        return True
    return any(fnmatchcase(type_, pattern) for pattern in (*STATEFUL_TYPES, *extra))
