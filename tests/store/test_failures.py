"""Does each way in which SQLite fails lead to the right next move?"""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import DatabaseError

from tfreconcile.errors import Misconfigured, Transient
from tfreconcile.store.failures import ANSWERS, named, named_after_the_next_move

FILE = Path("tfreconcile.db")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        pytest.param(sqlite3.SQLITE_BUSY, "DatabaseBusy", id="another process writes"),
        pytest.param(sqlite3.SQLITE_LOCKED, "DatabaseBusy", id="another connection writes"),
        pytest.param(sqlite3.SQLITE_FULL, "DatabaseFull", id="disk full"),
        pytest.param(sqlite3.SQLITE_IOERR, "DatabaseFailed", id="disk fails"),
        pytest.param(sqlite3.SQLITE_ERROR, "DatabaseFailed", id="anything else"),
    ],
)
def test_what_clears_by_itself_is_tried_again(code: int, reason: str) -> None:
    error = named(code, FILE, found="disk I/O error")
    assert isinstance(error, Transient)
    assert error.reason == reason
    assert "tfreconcile.db" in error.message


@pytest.mark.parametrize(
    ("code", "says"),
    [
        pytest.param(sqlite3.SQLITE_NOTADB, "not a SQLite database", id="another kind of file"),
        pytest.param(sqlite3.SQLITE_CORRUPT, "restore a backup", id="damaged"),
        pytest.param(sqlite3.SQLITE_READONLY, "must be writable", id="read-only"),
        pytest.param(sqlite3.SQLITE_CANTOPEN, "must be writable", id="cannot be opened"),
        pytest.param(sqlite3.SQLITE_PERM, "must be writable", id="not permitted"),
    ],
)
def test_what_a_person_must_mend_names_the_file_and_the_mending(code: int, says: str) -> None:
    error = named(code, FILE, found="it says so")
    assert isinstance(error, Misconfigured)
    assert str(error).startswith("tfreconcile.db: ")
    assert says in str(error)


@given(st.integers(0, 2**16))
@settings(max_examples=200, deadline=None)
def test_no_error_of_the_driver_leaves_the_door(code: int) -> None:
    original = sqlite3.OperationalError("it says so")
    original.sqlite_errorcode = code
    allowed = (DatabaseError,) if code & 0xFF in ANSWERS else (Transient, Misconfigured)
    with pytest.raises(allowed), named_after_the_next_move(FILE):
        raise DatabaseError("SELECT 1", None, original)


def test_an_error_of_a_driver_without_codes_is_tried_again() -> None:
    with pytest.raises(Transient, match="it says so"), named_after_the_next_move(FILE):
        raise DatabaseError("SELECT 1", None, Exception("it says so"))
