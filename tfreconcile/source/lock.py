"""Whose turn is it to write into the mirror? The door to the lock file that stands beside it."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from tfreconcile.errors import Waiting


@contextmanager
def locked(path: Path, patience: float) -> Iterator[None]:
    """Keep other processes and threads off a directory; the kernel lets go of the lock when we die.

    ``patience`` is in seconds. Raises Waiting SourceBusy when it ends, OSError when the lock file cannot
    be written.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    waiting = Retrying(
        stop=stop_after_delay(patience),
        wait=wait_fixed(0.05),
        retry=retry_if_exception_type(BlockingIOError),
        reraise=True,
    )
    with path.with_name(f"{path.name}.lock").open("a") as lock:
        try:
            waiting(partial(fcntl.flock, lock, fcntl.LOCK_EX | fcntl.LOCK_NB))
        except BlockingIOError as e:
            raise Waiting("SourceBusy", f"another process fetches into {path} for over {patience:g} s") from e
        yield
