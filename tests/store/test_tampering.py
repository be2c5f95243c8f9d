"""Is every edit of the database found, by the number of the row that was edited?"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from hashlib import sha256

import pytest
from sqlalchemy import JSON, DateTime, Integer, select
from sqlalchemy.sql.elements import KeyedColumnElement
from support import ledger
from support.remembered import KEY

from tfreconcile.plan.document import Json
from tfreconcile.store import audit, chain, rows, seal
from tfreconcile.store.database import Store, connect
from tfreconcile.store.journal import Entry
from tfreconcile.store.tables import ApplyRow, ApprovalRow, Base, JournalRow, PlanRow

FIRST, MIDDLE, LAST = 1, ledger.EVENTS // 2, ledger.EVENTS
CHECKED_BY_TELLING = {
    ApprovalRow: {"id"},
    ApplyRow: {"id"},
    PlanRow: {"id", "state"},
}
"""Columns that are edited by tests of their own, or (a plan's state) that say what became of a row."""
NOT_OURS = "was not written by tfreconcile with this host's key: its seal does not fit"


@pytest.fixture
def store(grown: Store) -> Store:
    """A host on which something has happened."""
    return grown


def edit(store: Store, statement: str, *values: object) -> None:
    """What somebody with the database's file and no key does."""
    with closing(sqlite3.connect(store.path)) as connection, connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute(statement, values)


def change(store: Store, table: type[Base], assignment: str, row: int) -> bool:
    """Edit one row. False when it is what it was."""
    look = f"SELECT * FROM {table.__tablename__} WHERE id = {row}"  # noqa: S608  a table of ours
    with closing(sqlite3.connect(store.path)) as connection, connection:
        connection.text_factory = bytes
        before = connection.execute(look).fetchall()
        connection.execute(f"UPDATE {table.__tablename__} SET {assignment} WHERE id = {row}")  # noqa: S608
        return connection.execute(look).fetchall() != before


def found(store: Store) -> list[str]:
    return [str(one) for one in audit.verify(store).findings]


def named_in(findings: list[str]) -> set[int]:
    """The numbers of the events that findings name, alone or in a span."""
    spans = [re.match(r"events? (\d+)(?: to (\d+))?", one) for one in findings]
    return {row for one in spans if one for row in range(int(one[1]), int(one[2] or one[1]) + 1)}


def other(column: KeyedColumnElement[object]) -> tuple[str, ...]:
    """SQL for values that are never what the row holds."""
    name = f'"{column.name}"'
    match column.type:
        case Integer():
            return (f"{name} + 1000",)
        case JSON():
            return ("'{}'", "'[7]'", "'not json'", "'NaN'")
        case DateTime():
            return ("'2001-01-01 00:00:00.000000'", "'yesterday'")
    return (f"coalesce({name}, '') || 'x'", "x'ff'", "CAST(x'ff' AS TEXT)")


def edits(table: type[Base]) -> Iterator[tuple[type[Base], str]]:
    """An edit of each column, whatever columns there are."""
    spared = CHECKED_BY_TELLING.get(table, set())
    for column in table.__table__.columns:
        if column.name not in spared:
            values = (*other(column), *(["NULL"] if column.nullable else []))
            yield from ((table, f'"{column.name}" = {value}') for value in values)


def every_edit(*tables: type[Base]) -> list[object]:
    return [
        pytest.param(table, edit, id=f"{table.__tablename__}: {edit}")
        for one in tables
        for table, edit in edits(one)
    ]


def test_what_nobody_edited_is_intact(store: Store) -> None:
    seen = audit.verify(store)
    assert (seen.findings, seen.notes, seen.events) == ((), (), ledger.EVENTS)


@pytest.mark.parametrize("row", [FIRST, MIDDLE, LAST])
@pytest.mark.parametrize(("table", "assignment"), every_edit(JournalRow))
def test_each_edit_of_an_event_is_found(store: Store, table: type[Base], assignment: str, row: int) -> None:
    if change(store, table, assignment, row):
        named = row + 1000 if assignment.startswith('"id"') else row
        assert any(one.startswith(f"event {named} ") for one in found(store))
    else:
        assert found(store) == []


@pytest.mark.parametrize("row", range(1, ledger.EVENTS + 1))
def test_each_event_that_was_taken_out_is_found(store: Store, row: int) -> None:
    edit(store, "DELETE FROM journal WHERE id = ?", row)
    named = f"event {row} is gone" if row == LAST else f"event {row + 1} "
    assert any(one.startswith(named) for one in found(store))


@pytest.mark.parametrize("row", range(1, ledger.EVENTS))
def test_taking_one_out_and_renumbering_the_rest_is_found(store: Store, row: int) -> None:
    edit(store, "DELETE FROM journal WHERE id = ?", row)
    edit(store, "UPDATE journal SET id = id - 1 WHERE id > ?", row)
    assert row in named_in(found(store))


def test_two_events_that_changed_their_numbers_are_both_found(store: Store) -> None:
    edit(store, "UPDATE journal SET id = -1 WHERE id = 4")
    edit(store, "UPDATE journal SET id = 4 WHERE id = 5")
    edit(store, "UPDATE journal SET id = 5 WHERE id = -1")
    assert named_in(found(store)) >= {4, 5}


@pytest.mark.parametrize("columns", [["body"], ["body", "at", "event", "stack", "actor", "hash", "seal"]])
def test_two_events_whose_content_was_swapped_are_both_found(store: Store, columns: list[str]) -> None:
    edit(store, "CREATE TABLE was AS SELECT * FROM journal WHERE id IN (4, 5)")
    for row in (4, 5):
        for name in columns:
            other = f"(SELECT was.{name} FROM was WHERE was.id = 9 - journal.id)"  # noqa: S608
            change(store, JournalRow, f"{name} = {other}", row)
    edit(store, "DROP TABLE was")
    assert named_in(found(store)) >= {4, 5}


@pytest.mark.parametrize("left", range(ledger.EVENTS))
def test_a_journal_that_was_cut_off_is_found(store: Store, left: int) -> None:
    edit(store, "DELETE FROM journal WHERE id > ?", left)
    gone = "is gone, and this host knows that it was there"
    span = f"event {LAST} {gone}" if left + 1 == LAST else f"events {left + 1} to {LAST}, each: {gone}"
    assert span in found(store)


def test_a_journal_that_was_cut_off_and_grew_again_is_still_found(store: Store) -> None:
    edit(store, "DELETE FROM journal WHERE id > ?", MIDDLE)
    ledger.go_on(store, times=ledger.EVENTS)
    assert f"event {LAST} is another one than this host remembers" in found(store)


def forge(store: Store, number: int, *, sealed_with: bytes) -> None:
    """Add an event of one's own after the one before this number, with a hash that is right."""
    with store.read() as session:
        last = session.get_one(JournalRow, number - 1)
    columns: dict[str, Json] = {
        "id": number,
        "at": "2026-11-21T12:00:00.000000+00:00",
        "event": "approval.used",
        "stack": "payments-prod",
        "actor": "mallory",
        "version": last.version,
        "body": {"approval": 1},
        "previous": last.hash,
    }
    hashed = chain.hash_of(columns)
    made = {**columns, "at": "2026-11-21 12:00:00.000000", "body": '{"approval": 1}', "hash": hashed}
    made["seal"] = seal.seal(sealed_with, seal.JOURNAL, hashed)
    statement = (
        "INSERT INTO journal (id, at, event, stack, actor, version, body, previous, hash, seal)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    )
    edit(store, statement, *made.values())


def test_an_event_that_was_added_at_the_end_is_found_by_its_seal(store: Store) -> None:
    forge(store, LAST + 1, sealed_with=b"x" * 32)
    assert found(store) == [f"event {LAST + 1} {NOT_OURS}"]


def test_an_event_added_with_the_key_itself_is_beyond_us(store: Store) -> None:
    """What docs/security.md says plainly: who has the key and the database can write what they like."""
    forge(store, LAST + 1, sealed_with=KEY)
    assert found(store) == []


def test_an_event_that_was_put_in_between_is_found(store: Store) -> None:
    edit(store, "UPDATE journal SET id = -id WHERE id >= ?", MIDDLE)
    forge(store, MIDDLE, sealed_with=b"x" * 32)
    edit(store, "UPDATE journal SET id = 1 - id WHERE id < 0")
    assert f"event {MIDDLE} {NOT_OURS}" in found(store)
    assert named_in(found(store)) >= {MIDDLE, MIDDLE + 1}


def test_a_chain_that_was_made_anew_is_found_by_its_seals(store: Store) -> None:
    edit(store, "UPDATE journal SET actor = 'mallory' WHERE id = 2")
    with store.read() as session:
        events = [seal.columns(rows.value(row, Entry)) for row in session.scalars(select(JournalRow))]
    previous = events[0]["hash"]
    for event in events[1:]:
        event["previous"], event["hash"] = previous, chain.hash_of({**event, "previous": previous})
        statement = "UPDATE journal SET previous = ?, hash = ? WHERE id = ?"
        edit(store, statement, previous, event["hash"], event["id"])
        previous = event["hash"]
    assert f"events 2 to {LAST}, each: {NOT_OURS}" in found(store)


@pytest.mark.parametrize(("table", "assignment"), every_edit(ApprovalRow, ApplyRow, PlanRow))
def test_each_edit_of_what_events_speak_of_is_found(store: Store, table: type[Base], assignment: str) -> None:
    if change(store, table, assignment, 1):
        kind = {"approvals": "approval", "applies": "apply", "plans": "plan"}[table.__tablename__]
        assert any(one.startswith(f"{kind} 1 ") for one in found(store))
    else:
        assert found(store) == []


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        pytest.param(
            "UPDATE sources SET accepted = 'b'", "source 1 (main@1) accepts b, and no event", id="source"
        ),
        pytest.param("DELETE FROM approvals WHERE id = 2", "approval 2 is told of", id="approval-gone"),
        pytest.param("DELETE FROM applies WHERE id = 1", "apply 1 is told of", id="apply-gone"),
        pytest.param("DELETE FROM plans", "plan 1 is told of", id="plan-gone"),
        pytest.param("UPDATE approvals SET id = 9 WHERE id = 3", "approval 9 was changed", id="renumbered"),
        pytest.param(
            "INSERT INTO approvals SELECT 9, stack, fingerprint, verdict, by, channel, at, reason, "
            "expires_at, changes, hazards, NULL, NULL, NULL, signature, NULL FROM approvals WHERE id = 1",
            "approval 9 has no seal",
            id="approval-added",
        ),
        pytest.param(
            "UPDATE applies SET id = 9 WHERE id = 1", "apply 9 is in the database, and no", id="apply"
        ),
    ],
)
def test_rows_that_went_or_came_behind_our_back_are_found(store: Store, statement: str, says: str) -> None:
    edit(store, statement)
    assert any(one.startswith(says) for one in found(store))


