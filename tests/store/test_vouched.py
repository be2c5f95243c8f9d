"""Is every edit of what a gate believes about a stack seen, and is nothing ever laundered?"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.remembered import HEAD, HOUR, INPUTS, NET, NOON, PAY, an_apply

from tfreconcile.source.model import Revision
from tfreconcile.store import applies, audit, leases, removals, stacks, vouched
from tfreconcile.store.database import Store
from tfreconcile.store.records import ApplyStatus, StackRecord

LATER = Revision("b" * 40)
APPLIED = StackRecord(
    name=PAY,
    definition="d",
    applied_revision=HEAD,
    applied_inputs=INPUTS,
    settled_revision=HEAD,
    settled_inputs=INPUTS,
    resources=3,
    backend="local",
    last_applied_at=NOON,
)
EDITS = {
    "applied_revision": "NULL",
    "applied_inputs": "'x'",
    "settled_revision": f"'{LATER}'",
    "settled_inputs": "NULL",
    "resources": "0",
    "backend": "NULL",
    "place": "'elsewhere'",
    "last_applied_at": "NULL",
    "on_removal": "'destroy'",
    "defined_revision": f"'{LATER}'",
    "depends_on": "'[\"network-prod\"]'",
}


def edit(store: Store, statement: str) -> None:
    """What somebody with the database's file and no key does."""
    with closing(sqlite3.connect(store.path)) as connection, connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute(statement)


def kept(store: Store) -> StackRecord:
    record = stacks.get(store, PAY)
    assert record is not None
    return record


def believed(store: Store) -> tuple[bool, bool]:
    record = kept(store)
    return record.sound, record.well_defined


def found(store: Store) -> list[str]:
    return [str(one) for one in audit.verify(store).findings]


def see(store: Store, revision: Revision = HEAD, on_removal: str = "orphan") -> None:
    stacks.seen(store, PAY, definition="d", revision=revision, inputs=INPUTS, on_removal=on_removal, now=NOON)


def come_back(store: Store) -> None:
    removals.mark(store, (), NOON)
    see(store, LATER)


def apply(store: Store, status: ApplyStatus = ApplyStatus.SUCCEEDED) -> None:
    applies.finish(store, applies.begin(store, an_apply()), at=NOON, status=status)


@pytest.fixture
def known(store: Store) -> Store:
    """A host with one stack that Git defines and that was applied."""
    see(store)
    apply(store)
    stacks.save(store, APPLIED)
    assert believed(store) == (True, True)
    assert found(store) == []
    return store


def test_there_is_an_edit_for_each_column_that_a_gate_believes() -> None:
    assert {"name", *EDITS} == {*vouched.PROGRESS, *vouched.DEFINITION}


@pytest.mark.parametrize("column", EDITS)
def test_an_edited_column_is_not_believed_and_found(known: Store, column: str) -> None:
    edit(known, f"UPDATE stacks SET {column} = {EDITS[column]}")  # noqa: S608  our own names
    assert believed(known) == (column not in vouched.PROGRESS, column not in vouched.DEFINITION)
    (finding,) = found(known)
    assert finding.startswith(f"stack 1 ({PAY}) was changed outside tfreconcile")


@pytest.mark.parametrize("column", ["seal", "definition_seal"])
def test_a_lost_seal_is_found(known: Store, column: str) -> None:
    edit(known, f"UPDATE stacks SET {column} = NULL, on_removal = 'destroy'")  # noqa: S608  our own names
    assert found(known)
    assert believed(known) != (True, True)


def test_what_a_person_reads_only_may_be_edited_without_ado(known: Store) -> None:
    edit(known, "UPDATE stacks SET message = 'x', sync = 'Synced', failures = 9, tried_inputs = NULL")
    assert believed(known) == (True, True)


def test_a_row_from_before_an_apply_that_was_written_back_is_not_believed(store: Store) -> None:
    see(store)
    edit(store, "CREATE TABLE was AS SELECT * FROM stacks")
    apply(store)
    stacks.save(store, APPLIED)
    edit(store, "DELETE FROM stacks")
    edit(store, "INSERT INTO stacks SELECT * FROM was")
    assert believed(store) == (False, True)
    assert any("an old row that was written back" in one for one in found(store))


def test_a_row_that_was_deleted_is_found_and_does_not_come_back_as_a_new_one(known: Store) -> None:
    edit(known, "DELETE FROM stacks")
    assert found(known) == [f"stack 1 ({PAY}) is told of by an event, and is no longer in the database"]
    see(known)
    assert believed(known) == (False, True)
    assert found(known) == [f"stack 1 ({PAY}) has lost its seal (stack)"]


