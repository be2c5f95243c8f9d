"""What does ``db upgrade`` do with a fresh database, and with one that it does not know?"""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing

from support.operator import Operator, a_stack

from tfreconcile.store import schema


def test_a_fresh_database_is_made_and_its_revision_told(operator: Operator) -> None:
    told = operator.types("db", "upgrade")
    assert (told.code, told.stdout) == (0, f"schema {schema.newest()}\n")
    assert stat.S_IMODE(operator.database.stat().st_mode) == 0o600
    assert operator.types("db", "upgrade").stdout == told.stdout, "a second time changes nothing"


def test_a_newer_database_is_left_alone_with_exit_2(operator: Operator) -> None:
    operator.remember(a_stack("archive"))
    with closing(sqlite3.connect(operator.database)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    for typed in (("db", "upgrade"), ("status",), ("approve", "archive")):
        told = operator.types(*typed)
        assert (told.code, told.stdout) == (2, "")
        assert "from a newer tfreconcile (schema 9999); this one knows up to" in told.stderr
        assert "upgrade tfreconcile" in told.stderr


def test_a_file_that_is_no_database_is_left_alone_with_exit_2(operator: Operator) -> None:
    operator.state.mkdir()
    operator.database.write_text("my notes\n" * 1000)
    told = operator.types("db", "upgrade")
    assert told.code == 2
    assert f"{operator.database}: this is not a SQLite database" in told.stderr
    assert operator.database.read_text().startswith("my notes")


def test_db_alone_lists_what_can_be_done(operator: Operator) -> None:
    told = operator.types("db")
    assert told.code == 2
    assert "upgrade" in told.stderr
