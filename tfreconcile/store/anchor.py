"""Where did the journal end when this host last wrote to it? A small file outside of the database.

The chain inside the database cannot tell a journal that was cut off from one that was always as short. The
file is written after the commit: a crash in between leaves it behind the journal, never ahead of it.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tfreconcile.plan.canonical import canonical
from tfreconcile.store import owner, seal

NAME = "journal.head"
"""Its name in ``state_dir``."""
LONGEST = 4096
"""Bytes that are read of it at most."""


@dataclass(frozen=True, kw_only=True)
class Head:
    """The last link of the chain: its number and its hash."""

    number: int
    hash: str


class Damaged(Exception):
    """The file is there and is not what we wrote under this key; the text says what is wrong with it."""


class Unreadable(Damaged):
    """The file is there and this user may not read it: whether it is as we wrote it, nobody knows."""


def read(path: Path, key: bytes) -> Head | None:
    """What this host remembers, None when it remembers nothing. Raises Damaged, or Unreadable."""
    try:
        with path.open("rb") as file:
            found = json.loads(file.read(LONGEST))
    except FileNotFoundError:
        return None
    except OSError as error:
        hint = "it must belong to the user that runs tfreconcile"
        raise Unreadable(f"{path} cannot be read: {error.strerror}; {hint}") from error
    except ValueError as error:
        raise Damaged(f"{path} is not what tfreconcile wrote") from error
    match found:
        case {"number": int(number), "hash": str(hashed), "seal": str(sealed)}:
            head = Head(number=number, hash=hashed)
            if seal.fits(key, seal.ANCHOR, _text(head), sealed):
                return head
    raise Damaged(f"{path} was changed outside tfreconcile, or written under another key")


def advance(path: Path, key: bytes, head: Head) -> None:
    """Remember a later head; an earlier one is left alone.

    Never raises for a file that cannot be written: what it belongs to is committed already, and a file
    that stays behind is seen by ``audit verify``.
    """
    with contextlib.suppress(OSError, Damaged), _alone(path):
        known = read(path, key)
        if known is None or known.number < head.number:
            _write(path, key, head)


def begin_anew(path: Path, key: bytes, head: Head) -> None:
    """Remember this head, whatever was remembered before. Raises OSError when it cannot be written."""
    with _alone(path):
        _write(path, key, head)


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Nobody else reads and then writes meanwhile: the later of two heads stays. Locks the directory."""
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(directory, fcntl.LOCK_EX)
        yield
    finally:
        os.close(directory)


def _write(path: Path, key: bytes, head: Head) -> None:
    line = {"number": head.number, "hash": head.hash, "seal": seal.seal(key, seal.ANCHOR, _text(head))}
    put(path, f"{json.dumps(line)}\n")


def put(path: Path, text: str) -> None:
    """The whole text or the old one, 0600, also after a crash. Raises OSError."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            owner.give_back(file.fileno(), path)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _text(head: Head) -> str:
    return canonical([head.number, head.hash])
