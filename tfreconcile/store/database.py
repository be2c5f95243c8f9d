"""How do we reach the database? Open it, bring its schema up to date, read and write in transactions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.orm import Session
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random

from tfreconcile.errors import Misconfigured, Transient
from tfreconcile.store import anchor as anchors
from tfreconcile.store import schema, sqlite
from tfreconcile.store.failures import named_after_the_next_move

PATIENCE = timedelta(seconds=30)
"""How long a writer waits for another one before it says DatabaseBusy."""
HEAD = "tfreconcile_journal_head"
"""Where a transaction leaves the head of the journal that the host remembers once it is committed."""

ANEW = "tfreconcile_journal_anew"
"""Set in a transaction after which the host remembers that head whatever it remembered before."""


@dataclass(frozen=True)
class Store:
    """An open database. Threads may share it; a forked child opens its own.

    ``key`` is the host's: without it what is sealed can be read and not judged, and nothing is written to
    the journal. ``anchor`` is the file in which this host remembers the head of the journal.
    """

    engine: Engine
    path: Path
    key: bytes | None = field(default=None, repr=False)
    anchor: Path | None = None

    def sealing_key(self) -> bytes:
        """The host's key. Raises Misconfigured when there is none: then the database can only be read."""
        if self.key is None:
            hint = "restore it, or let it lie where the user that runs tfreconcile can make files"
            what = f"the host's key is missing and cannot be made; without it {self.path} can only be read"
            raise Misconfigured.at("key_file", what, hint)
        return self.key

    @contextmanager
    def read(self) -> Iterator[Session]:
        """One consistent view; what is changed in it is not kept.

        Raises Transient or Misconfigured, as ``failures`` names them.
        """
        with named_after_the_next_move(self.path), Session(self.engine) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction that nobody else writes beside: all of it is kept, or nothing. Never nested.

        Raises Transient or Misconfigured, as ``failures`` names them.
        """
        with (
            named_after_the_next_move(self.path),
            Session(sqlite.writing(self.engine)) as session,
            session.begin(),
        ):
            yield session
        head = session.info.get(HEAD)
        if head is not None and self.anchor is not None:
            remember = anchors.begin_anew if ANEW in session.info else anchors.advance
            remember(self.anchor, self.sealing_key(), head)

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def connect(
    url: str, *, key: bytes | None = None, anchor: Path | None = None, patience: timedelta = PATIENCE
) -> Store:
    """Open the database at a URL such as ``sqlite:////var/lib/tfreconcile/tfreconcile.db``.

    ``key`` and ``anchor`` are as ``Store`` says: only what reads a database may leave the key out.
    A missing file is made, an old schema upgraded. Raises Misconfigured for a URL or a file that cannot
    be used and for a schema from a newer tfreconcile, Transient("DatabaseBusy") after ``patience``.
    """
    path = sqlite.file_of(url)
    sqlite.make(path)
    _bring_up_to_date(path, patience)
    return Store(sqlite.engine_for(path, patience=patience), path, key, anchor)


def upgrade(url: str, *, patience: timedelta = PATIENCE) -> str:
    """Bring the schema up to date and name the revision it has now. Raises as ``connect`` does."""
    connect(url, patience=patience).close()
    return schema.newest()


def _bring_up_to_date(path: Path, patience: timedelta) -> None:
    engine = sqlite.engine_for(path, patience=patience, foreign_keys=False)
    # SQLite does not wait for its turn when two processes switch a new file to WAL at once.
    in_turn = Retrying(
        retry=retry_if_exception(_is_busy),
        wait=wait_random(0.01, 0.1),
        stop=stop_after_delay(patience),
        reraise=True,
    )
    try:
        in_turn(_upgrade, engine, path)
    finally:
        engine.dispose()


def _upgrade(engine: Engine, path: Path) -> None:
    with named_after_the_next_move(path):
        if not schema.is_current(engine, path):
            schema.upgrade(sqlite.writing(engine), path)


def _is_busy(error: BaseException) -> bool:
    return isinstance(error, Transient) and error.reason == "DatabaseBusy"
