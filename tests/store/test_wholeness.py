"""Is nothing applied when any event of the journal, however old, is not what was written?"""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from dataclasses import replace

import pytest
from support import ledger
from support.remembered import KEY, NET, NOON, PAY, an_apply, an_approval

from tfreconcile.errors import Waiting
from tfreconcile.gate.model import Verdict
from tfreconcile.store import anchor, applies, approvals, audit, wholeness
from tfreconcile.store.database import Store

EDITS = [
    "UPDATE journal SET stack = 'x' WHERE id = {}",
    "UPDATE journal SET event = 'stack.other' WHERE id = {}",
    "UPDATE journal SET body = '[7]' WHERE id = {}",
    "UPDATE journal SET body = 'no json' WHERE id = {}",
    "UPDATE journal SET actor = CAST(x'ff' AS TEXT) WHERE id = {}",
    "UPDATE journal SET seal = 'x' WHERE id = {}",
    "DELETE FROM journal WHERE id = {}",
    "INSERT INTO journal SELECT -id, at, event, stack, actor, version, body, previous, hash, seal"
    " FROM journal WHERE id = {}",
]


def edit(store: Store, statement: str, *values: object) -> None:
    """What somebody with the database's file and no key does."""
    with closing(sqlite3.connect(store.path)) as connection, connection:
        connection.execute(statement, values)


def broken(store: Store) -> str:
    """Why an apply that nobody's word is needed for does not begin; "" when it would."""
    error = approvals.obstacle(store, PAY, at=NOON)
    return "" if error is None or error.reason != "JournalBroken" else error.message


def checked(store: Store) -> bool:
    """Was it written down what was found whole?"""
    assert store.anchor is not None
    return store.anchor.with_name(wholeness.NAME).exists()


@pytest.fixture(params=["never looked at", "looked at before"])
def host(grown: Store, request: pytest.FixtureRequest) -> Store:
    """A host with events of all kinds, which were found whole before or not."""
    if request.param == "looked at before":
        ledger.go_on(grown, times=wholeness.STEP)
        assert broken(grown) == ""
        assert checked(grown)
    return grown


def test_a_whole_journal_holds_nothing_up(host: Store) -> None:
    assert broken(host) == ""
    ledger.go_on(host, times=3)
    assert broken(host) == ""


def test_an_empty_journal_is_whole(store: Store) -> None:
    assert broken(store) == ""


@pytest.mark.parametrize("row", [1, ledger.EVENTS // 2, ledger.EVENTS])
@pytest.mark.parametrize("statement", EDITS)
def test_any_edit_of_any_event_holds_every_apply(host: Store, statement: str, row: int) -> None:
    edit(host, statement.format(row))
    assert "tfreconcile audit accept --reason" in broken(host)
    with pytest.raises(Waiting, match="JournalBroken"):
        applies.begin(host, an_apply(NET))


def test_a_rejection_whose_event_was_relabelled_still_stops_an_apply(store: Store) -> None:
    no = approvals.add(store, replace(an_approval(), verdict=Verdict.REJECT))
    edit(store, "DELETE FROM approvals WHERE id = ?", no.id)
    edit(store, "UPDATE journal SET stack = 'x'")
    with pytest.raises(Waiting, match="JournalBroken: event 1 of the journal"):
        applies.begin(store, an_apply())


def test_a_journal_older_than_what_the_host_remembers_says_so(host: Store) -> None:
    edit(host, "DELETE FROM journal WHERE id > 5")
    assert "tfreconcile audit accept" in broken(host)
    assert host.anchor is not None
    host.anchor.with_name(wholeness.NAME).unlink(missing_ok=True)
    said = broken(host)
    assert "the journal ends at event 5, and this host remembers event" in said
    assert "(a backup)" in said


def test_another_last_event_than_the_host_remembers_says_so(grown: Store) -> None:
    assert grown.anchor is not None
    anchor.begin_anew(grown.anchor, KEY, anchor.Head(number=3, hash="x"))
    assert "event 3 is not the one this host knows" in broken(grown)


def test_what_was_found_whole_is_believed_under_the_key_alone(grown: Store) -> None:
    ledger.go_on(grown, times=wholeness.STEP)
    broken(grown)
    assert grown.anchor is not None
    file = grown.anchor.with_name(wholeness.NAME)
    for forged in (b"", b"[]", file.read_bytes().replace(b'"number": 1', b'"number": 2')):
        file.write_bytes(forged)
        assert broken(grown) == ""
        edit(grown, "UPDATE journal SET stack = 'x' WHERE id = 1")
        assert broken(grown)
        edit(grown, "UPDATE journal SET stack = 'payments-prod' WHERE id = 1")


def test_ten_thousand_events_are_looked_at_in_little_time_again(store: Store) -> None:
    ledger.go_on_at_once(store, times=10_000)
    assert broken(store) == ""
    began = time.process_time()
    assert broken(store) == ""
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize(
    ("table", "index", "kept"),
    [
        pytest.param("journal", "ix_journal_stack_id", "event <> 'approval.used'", id="events"),
        pytest.param("approvals", "ix_approvals_stack_id", "verdict <> 'reject'", id="words"),
    ],
)
def test_an_index_that_hides_rows_holds_everything(grown: Store, table: str, index: str, kept: str) -> None:
    with closing(sqlite3.connect(grown.path)) as connection, connection:
        (said,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (index,)).fetchone()
        connection.execute(f"DROP INDEX {index}")
        connection.execute(f"CREATE INDEX {index} ON {table} (stack, id) WHERE {kept}")
        connection.execute("PRAGMA writable_schema = 1")
        connection.execute("UPDATE sqlite_master SET sql = ? WHERE name = ?", (said, index))
        (version,) = connection.execute("PRAGMA schema_version").fetchone()
        connection.execute(f"PRAGMA schema_version = {version + 1}")
    assert f"an index of the database does not fit the table {table}" in broken(grown)
    assert any("hidden" in str(one) for one in audit.verify(grown).findings)
    with closing(sqlite3.connect(grown.path)) as connection:
        connection.execute("REINDEX")
    assert broken(grown) == ""
