"""Whose turn is it to run init on this host? A door to one lock file."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tfreconcile import clock
from tfreconcile.errors import Stalled, Transient

TICK = 0.1


@contextmanager
def turn(lock: Path, *, patience: float, stop: threading.Event | None = None) -> Iterator[None]:
    """Hold ``lock`` for as long as the block runs; the kernel lets go of it when we die.

    Two inits that fill one plugin cache break each other and every plan beside them (terraform-facts
    §2.2). Raises Transient("InitBusy") after ``patience`` seconds or when told to stop, and
    Stalled("InitLockUnusable") when the file cannot be opened.
    """
    try:
        file = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise Stalled("InitLockUnusable", f"cannot open {lock}: {error.strerror}") from error
    try:
        _wait(file, patience, stop or threading.Event())
        yield
    finally:
        os.close(file)


def _wait(file: int, patience: float, stop: threading.Event) -> None:
    until = clock.monotonic() + patience
    while not _taken(file):
        if stop.wait(TICK) or clock.monotonic() > until:
            raise Transient("InitBusy", f"another stack was still in init after {patience:.0f} s")


def _taken(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