def test_a_stack_that_is_new_is_believed(store: Store) -> None:
    stacks.ensure(store, PAY, "d")
    assert believed(store) == (True, True)


def test_a_row_without_seals_is_believed_only_while_it_was_never_in_effect(store: Store) -> None:
    stacks.ensure(store, PAY, "d")
    edit(store, "UPDATE stacks SET seal = NULL, definition_seal = NULL, backend = 'local', resources = 0")
    assert believed(store) == (True, True)
    edit(store, "UPDATE stacks SET resources = 1, on_removal = 'destroy'")
    assert believed(store) == (False, False)
    assert found(store) == [], "it may be from before there were seals"


def test_without_the_key_nobody_can_tell(known: Store) -> None:
    assert believed(replace(known, key=None)) == (False, False)


def test_another_host_key_vouches_for_nothing(known: Store) -> None:
    assert believed(replace(known, key=b"x" * 32)) == (False, False)


WRITES: list[Callable[[Store], object]] = [
    lambda store: see(store, LATER),
    lambda store: stacks.broken(store, PAY, definition="d", revision=LATER, message="m", now=NOON),
    lambda store: stacks.suspend(store, PAY, by="ana", reason="r", until=None, at=NOON),
    lambda store: stacks.resume(store, PAY, by="ana", at=NOON),
    lambda store: stacks.request_sync(store, PAY, by="ana", at=NOON),
    lambda store: stacks.clear_sync(store, PAY, before=NOON),
    lambda store: leases.take(store, PAY, holder="h", now=NOON, until=NOON + HOUR),
    lambda store: removals.mark(store, (), NOON),
    lambda store: removals.vanished(store, message="m"),
    lambda store: removals.stall(store, PAY, reason="InvalidDefinition", message="m", due=NOON),
    come_back,
    lambda store: (
        removals.mark(store, (), NOON),
        removals.conclude(store, PAY, reason="Destroyed", message="m"),
    ),
    apply,
    lambda store: apply(store, ApplyStatus.UNKNOWN),
    lambda store: stacks.save(store, replace(kept(store), failures=3)),
]
NAMES = [
    "seen", "broken", "suspend", "resume", "sync", "answered", "lease", "left", "vanished", "stalled",
    "adopted", "concluded", "applied", "interrupted", "saved",
]  # fmt: skip


@pytest.mark.parametrize("write", WRITES, ids=NAMES)
def test_whoever_writes_a_part_of_a_row_leaves_it_believed(
    known: Store, write: Callable[[Store], object]
) -> None:
    write(known)
    assert believed(known) == (True, True)
    assert found(known) == []


@pytest.mark.parametrize("write", WRITES, ids=NAMES)
def test_nobody_who_writes_a_part_of_a_row_launders_an_edit(
    known: Store, write: Callable[[Store], object]
) -> None:
    edit(known, "UPDATE stacks SET settled_revision = NULL")
    write(known)
    assert not kept(known).sound


def test_what_git_defines_is_believed_again_once_git_was_read(known: Store) -> None:
    edit(known, "UPDATE stacks SET on_removal = 'destroy'")
    see(known)
    assert (kept(known).on_removal, kept(known).well_defined) == ("orphan", True)


def test_a_pass_that_found_out_all_anew_is_believed_again(known: Store) -> None:
    edit(known, "UPDATE stacks SET settled_revision = NULL")
    stacks.save(known, replace(kept(known), settled_revision=LATER, sound=True))
    assert believed(known) == (True, True)


def test_the_same_inputs_at_a_later_commit_are_settled_there(known: Store) -> None:
    see(known, LATER)
    assert kept(known).settled_revision == LATER


@given(
    record=st.builds(
        StackRecord,
        name=st.just(PAY),
        definition=st.just("d"),
        settled_revision=st.sampled_from([None, HEAD, LATER]),
        resources=st.none() | st.integers(0, 2**31 - 1),
        backend=st.none() | st.text(st.characters(codec="utf-8"), max_size=8),
        last_applied_at=st.none() | st.datetimes(timezones=st.just(NOON.tzinfo)),
        depends_on=st.sampled_from([(), (NET,)]),
    )
)
@settings(max_examples=30, deadline=timedelta(seconds=5), suppress_health_check=list(HealthCheck))
def test_whatever_a_pass_writes_is_believed_when_it_is_read(store: Store, record: StackRecord) -> None:
    edit(store, "DELETE FROM stacks")
    stacks.save(store, record)
    assert believed(store) == (True, True)
