"""What went wrong with the database? A driver's error becomes one that names the next move."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from json import JSONDecodeError
from pathlib import Path

from sqlalchemy.exc import DatabaseError

from tfreconcile.errors import Misconfigured, Transient

ANSWERS = frozenset({sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_TOOBIG})
"""The database works and says no to what we wrote: a bug of ours, which goes up as it is."""


@contextmanager
def named_after_the_next_move(path: Path) -> Iterator[None]:
    """Raises Transient or Misconfigured instead of what SQLAlchemy raises when a database fails."""
    try:
        yield
    except DatabaseError as error:
        code = _primary_code(error)
        if code in ANSWERS:
            raise
        raise named(code, path, found=str(error.orig)) from error
    except JSONDecodeError as error:
        what = "a row of the database holds what tfreconcile never writes: it was edited, or damaged"
        raise Misconfigured.at(str(path), what, "tfreconcile audit verify names it") from error


def named(code: int, path: Path, *, found: str) -> Transient | Misconfigured:
    """The error for a primary result code (https://www.sqlite.org/rescode.html).

    A person has to act on a file that is wrong; everything else is tried again by the next pass.
    """
    match code:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return Transient("DatabaseBusy", f"another process is writing to {path} and does not finish")
        case sqlite3.SQLITE_FULL:
            return Transient("DatabaseFull", f"no space is left for {path}: free some, nothing was written")
        case sqlite3.SQLITE_NOTADB:
            hint = "move the file away, or name another one under `database`"
            return Misconfigured.at(str(path), "this is not a SQLite database", hint)
        case sqlite3.SQLITE_CORRUPT:
            return Misconfigured.at(str(path), f"the database is damaged: {found}", "restore a backup")
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            hint = "the file and its directory must be writable by the user that runs tfreconcile"
            return Misconfigured.at(str(path), f"cannot write to the database: {found}", hint)
    return Transient("DatabaseFailed", f"{path}: {found}")


def _primary_code(error: DatabaseError) -> int:
    """The low byte: the rest only refines it. 0 when the driver gave none."""
    return getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
