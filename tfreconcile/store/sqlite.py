"""How does SQLite want to be spoken to? Its file, its pragmas, its transactions."""

from __future__ import annotations

import os
import sqlite3
from datetime import timedelta
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry

from tfreconcile.errors import Misconfigured
from tfreconcile.store import owner
from tfreconcile.store.columns import written

WRITES = "tfreconcile_writes"
"""Execution option of an engine whose transactions write."""
EXAMPLE = "write `database: sqlite:////var/lib/tfreconcile/tfreconcile.db`"


def file_of(url: str) -> Path:
    """The file that a database URL names. Raises Misconfigured for any other URL."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        # The text is not repeated: what cannot be parsed may still hold a password.
        raise Misconfigured.at("database", "this is not a database URL", EXAMPLE) from None
    if parsed.get_backend_name() != "sqlite":
        what = f"this version keeps its database in SQLite only, found {parsed.get_backend_name()}"
        raise Misconfigured.at("database", what, EXAMPLE)
    if parsed.database in (None, "", ":memory:") or parsed.query:
        raise Misconfigured.at("database", f"{url} does not simply name a file", EXAMPLE)
    return Path(str(parsed.database))


def make(path: Path) -> None:
    """Make a missing file, for its owner alone, in a directory for its owner alone.

    SQLite gives the files that it puts beside it the same mode. Raises Misconfigured.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if os.fstat(file).st_size == 0:
                owner.give_back(file, path)
        finally:
            os.close(file)
    except OSError as error:
        hint = "the file and its directory must be writable by the user that runs tfreconcile"
        raise Misconfigured.at(str(path), f"cannot open the database: {error.strerror}", hint) from error


def engine_for(path: Path, *, patience: timedelta, foreign_keys: bool = True) -> Engine:
    """An engine whose writers wait ``patience`` for each other; a transaction reads unless ``writing``."""
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        json_serializer=written,
        max_overflow=-1,  # a connection costs nothing; waiting for one would be a lock of our own
        connect_args={"timeout": patience.total_seconds()},
    )
    pragmas = ("journal_mode=WAL", "synchronous=FULL", f"foreign_keys={'ON' if foreign_keys else 'OFF'}")

    def prepare(connection: sqlite3.Connection, entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # else the driver begins transactions of its own, too late
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    event.listen(engine, "connect", prepare)
    event.listen(engine, "begin", _begin)
    return engine


def writing(engine: Engine) -> Engine:
    """The same connections, whose transactions write: one at a time, from their first statement on."""
    return engine.execution_options(**{WRITES: True})


def _begin(connection: Connection) -> None:
    # A transaction that reads first and then wants to write fails at once, however long it may wait.
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
