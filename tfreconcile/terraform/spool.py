"""Where does a program's output go? Into two private files, one of which is read while it grows."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

CHUNK = 1 << 16
CHUNKS_AT_ONCE = 64
"""Then the reader looks up, to see whether a deadline has passed."""
LONGEST_LINE = 1 << 20
"""Bytes of a line that are passed on; longer ones lose their middle, and with it their meaning."""


@dataclass(frozen=True, kw_only=True)
class Spool:
    """stdout and stderr of one program: paths to read from, open descriptors to write to."""

    stdout: Path
    stderr: Path
    out: int
    err: int

    def size(self) -> int:
        """Bytes written so far, also when a file was deleted meanwhile."""
        return os.fstat(self.out).st_size + os.fstat(self.err).st_size


@contextmanager
def spool(directory: Path, verb: str) -> Iterator[Spool]:
    """Empty files ``<verb>.stdout`` and ``<verb>.stderr``, readable by us alone. Raises OSError."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    stdout, stderr = directory / f"{verb}.stdout", directory / f"{verb}.stderr"
    out = _create(stdout)
    try:
        err = _create(stderr)
        try:
            yield Spool(stdout=stdout, stderr=stderr, out=out, err=err)
        finally:
            os.close(err)
    finally:
        os.close(out)


def _create(path: Path) -> int:
    # Anew, so that a file of an earlier run keeps neither its content nor its mode, and no link is followed.
    path.unlink(missing_ok=True)
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)


class Tail:
    """Reads a growing file line by line."""

    def __init__(self, path: Path, on_line: Callable[[bytes], None] | None) -> None:
        self._file = path.open("rb", buffering=0)
        self._on_line = on_line
        self._rest = b""

    def __enter__(self) -> Tail:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def drain(self) -> bool:
        """Pass on the whole lines that are there; tells whether there may be more."""
        if self._on_line is None:
            return False
        for _ in range(CHUNKS_AT_ONCE):
            chunk = self._file.read(CHUNK)
            if not chunk:
                return False
            self._tell(chunk, self._on_line)
        return True

    def finish(self) -> None:
        """Pass on all that is left, also a last line without an end."""
        while self.drain():
            continue
        if self._rest and self._on_line is not None:
            self._on_line(self._rest)

    def _tell(self, chunk: bytes, on_line: Callable[[bytes], None]) -> None:
        *lines, rest = (self._rest + chunk).split(b"\n")
        self._rest = rest[:LONGEST_LINE]
        for line in lines:
            on_line(line[:LONGEST_LINE])
