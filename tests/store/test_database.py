"""Is the database reached as it should be, and does it fail in words a person can act on?"""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from support.remembered import HEAD, INPUTS, KEY, NOON, PAY, a_plan

from tfreconcile.errors import Misconfigured, Transient
from tfreconcile.store import database, plans, rows, schema, stacks
from tfreconcile.store.database import Store, connect
from tfreconcile.store.tables import PlanRow, StackRow

SOON = timedelta(milliseconds=50)


@contextmanager
def somebody_writes(path: Path) -> Iterator[None]:
    """Another process that holds the only place of a writer."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def problem(error: pytest.ExceptionInfo[Misconfigured]) -> str:
    (found,) = error.value.problems
    return str(found)


def test_a_new_database_is_for_its_owner_alone(url: str, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with closing(connect(url)) as store, store.write():
            files = list(store.path.parent.iterdir())
            assert {stat.S_IMODE(one.stat().st_mode) for one in files} == {0o600}
            assert stat.S_IMODE(store.path.parent.stat().st_mode) == 0o700
            assert store.path == tmp_path / "state" / "tfreconcile.db"
    finally:
        os.umask(before)


def test_an_old_directory_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    connect(f"sqlite:///{tmp_path}/x.db").close()
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_what_was_written_is_there_after_a_restart(url: str) -> None:
    with closing(connect(url, key=KEY)) as store:
        stacks.ensure(store, PAY, "stacks/pay/stack.yaml")
    with closing(connect(url)) as store:
        assert [record.name for record in stacks.all(store)] == [PAY]


@pytest.mark.parametrize(
    ("url", "says"),
    [
        pytest.param("nonsense", "not a database URL", id="no URL"),
        pytest.param("", "not a database URL", id="empty"),
        pytest.param("postgresql+psycopg://ana:EXAMPLE-SECRET-1@db/x", "found postgresql", id="postgresql"),
        pytest.param("sqlite://", "does not simply name a file", id="memory"),
        pytest.param("sqlite:///:memory:", "does not simply name a file", id="memory by name"),
        pytest.param("sqlite:///x.db?mode=ro", "does not simply name a file", id="options"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused(url: str, says: str) -> None:
    with pytest.raises(Misconfigured, match=says) as error:
        connect(url)
    assert "sqlite:////var/lib/tfreconcile/tfreconcile.db" in problem(error)
    assert "EXAMPLE-SECRET" not in problem(error)


def test_a_password_in_a_broken_url_is_not_repeated() -> None:
    with pytest.raises(Misconfigured) as error:
        connect("//ana:EXAMPLE-SECRET-2@db")
    assert "EXAMPLE-SECRET" not in problem(error)
    assert error.value.__cause__ is None


def test_a_directory_is_not_a_database(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="cannot open the database: Is a directory"):
        connect(f"sqlite:///{tmp_path}")


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Misconfigured, match=r"file/x\.db: cannot open the database"):
        connect(f"sqlite:///{tmp_path}/file/x.db")


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("these are my notes\n" * 100)
    with pytest.raises(Misconfigured, match="this is not a SQLite database"):
        connect(f"sqlite:///{path}")
    assert path.read_text() == "these are my notes\n" * 100


def test_a_damaged_database_is_named(url: str) -> None:
    with closing(connect(url, key=KEY)) as store:
        path = store.path
        for _ in range(50):
            plans.add(store, a_plan())
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    with pytest.raises(Misconfigured, match=r"the database is damaged.*restore a backup"):
        connect(url)


def test_a_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE stacks (id INTEGER)")
    with pytest.raises(Misconfigured, match="of another program: it holds stacks"):
        connect(f"sqlite:///{path}")


def test_a_writer_that_waited_too_long_says_who_is_in_the_way(store: Store) -> None:
    url = f"sqlite:///{store.path}"
    with closing(connect(url, patience=SOON)) as hasty, somebody_writes(store.path):
        with pytest.raises(Transient, match="another process is writing") as error:
            stacks.ensure(hasty, PAY, "d")
        assert error.value.reason == "DatabaseBusy"
    assert stacks.all(store) == ()


def test_a_new_database_that_is_locked_says_so(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    path.touch()
    with somebody_writes(path), pytest.raises(Transient) as error:
        connect(f"sqlite:///{path}", patience=SOON)
    assert error.value.reason == "DatabaseBusy"


def test_a_new_database_that_is_locked_for_a_moment_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    path.touch()
    with ThreadPoolExecutor(1) as threads:
        with somebody_writes(path):
            opening = threads.submit(database.upgrade, f"sqlite:///{path}")
            assert not wait([opening], timeout=0.2).done
        assert opening.result() == schema.newest()


def test_an_up_to_date_database_can_be_opened_and_read_while_somebody_writes(store: Store) -> None:
    stacks.ensure(store, PAY, "d")
    with somebody_writes(store.path), closing(connect(f"sqlite:///{store.path}", patience=SOON)) as other:
        assert [record.name for record in stacks.all(other)] == [PAY]


def test_a_full_disk_says_so_and_keeps_nothing(store: Store) -> None:
    with store.read() as session:
        pages = session.scalar(text("PRAGMA page_count"))
        session.execute(text(f"PRAGMA max_page_count = {pages}"))
    too_big = replace(a_plan(), document={"a": "x" * 1_000_000})
    with pytest.raises(Transient, match="free some") as error:
        plans.add(store, too_big)
    assert error.value.reason == "DatabaseFull"
    assert plans.history(store, limit=9) == ()


def test_a_database_that_may_not_be_written_says_so(store: Store) -> None:
    with store.read() as session:
        session.execute(text("PRAGMA query_only = ON"))
    with pytest.raises(Misconfigured, match=r"cannot write to the database.*user that runs"):
        stacks.ensure(store, PAY, "d")


def test_a_bug_of_ours_is_not_dressed_up(store: Store) -> None:
    with pytest.raises(IntegrityError), store.write() as session:
        session.add(StackRow(name=PAY))


def test_what_is_changed_in_a_view_is_not_kept(store: Store) -> None:
    stacks.ensure(store, PAY, "before")
    with store.read() as session:
        row = session.get(StackRow, PAY)
        assert row is not None
        row.definition = "after"
        session.flush()
    assert stacks.ensure(store, PAY, "").definition == "before"


def test_a_transaction_that_fails_keeps_nothing(store: Store) -> None:
    def half_done() -> None:
        with store.write() as session:
            session.add(PlanRow(**rows.columns(a_plan(), without=("id",))))
            session.flush()
            raise LookupError

    with pytest.raises(LookupError):
        half_done()
    assert plans.history(store, limit=9) == ()


def test_a_view_does_not_change_while_it_is_read(store: Store) -> None:
    stacks.ensure(store, PAY, "before")
    with store.read() as session:
        first = session.scalar(text("SELECT definition FROM stacks"))
        stacks.seen(store, PAY, definition="after", revision=HEAD, inputs=INPUTS, now=NOON)
        assert session.scalar(text("SELECT definition FROM stacks")) == first == "before"


def test_two_hundred_increments_of_four_threads_are_two_hundred(store: Store) -> None:
    stacks.ensure(store, PAY, "d")

    def increment(_: int) -> None:
        with store.write() as session:
            row = session.get(StackRow, PAY)
            assert row is not None
            row.failures = row.failures + 1

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(increment, range(200)))
    assert stacks.ensure(store, PAY, "d").failures == 200


@pytest.mark.parametrize(
    ("pragma", "value"),
    [
        pytest.param("journal_mode", "wal", id="readers do not wait for writers"),
        pytest.param("synchronous", 2, id="a commit is on the disk"),
        pytest.param("foreign_keys", 1, id="references are checked"),
        pytest.param("busy_timeout", 30_000, id="writers wait for each other"),
    ],
)
def test_sqlite_is_spoken_to_as_it_should_be(store: Store, pragma: str, value: object) -> None:
    with store.read() as session:
        assert session.scalar(text(f"PRAGMA {pragma}")) == value


def test_upgrade_names_the_schema_that_is_there_now(url: str) -> None:
    assert database.upgrade(url) == schema.newest()
    assert database.upgrade(url) == schema.newest()
