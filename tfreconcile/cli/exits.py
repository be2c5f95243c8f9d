"""Which exit code means what? One meaning each, never shared."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """0 all in sync or done; 1 something failed; 2 usage or configuration; 3 something waits."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    ATTENTION = 3
