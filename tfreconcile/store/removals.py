"""Which stacks left Git, and which came back?"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tfreconcile.errors import Waiting
from tfreconcile.observe.conditions import LEFT_GIT, SOURCE_EMPTY, SUSPENDED, TAKEN_OVER
from tfreconcile.source.model import StackName
from tfreconcile.store import journal, places, plans, rows, vouched
from tfreconcile.store.database import Store
from tfreconcile.store.journal import Event, EventKind
from tfreconcile.store.records import StackRecord
from tfreconcile.store.tables import StackRow

_UNMARKED = select(StackRow).where(StackRow.removed_at.is_(None)).order_by(StackRow.name)


def mark(store: Store, present: Collection[StackName], now: datetime) -> tuple[StackName, ...]:
    """Mark the stacks that Git no longer defines, and name those that were not marked before.

    What waited for one of them no longer does; one that is to be destroyed is due at once. The mark goes
    when ``stacks.seen`` or ``stacks.broken`` finds the stack again.
    """
    with store.write() as session:
        gone = [row for row in session.scalars(_UNMARKED) if row.name not in present]
        for row in gone:
            _mark(row, now)
            plans.supersede_within(session, row.name)
            _tell(store, session, EventKind.STACK_REMOVED, row, now)
        return tuple(row.name for row in gone)


def vanished(store: Store, *, message: str) -> tuple[StackName, ...]:
    """No stack is marked though Git defines none at all: each is held and says why."""
    with store.write() as session:
        missed = tuple(session.scalars(_UNMARKED))
        for row in missed:
            row.state, row.reason, row.message = "Held", SOURCE_EMPTY, message
            row.conditions, row.next_due_at = (), None
        return tuple(row.name for row in missed)


def conclude(store: Store, name: StackName, *, reason: str, message: str) -> bool:
    """Nothing more is done to a stack that left Git: what it had is no longer its own."""
    with store.write() as session:
        plans.supersede_within(session, name)
        row = session.get(StackRow, name)
        if row is None or row.removed_at is None:
            return False
        row.state, row.reason, row.message, row.next_due_at = "Removed", reason, message, None
        row.pending_plan, row.conditions, row.ignored = None, (), ()
        with vouched.unless_edited(store, session, row):
            row.backend, row.resources = None, 0
        return True


def stall(store: Store, name: StackName, *, reason: str, message: str, due: datetime) -> bool:
    """A stack that left Git cannot be destroyed, and would fail the same way again; due at ``due``."""
    words = {"state": "Stalled", "reason": reason, "message": message, "next_due_at": due}
    statement = update(StackRow).where(StackRow.name == name, StackRow.removed_at.is_not(None))
    with store.write() as session:
        return rows.changed(session, statement.values(words)) == 1


def adopt(store: Store, session: Session, row: StackRow, now: datetime) -> None:
    """The definition is back, in the transaction that found it: a plan to destroy the stack is void."""
    if row.on_removal == "destroy":
        plans.supersede_within(session, row.name)
        row.state, row.reason, row.message, row.pending_plan = "Idle", "", "", None
        row.sync, row.conditions = "Unknown", ()
    _tell(store, session, EventKind.STACK_ADOPTED, row, now)
    row.removed_at, row.next_due_at = None, now
    if places.elsewhose(session, row.name, row.place, row.claimed) is not None:
        row.claimed = None  # who took it over while it was away keeps it
        with vouched.unless_edited(store, session, row):
            row.place = None


def require(session: Session, name: StackName, *, removing: bool, at: datetime) -> None:
    """The last look before an apply: a person, or Git, may have said otherwise while it was planned.

    Raises Waiting("Suspended"), Waiting("LeftGit"), or, when it is ``removing`` the stack,
    Waiting("DefinitionIsBack") or, for a state that is another's, Waiting("StateTakenOver").
    """
    row = session.get(StackRow, name)
    if removing and (row is None or row.removed_at is None):
        raise Waiting("DefinitionIsBack", f"{name} is in Git again: nothing is destroyed")
    if removing and row is not None:
        _require_own_state(session, row)
    if row is not None:
        require_wanted(rows.value(row, StackRecord), removing=removing, at=at)


def _require_own_state(session: Session, row: StackRow) -> None:
    other = places.elsewhose(session, row.name, row.place, row.claimed)
    if other is not None:
        raise Waiting(TAKEN_OVER, f"{other} keeps its state in the same place: nothing is destroyed")


def require_wanted(record: StackRecord, *, removing: bool, at: datetime) -> None:
    """Raise Waiting("Suspended") for a stack that a person paused, Waiting("LeftGit") for one not in Git."""
    if record.suspended(at):
        raise Waiting(SUSPENDED, f"{record.suspended_by} paused {record.name}: {record.suspended_reason}")
    if record.removed_at is not None and not removing:
        raise Waiting(LEFT_GIT, f"{record.name} is no longer defined in Git: nothing is applied to it")


def _mark(row: StackRow, now: datetime) -> None:
    row.removed_at, row.pending_plan, row.failures = now, None, 0
    if row.on_removal == "destroy":
        row.sync, row.state, row.reason, row.next_due_at = "OutOfSync", "Idle", LEFT_GIT, now
        row.message = "left Git, and its definition says on_removal: destroy"


def _tell(store: Store, session: Session, kind: EventKind, row: StackRow, now: datetime) -> None:
    body = {
        "definition": row.definition,
        "defined_revision": row.defined_revision,
        "on_removal": row.on_removal,
        "resources": row.resources,
    }
    told = Event(kind=kind, stack=row.name, actor=journal.BY_ITSELF, at=now, body=body)
    journal.append(store, session, told)
