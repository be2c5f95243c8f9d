"""How is a program kept within bounds? This one limits itself, then becomes the program.

``python -I -m tfreconcile.policies.confined MEMORY SECONDS PROGRAM ARGUMENT…``: bytes of address space, and
seconds of processor time. Limits set here, and not between fork and exec, need no code in a forked daemon.
"""

from __future__ import annotations

import os
import resource
import sys

LARGEST_FILE = 64 << 20
"""Bytes of any file that it writes, its output among them."""


def main(memory: int, seconds: int, argv: list[str]) -> None:
    """Never returns, unless the program cannot be started."""
    for limit, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, LARGEST_FILE),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (most, most))
    os.execv(argv[0], argv)  # noqa: S606 - there is no shell here, and none is wanted


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