def test_the_audit_of_another_hosts_key_finds_every_seal_wrong(store: Store) -> None:
    with closing(connect(f"sqlite:///{store.path}", key=b"o" * 32)) as other_host:
        said = found(other_host)
    assert any(one.startswith(f"events 1 to {LAST}, each: was not written") for one in said)


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        pytest.param(lambda text: b"", "is not what tfreconcile wrote", id="emptied"),
        pytest.param(
            lambda text: text.replace(b'"number": ', b'"number": 1'), "was changed outside", id="number"
        ),
        pytest.param(lambda text: b"\xff\x00" + text, "is not what tfreconcile wrote", id="garbage"),
    ],
)
def test_an_edited_memory_of_the_head_is_found(
    store: Store, damage: Callable[[bytes], bytes], says: str
) -> None:
    assert store.anchor is not None
    store.anchor.write_bytes(damage(store.anchor.read_bytes()))
    assert [one for one in found(store) if says in one]
    ledger.go_on(store, times=1)
    assert [one for one in found(store) if says in one], "and no later event hides it"


def test_a_memory_that_stayed_behind_is_no_loss(store: Store) -> None:
    assert store.anchor is not None
    before = store.anchor.read_bytes()
    ledger.go_on(store, times=2)
    store.anchor.write_bytes(before)
    seen = audit.verify(store)
    assert seen.findings == ()
    assert [one for one in seen.notes if "2 behind the journal" in one]


def test_without_a_memory_the_audit_says_what_it_cannot_see(store: Store) -> None:
    assert store.anchor is not None
    store.anchor.unlink()
    seen = audit.verify(store)
    assert seen.findings == ()
    assert [one for one in seen.notes if "a cut at its end cannot be seen" in one]


def test_the_head_of_an_intact_journal_is_the_hash_of_its_last_event(store: Store) -> None:
    with store.read() as session:
        last = session.get_one(JournalRow, LAST)
    assert audit.verify(store).head == last.hash
    assert len(last.hash) == len(sha256().hexdigest())
