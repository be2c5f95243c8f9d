"""What do we remember about a stack? One row a stack, and who may write which part of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tfreconcile.clock import text
from tfreconcile.observe.conditions import SOURCE_EMPTY
from tfreconcile.source.model import InputsDigest, Revision, StackName
from tfreconcile.store import journal, leases, removals, rows, vouched
from tfreconcile.store.database import Store
from tfreconcile.store.journal import Event, EventKind
from tfreconcile.store.records import StackRecord
from tfreconcile.store.tables import StackRow

NOT_A_PASS = frozenset(
    {
        "suspended_by",
        "suspended_reason",
        "suspended_until",
        "suspended_at",
        "sync_requested_at",
        "lease_holder",
        "lease_until",
        "claimed",
        "removed_at",
        "defined_revision",
        "on_removal",
        "depends_on",
    }
)
"""Columns that others write while a pass runs: saving a pass leaves them as they are."""
BROKEN = "InvalidDefinition"
"""Reason of a stack whose definition cannot be read."""


def all(store: Store) -> tuple[StackRecord, ...]:
    """Every stack ever seen, by name; those that left Git carry ``removed_at``."""
    with store.read() as session:
        found = session.scalars(select(StackRow).order_by(StackRow.name))
        return tuple(vouched.value(store, session, row) for row in found)


def get(store: Store, name: StackName) -> StackRecord | None:
    """One stack, or None when it was never seen."""
    with store.read() as session:
        row = session.get(StackRow, name)
        return vouched.value(store, session, row) if row else None


def ensure(store: Store, name: StackName, definition: str) -> StackRecord:
    """The stack as it is remembered; a new one starts with nothing known."""
    with store.write() as session:
        return vouched.value(store, session, _ensured(store, session, name, definition))


def save(store: Store, record: StackRecord, *, holder: str | None = None) -> None:
    """Write what a pass learned: everything except ``NOT_A_PASS``. Creates a missing row.

    It is sealed when the record is ``sound``: when it was so at the start of the pass, or all that a gate
    goes by was found out anew. With a ``holder``, only while that holder has the lease: raises
    Waiting("LeaseLost") otherwise.
    """
    with store.write() as session:
        if holder is not None:
            leases.require(session, record.name, holder)
        row = session.get(StackRow, record.name)
        if row is None:
            row = StackRow(**rows.columns(record))
            session.add(row)
            vouched.define(store, row)
        for name, found in rows.columns(record, without=NOT_A_PASS).items():
            setattr(row, name, found)
        if record.sound:
            vouched.put(store, session, row)


def suspend(
    store: Store, name: StackName, *, by: str, reason: str, until: datetime | None, at: datetime
) -> bool:
    """A person pauses the stack; ``until`` None means until resumed. False: no such stack."""
    words = {"suspended_by": by, "suspended_reason": reason, "suspended_until": until, "suspended_at": at}
    told = {"reason": reason, "until": None if until is None else text(until)}
    event = Event(kind=EventKind.STACK_SUSPENDED, stack=name, actor=by, at=at, body=told)
    return _write(store, name, words, event)


def resume(store: Store, name: StackName, *, by: str, at: datetime) -> bool:
    """A person lets the stack go on, and wants it checked now. False: no such stack."""
    words = ("suspended_by", "suspended_reason", "suspended_until", "suspended_at")
    event = Event(kind=EventKind.STACK_RESUMED, stack=name, actor=by, at=at, body={})
    return _write(store, name, {**dict.fromkeys(words), "sync_requested_at": at}, event)


def request_sync(store: Store, name: StackName, *, by: str, at: datetime) -> bool:
    """A person wants the stack checked now. False: no such stack."""
    event = Event(kind=EventKind.STACK_SYNC, stack=name, actor=by, at=at, body={})
    return _write(store, name, {"sync_requested_at": at}, event)


def clear_sync(store: Store, name: StackName, *, before: datetime) -> None:
    """A pass that started at ``before`` has answered every request made earlier than that."""
    answered = update(StackRow).where(StackRow.name == name, StackRow.sync_requested_at < before)
    with store.write() as session:
        rows.changed(session, answered.values(sync_requested_at=None))


def seen(
    store: Store,
    name: StackName,
    *,
    definition: str,
    revision: Revision,
    inputs: InputsDigest,
    on_removal: str = "orphan",
    depends_on: tuple[StackName, ...] = (),
    now: datetime,
) -> None:
    """Git defines the stack at this revision, with these inputs.

    What was planned or applied from the same inputs speaks for this revision too (design §2). A stack
    that was broken before, or had vanished, is due at once.
    """
    with store.write() as session:
        row = _desired(store, session, name, definition=definition, revision=revision, now=now)
        row.defined_revision, row.on_removal, row.depends_on = revision, on_removal, depends_on
        vouched.define(store, row)
        with vouched.unless_edited(store, session, row):
            _speaks_for(row, revision, inputs)
        if row.reason in (BROKEN, SOURCE_EMPTY):
            row.next_due_at = now


def _speaks_for(row: StackRow, revision: Revision, inputs: InputsDigest) -> None:
    if row.observed_inputs == inputs:
        row.observed_revision = revision
    if row.applied_inputs == inputs:
        row.applied_revision = revision
    if row.settled_inputs == inputs:
        row.settled_revision = revision


def broken(
    store: Store, name: StackName, *, definition: str, revision: Revision, message: str, now: datetime
) -> None:
    """Git defines the stack at this revision in a way that cannot be planned; ``message`` says why."""
    with store.write() as session:
        row = _desired(store, session, name, definition=definition, revision=revision, now=now)
        row.sync, row.state, row.reason, row.message = "Unknown", "Stalled", BROKEN, message
        row.conditions, row.next_due_at, row.last_checked_at = (), None, now


def _desired(
    store: Store,
    session: Session,
    name: StackName,
    *,
    definition: str,
    revision: Revision,
    now: datetime,
) -> StackRow:
    row = _ensured(store, session, name, definition)
    row.definition, row.desired_revision = definition, revision
    if row.removed_at is not None:
        removals.adopt(store, session, row, now)
    return row


def _ensured(store: Store, session: Session, name: StackName, definition: str) -> StackRow:
    row = session.get(StackRow, name)
    if row is None:
        row = StackRow(**rows.columns(StackRecord(name=name, definition=definition)))
        vouched.begin(store, session, row)
        session.add(row)
    return row


def _write(store: Store, name: StackName, columns: Mapping[str, object], event: Event | None = None) -> bool:
    statement = update(StackRow).where(StackRow.name == name).values(dict(columns))
    with store.write() as session:
        known = rows.changed(session, statement) == 1
        if known and event is not None:
            journal.append(store, session, event)
        return known
